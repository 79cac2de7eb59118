//! What a command runs with: the settings resolved once, the manifest, the secret store and the servers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::credentials;
use crate::embedded;
use crate::error::{Error, Kind, Result};
use crate::flags::{Global, Select};
use crate::manifest::{self, Environment, Manifest, Place, ServerUrl};
use crate::model::{DesiredService, RoleKind, ServiceName};
use crate::report::Out;
use crate::secrets::{Held, Secrets, Slot, Store};
use crate::server::{Access, Endpoint, Hooks, Host, Login, Tls};
use crate::wire;

/// One run of a command.
pub struct Run {
    /// The checked manifest.
    pub manifest: Manifest,
    /// Variables of the environment.
    pub environment: Environment,
    /// Where passwords are kept.
    pub store: Store,
    /// Services worked on at the same time.
    pub jobs: usize,
    /// Whether somebody said how many.
    jobs_said: bool,
    /// How long to wait for a lock.
    pub lock_wait: Duration,
    /// Questions are answered with yes.
    pub yes: bool,
    /// Questions may be asked.
    pub can_ask: bool,
    /// The printer.
    pub out: Arc<Out>,
    /// Passwords of admins that were asked for; `None` where the server wants none.
    typed: tokio::sync::Mutex<BTreeMap<String, Option<SecretString>>>,
    /// Servers of which was said that they get no password.
    told: std::sync::Mutex<BTreeSet<String>>,
    /// What is known of each server's event triggers.
    hooks: std::sync::Mutex<BTreeMap<String, Hooks>>,
}

impl Run {
    /// Reads the manifest and resolves the settings.
    pub fn new(global: &Global, environment: Environment, out: Arc<Out>) -> Result<Run> {
        let here = std::env::current_dir().unwrap_or_default();
        let manifest = manifest::find(global.manifest.as_deref(), &here)
            .and_then(|path| Manifest::load(&path, &global.env, &environment))?;
        Ok(Run {
            store: Store::open(&manifest, &environment),
            jobs: global.jobs.map_or_else(default_jobs, usize::from),
            jobs_said: global.jobs.is_some(),
            lock_wait: global.lock_wait,
            yes: global.yes,
            can_ask: !global.no_input && crate::ask::possible(),
            manifest,
            environment,
            out,
            typed: tokio::sync::Mutex::default(),
            told: std::sync::Mutex::default(),
            hooks: std::sync::Mutex::default(),
        })
    }

    /// Services provisioned at the same time on a server of this major. Before 15 each CREATE DATABASE waits for a
    /// checkpoint, and all that wait share the next one: there the more wait together, the sooner all are done.
    pub fn makers(&self, major: u32) -> usize {
        const WAITING: usize = 32;
        if major < 15 && !self.jobs_said { self.jobs.max(WAITING) } else { self.jobs }
    }

    /// The services chosen for a command that reads: all where none is named.
    pub fn readable(&self, select: &Select) -> Result<Vec<DesiredService>> {
        match select.service.is_empty() {
            true => Ok(self.manifest.services.values().cloned().collect()),
            false => self.named(&select.service),
        }
    }

    /// The services chosen for a command that writes: they must be named, or `--all`.
    pub fn writable(&self, select: &Select) -> Result<Vec<DesiredService>> {
        match (select.all, select.service.is_empty()) {
            (true, _) => Ok(self.manifest.services.values().cloned().collect()),
            (false, false) => self.named(&select.service),
            (false, true) => Err(Error::usage("no service is named")
                .cause("a command that writes works on the services that you name, never on a default")
                .hint(format!("services: {}", self.service_names().join(", ")))
                .hint("name one with --service NAME, or take --all")),
        }
    }

    /// One service by name.
    pub fn service(&self, name: &str) -> Result<&DesiredService> {
        let found = ServiceName::new(name).ok().and_then(|name| self.manifest.services.get(&name));
        found.ok_or_else(|| {
            let names = self.service_names();
            let error = Error::usage(format!("unknown service \"{name}\""));
            match crate::suggest::nearest(name, names.iter().copied()) {
                Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                None => error.hint(format!("services: {}", names.join(", "))),
            }
        })
    }

    fn named(&self, names: &[String]) -> Result<Vec<DesiredService>> {
        let mut chosen: Vec<DesiredService> = vec![];
        for name in names {
            let service = self.service(name)?;
            if !chosen.iter().any(|other| other.name == service.name) {
                chosen.push(service.clone());
            }
        }
        Ok(chosen)
    }

    fn service_names(&self) -> Vec<&str> {
        self.manifest.services.keys().map(ServiceName::as_str).collect()
    }

    /// The servers of these services, each once.
    pub fn servers_of(&self, services: &[DesiredService]) -> Vec<String> {
        let all: BTreeSet<_> = services.iter().map(|service| service.server.clone()).collect();
        all.into_iter().collect()
    }

    /// How a server is reached; an embedded one is started if it is down.
    pub async fn access(&self, server: &str) -> Result<Access> {
        match &self.manifest.servers[server].place {
            Place::Embedded { port } => {
                let spec = self.embedded(server, *port);
                let running = embedded::up(&spec, &mut |text| self.out.note(&text)).await?;
                Ok(Access {
                    server: server.to_owned(),
                    admin_endpoint: running.admin,
                    admin: Login::of_admin(running.admin_role, None),
                    maintenance: "postgres".into(),
                    endpoint: running.tcp,
                    embedded: true,
                    hooks: self.hooks_of(server),
                })
            }
            Place::Url(url) => Ok(self.external(server, url)),
        }
    }

    /// The same for a command that logs in as the admin: where the server wants a password that nobody has
    /// given, and somebody is there, it is asked for, once per server and run.
    pub async fn admin(&self, server: &str) -> Result<Access> {
        let mut access = self.access(server).await?;
        if access.embedded || access.admin.password.is_some() || !self.can_ask {
            return Ok(access);
        }
        // Held while somebody types: two questions at once would share one terminal.
        let mut typed = self.typed.lock().await;
        if !typed.contains_key(server) {
            let password = match wire::wants_password(
                &access.admin_endpoint,
                &access.admin,
                &access.maintenance,
            )
            .await
            {
                true => {
                    let (role, endpoint) = (&access.admin.role, &access.admin_endpoint);
                    Some(crate::ask::password(&format!("Password of {role} at {endpoint}")).await?)
                }
                false => None,
            };
            typed.insert(server.to_owned(), password);
        }
        access.admin.password = typed[server].clone();
        Ok(access)
    }

    /// What the embedded module needs to know of a server.
    pub fn embedded(&self, server: &str, port: Option<u16>) -> embedded::Spec {
        embedded::Spec {
            server: server.to_owned(),
            env: self.manifest.env.clone(),
            home: self.manifest.home.clone(),
            port,
        }
    }

    /// Learnt once for all sessions of a run.
    fn hooks_of(&self, server: &str) -> Hooks {
        let mut known = self.hooks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.entry(server.to_owned()).or_default().clone()
    }

    fn external(&self, server: &str, url: &ServerUrl) -> Access {
        let endpoint = endpoint(url);
        Access {
            server: server.to_owned(),
            admin: Login::of_admin(url.user.clone(), self.admin_password(server, url))
                .requiring(url.require_auth.as_ref()),
            admin_endpoint: endpoint.clone(),
            maintenance: url.database.clone(),
            endpoint,
            embedded: false,
            hooks: self.hooks_of(server),
        }
    }

    fn admin_password(&self, server: &str, url: &ServerUrl) -> Option<SecretString> {
        let only_server = self.manifest.servers.len() == 1;
        let password = credentials::admin_password(&self.environment, url, only_server);
        if password.is_none() {
            self.tell_withheld(server, url);
        }
        password
    }

    /// Says once per server why a password that is set was not used for it.
    fn tell_withheld(&self, server: &str, url: &ServerUrl) {
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(why) = credentials::withheld(&self.environment, server, url)
            && told.insert(server.to_owned())
        {
            self.out.note(&why);
        }
    }

    /// The stored passwords of these services' logins.
    pub async fn secrets(&self, services: &[DesiredService]) -> Result<Secrets> {
        let slots: Vec<Slot> = services.iter().flat_map(Slot::of).collect();
        self.store.read(&slots).await
    }

    /// Locks the secret store against other runs, waiting as long as for any lock. To be taken before a server's lock.
    pub async fn lock_store(&self) -> Result<Held> {
        self.lock_store_within(self.lock_wait).await
    }

    /// The same where a server's lock is held already: a run that has to wait gives up instead.
    pub async fn lock_store_at_once(&self) -> Result<Held> {
        self.lock_store_within(Duration::ZERO).await
    }

    async fn lock_store_within(&self, wait: Duration) -> Result<Held> {
        if matches!(&self.store, Store::File(path) if path.starts_with(self.manifest.state_dir())) {
            embedded::make_state_folder(&self.manifest.home)?;
        }
        self.store.lock(wait).await
    }

    /// A service's login with its stored password: the role itself, or its twin while that is the one in use.
    pub fn login(&self, service: &DesiredService, kind: RoleKind, secrets: &Secrets) -> Result<Login> {
        let (login, password) = secrets.require(&service.server, service.role(kind))?;
        Ok(Login::with_password(login.as_str(), password.clone()))
    }

    /// Asks before changes that others may feel; off a terminal only `-y` says yes.
    pub async fn confirm(&self, consent: &Consent) -> Result<()> {
        match (self.yes, self.can_ask) {
            (true, _) => Ok(()),
            (false, true) if crate::ask::yes_no(&consent.question).await? => Ok(()),
            (false, true) => Err(Error::new(Kind::Usage, "not confirmed, nothing was touched")),
            (false, false) => Err(consent.missing()),
        }
    }
}

/// What somebody has to agree to.
#[derive(Debug, Clone)]
pub struct Consent {
    /// For somebody who is there.
    pub question: String,
    /// The same as a statement, for an error: what would be done.
    pub would: String,
    /// How to see it first, and how to agree without being there.
    pub hint: String,
}

impl Consent {
    /// Nobody was there, and nobody had said -y.
    fn missing(&self) -> Error {
        Error::usage("these changes need a confirmation, nothing was touched")
            .cause(format!("{}, and nobody was there to agree", self.would))
            .hint(self.hint.as_str())
    }
}

fn endpoint(url: &ServerUrl) -> Endpoint {
    match url.host.starts_with('/') {
        true => Endpoint { host: Host::Socket(url.host.clone().into()), port: url.port, tls: Tls::default() },
        false => Endpoint { host: Host::Tcp(url.host.clone()), port: url.port, tls: url.tls.clone() },
    }
}

/// As many as there are cores, and at least four: most of the time is the server's.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(4, usize::from).max(4)
}
