//! Context of a command: resolved settings, the manifest, the secret store and the servers.

mod backups;
mod hosts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use crate::converge::Jobs;
use martydb_config::credentials;
use martydb_config::embedded;
use martydb_config::manifest::{self, Manifest, ServerLocation, ServerSpec, ServerUrl};
use martydb_config::secrets::{CredentialKey, LockedStore, Secrets, Store};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_model::{AccessRole, DesiredServer, DesiredService, RoleKind, RoleName, ServiceName};
use martydb_pg::server::{Access, EventTriggerGuard, Login};
use martydb_pg::wire;
use martydb_ui::flags::{Global, Select};
use martydb_ui::report::Out;

pub struct Run {
    pub manifest: Manifest,
    pub environment: Environment,
    pub store: Store,
    pub jobs: Jobs,
    pub lock_wait: Duration,
    pub yes: bool,
    pub can_ask: bool,
    pub out: Arc<Out>,
    /// Passwords of admins that were typed; `None` if the server needs none.
    typed: tokio::sync::Mutex<BTreeMap<String, Option<SecretString>>>,
    /// Servers for which a note on a withheld password was printed.
    told: Mutex<BTreeSet<String>>,
    /// Index of the chosen host, for servers with several.
    pinned: tokio::sync::Mutex<BTreeMap<String, usize>>,
    /// Event trigger guard of each server, determined once for all sessions of a run.
    event_triggers: Mutex<BTreeMap<String, EventTriggerGuard>>,
}

impl Run {
    pub fn new(global: &Global, environment: Environment, out: Arc<Out>) -> Result<Run> {
        let here = std::env::current_dir().unwrap_or_default();
        let manifest = manifest::find(global.manifest.as_deref(), &here)
            .and_then(|path| manifest::load(&path, &global.env, &environment))?;
        Ok(Run::with_manifest(global, manifest, environment, out))
    }

    /// Creates a run with a manifest that is not in its file yet.
    pub fn with_manifest(
        global: &Global,
        manifest: Manifest,
        environment: Environment,
        out: Arc<Out>,
    ) -> Run {
        Run {
            store: Store::open(&manifest, &environment),
            jobs: Jobs {
                count: global.jobs.map_or_else(default_jobs, usize::from),
                explicit: global.jobs.is_some(),
            },
            lock_wait: global.lock_wait,
            yes: global.yes,
            can_ask: !global.no_input && martydb_ui::prompt::possible(),
            manifest,
            environment,
            out,
            typed: tokio::sync::Mutex::default(),
            told: Mutex::default(),
            pinned: tokio::sync::Mutex::default(),
            event_triggers: Mutex::default(),
        }
    }

    /// Returns this run in another environment.
    ///
    /// # Errors
    /// If there is no overlay for it, or it is not valid.
    pub fn in_environment(&self, env: &str) -> Result<Run> {
        let manifest = manifest::load(&self.manifest.place(), env, &self.environment)?;
        Ok(self.beginning_again(manifest))
    }

    /// Returns this run with a server that the manifest lacks.
    #[must_use]
    pub fn and_server(&self, name: &str, server: &ServerSpec) -> Run {
        let mut manifest = self.manifest.clone();
        manifest.servers.insert(name.to_owned(), server.clone());
        self.beginning_again(manifest)
    }

    /// Returns a fresh copy of this run for a long-running command: it determines again which host of a server is
    /// the primary.
    #[must_use]
    pub fn again(&self) -> Run {
        self.beginning_again(self.manifest.clone())
    }

    fn beginning_again(&self, manifest: Manifest) -> Run {
        Run {
            store: Store::open(&manifest, &self.environment),
            jobs: self.jobs,
            lock_wait: self.lock_wait,
            yes: self.yes,
            can_ask: self.can_ask,
            manifest,
            environment: self.environment.clone(),
            out: self.out.clone(),
            typed: tokio::sync::Mutex::default(),
            told: Mutex::default(),
            pinned: tokio::sync::Mutex::default(),
            event_triggers: Mutex::default(),
        }
    }

    /// Returns the services for a command that reads: all if none is named.
    pub fn readable(&self, select: &Select) -> Result<Vec<DesiredService>> {
        if select.names_none() {
            return Ok(self.manifest.services.values().cloned().collect());
        }
        let mut chosen: Vec<DesiredService> = vec![];
        for name in select.named() {
            let service = self.service(name)?;
            if !chosen.iter().any(|other| other.name == service.name) {
                chosen.push(service.clone());
            }
        }
        Ok(chosen)
    }

    /// Returns the services for a command that writes: they must be named, or `--all` given.
    pub fn writable(&self, select: &Select) -> Result<Vec<DesiredService>> {
        if select.names_none() && !select.all {
            return Err(Error::usage("no service given")
                .cause("commands that write need --service NAME or --all")
                .hint(format!("services: {}", self.service_names().join(", ")))
                .hint("use --service NAME or --all"));
        }
        self.readable(select)
    }

    pub fn service(&self, name: &str) -> Result<&DesiredService> {
        let found = ServiceName::new(name).ok().and_then(|name| self.manifest.services.get(&name));
        found.ok_or_else(|| {
            let names = self.service_names();
            let error = Error::usage(format!("unknown service \"{name}\""));
            match martydb_model::suggest::nearest(name, names.iter().copied()) {
                Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                None => error.hint(format!("services: {}", names.join(", "))),
            }
        })
    }

    fn service_names(&self) -> Vec<&str> {
        self.manifest.services.keys().map(ServiceName::as_str).collect()
    }

    /// Returns the servers of these services without duplicates.
    pub fn servers_of(&self, services: &[DesiredService]) -> Vec<String> {
        let all: BTreeSet<_> = services.iter().map(|service| service.server.clone()).collect();
        all.into_iter().collect()
    }

    /// Returns the access to a server; an embedded one is started if it is down.
    #[martydb_pg::boxed]
    pub async fn access(&self, server: &str) -> Result<Access> {
        let event_triggers = {
            let mut known = self.event_triggers.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(server.to_owned()).or_default().clone()
        };
        let server = server.to_owned();
        match &self.manifest.servers[&server].location {
            ServerLocation::Embedded { port } => {
                let spec = self.embedded(&server, *port);
                let running = embedded::up(&spec, &mut |text| self.out.note(&text)).await?;
                Ok(Access {
                    server,
                    admin_endpoint: running.admin,
                    admin: Login::of_admin(running.admin_role, None),
                    maintenance: "postgres".into(),
                    endpoint: running.tcp,
                    embedded: true,
                    event_triggers,
                })
            }
            ServerLocation::Url(url) => {
                let url = &self.located(&server, url, None).await?;
                let password = self.admin_password(&server, url);
                Ok(Access {
                    server,
                    admin_endpoint: url.endpoint(),
                    admin: Login::of_admin(url.user.clone(), password).requiring(url.require_auth.as_ref()),
                    maintenance: url.database.clone(),
                    endpoint: url.endpoint(),
                    embedded: false,
                    event_triggers,
                })
            }
        }
    }

    /// Returns the access for a command that logs in as the admin. Prompts for a password that the server requires
    /// and no source has, once per server and run.
    #[martydb_pg::boxed]
    pub async fn admin(&self, server: &str) -> Result<Access> {
        let mut access = self.access(server).await?;
        if access.embedded || access.admin.password.is_some() || !self.can_ask {
            return Ok(access);
        }
        // Held while the user types: two prompts at once would share one terminal.
        let mut typed = self.typed.lock().await;
        if !typed.contains_key(server) {
            let (endpoint, admin) = (&access.admin_endpoint, &access.admin);
            let password = if wire::wants_password(endpoint, admin, &access.maintenance).await {
                let question = format!("Password of {} at {endpoint}", admin.role);
                Some(martydb_ui::prompt::password(&question).await?)
            } else {
                None
            };
            typed.insert(server.to_owned(), password);
        }
        access.admin.password = typed[server].clone();
        if let (Some(password), ServerLocation::Url(url)) =
            (&typed[server], &self.manifest.servers[server].location)
        {
            let chosen = self.located(server, url, Some(password)).await?.endpoint();
            (access.admin_endpoint, access.endpoint) = (chosen.clone(), chosen);
        }
        Ok(access)
    }

    pub fn embedded(&self, server: &str, port: Option<u16>) -> embedded::Spec {
        embedded::Spec {
            server: server.to_owned(),
            env: self.manifest.env.clone(),
            home: self.manifest.home().to_owned(),
            port,
        }
    }

    /// Returns the admin's password. Notes once per server why a configured password was not used.
    fn admin_password(&self, server: &str, url: &ServerUrl) -> Option<SecretString> {
        let only_server = self.manifest.servers.len() == 1;
        let password = credentials::admin_password(&self.environment, url, only_server);
        let withheld = || credentials::withheld(&self.environment, server, url);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if password.is_none()
            && let Some(why) = withheld()
            && told.insert(server.to_owned())
        {
            self.out.note(&why);
        }
        password
    }

    /// Returns the environment variables that contain an admin's password; programs of a service do not get them.
    pub fn admin_variables(&self) -> Vec<String> {
        let urls = self.manifest.servers.values().filter_map(|server| match &server.location {
            ServerLocation::Url(url) => Some(&**url),
            ServerLocation::Embedded { .. } => None,
        });
        credentials::variables(&self.environment, urls)
    }

    #[martydb_pg::boxed]
    pub async fn secrets(&self, services: &[DesiredService]) -> Result<Secrets> {
        let keys: Vec<CredentialKey> = services.iter().flat_map(CredentialKey::of).collect();
        self.store.read(&keys).await
    }

    /// Reads the secrets of the services, and of further logins that may use one of them.
    #[martydb_pg::boxed]
    pub async fn all_secrets(&self, desired: &DesiredServer, services: &[DesiredService]) -> Result<Secrets> {
        let used = |role: &RoleName| {
            services.iter().any(|service| service.access.iter().any(|grant| grant.role == *role))
        };
        let wanted = |role: &&AccessRole| role.login && !role.expired && (role.monitors || used(&role.name));
        let further = desired.access.values().filter(wanted);
        let further = further.filter_map(|role| CredentialKey::of_access(&desired.name, role));
        let keys: Vec<CredentialKey> = services.iter().flat_map(CredentialKey::of).chain(further).collect();
        self.store.read(&keys).await
    }

    /// Locks the secret store against other runs, with the usual lock wait. Has to be taken before a server's lock.
    pub async fn lock_store(&self) -> Result<LockedStore<'_>> {
        self.store.lock(self.lock_wait).await
    }

    /// Returns a service's login with its stored password: the role itself, or its alternate while that is in use.
    pub fn login(&self, service: &DesiredService, kind: RoleKind, secrets: &Secrets) -> Result<Login> {
        let (login, password) = secrets.require(&service.server, service.role(kind))?;
        Ok(Login::with_password(login.as_str(), password.clone()))
    }

    /// Asks for confirmation of changes that may affect others; without a terminal only `-y` confirms. `would` is
    /// the question as a statement, for an error. The hint names the commands that show the changes and that
    /// confirm them without a prompt.
    #[martydb_pg::boxed]
    pub async fn confirm(&self, question: &str, would: &str, hint: &str) -> Result<()> {
        match (self.yes, self.can_ask) {
            (true, _) => Ok(()),
            (false, true) if martydb_ui::prompt::yes_no(question).await? => Ok(()),
            (false, true) => Err(Error::usage("not confirmed, nothing was touched")),
            (false, false) => Err(Error::usage("these changes need a confirmation, nothing was touched")
                .cause(format!("{would}, and this is not a terminal, so no confirmation could be asked"))
                .hint(hint)),
        }
    }
}

/// Returns the number of cores, and at least four: most of the time is spent on the server.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(4, usize::from).max(4)
}
