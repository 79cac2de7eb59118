//! The manifest, its secrets and its servers: what a use case needs, whether a person or a service started it.
//!
//! - [`targets`]: the database, the migrator's login and the folder of each service

mod hosts;
pub mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use secrecy::SecretString;

use martydb_embedded::{self as embedded, EmbeddedEngine, State};
use martydb_manifest::{Manifest, RedisServer, Replica, ServerLocation, ServerUrl};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::stmt;
use martydb_model::{AccessRole, DesiredServer, DesiredService, Jobs, RoleKind, RoleName, ServiceName};
use martydb_pg::server::targets::{self as server_targets, TargetServer};
use martydb_pg::server::{Access, Connection, EventTriggerGuard, Login, PATIENCE, connect_watched, execute};
use martydb_pg::wire;
use martydb_secrets::{CredentialKey, LockedStore, Secrets, Store, credentials};

/// Receiver of notes for the user.
pub type NoteSink = Arc<dyn Fn(&str) + Send + Sync>;

/// Asks a person for a password; the argument is the question.
pub type PasswordPrompt = Arc<dyn Fn(String) -> BoxFuture<'static, Result<SecretString>> + Send + Sync>;

/// The way to the person who started the command.
#[derive(Clone)]
pub struct Dialog {
    pub note: NoteSink,
    /// `None` without a terminal that could answer.
    pub password: Option<PasswordPrompt>,
}

pub struct Context {
    pub manifest: Manifest,
    pub environment: Environment,
    pub store: Store,
    pub jobs: Jobs,
    /// Longest wait for the lock of another command.
    pub lock_wait: Duration,
    /// Longest wait of an admin's session or a probe for a free connection.
    pub patience: Duration,
    /// `false` for a command that starts no embedded server.
    pub starts_servers: bool,
    dialog: Dialog,
    servers: ServerCache,
    /// Password of the admin at the replica that this context is about; `None` if it is about the servers.
    replica: Option<ReplicaLogin>,
}

/// Admin's login at a replica.
struct ReplicaLogin {
    password: Option<SecretString>,
}

/// Properties of servers that are determined once.
#[derive(Default)]
struct ServerCache {
    /// Servers for which a note on a withheld password was printed.
    reported: Mutex<BTreeSet<String>>,
    /// Index of the chosen host, for servers with several.
    pinned: tokio::sync::Mutex<BTreeMap<String, usize>>,
    /// Passwords of admins that were typed; `None` if the server needs none.
    typed: tokio::sync::Mutex<BTreeMap<String, Option<SecretString>>>,
    /// Event trigger guard of each server, for all sessions.
    event_triggers: Mutex<BTreeMap<String, EventTriggerGuard>>,
}

impl Context {
    pub fn new(
        manifest: Manifest,
        environment: Environment,
        jobs: Jobs,
        lock_wait: Duration,
        dialog: Dialog,
    ) -> Context {
        let store = Store::open(&manifest, &environment);
        let (servers, replica) = (ServerCache::default(), None);
        Context {
            manifest,
            environment,
            store,
            jobs,
            lock_wait,
            patience: PATIENCE,
            starts_servers: true,
            dialog,
            servers,
            replica,
        }
    }

    /// Returns a context in which `server` is its replica. It asks for no password: that of the server is used.
    pub async fn at_replica(&self, server: &str, replica: &Replica) -> Context {
        let known = self.admin(server).await.ok().and_then(|access| access.admin.password);
        let mut context = self.with_replica(server, replica, known);
        context.dialog.password = None;
        context
    }

    /// Returns a context in which `server` is its replica. The admin has the replica's password, if the manifest or the
    /// password file names one, or else that of the server: `known`, or from the server's own sources.
    #[must_use]
    pub fn with_replica(&self, server: &str, replica: &Replica, known: Option<SecretString>) -> Context {
        let of_server = || match &self.manifest.servers[server].location {
            ServerLocation::Url(url) => self.admin_password(server, url),
            ServerLocation::Embedded { .. } => None,
        };
        let own = credentials::admin_password(&self.environment, &replica.url, false);
        let password = own.or(known).or_else(of_server);
        let mut manifest = self.manifest.clone();
        if let Some(spec) = manifest.servers.get_mut(server) {
            (spec.location, spec.replicas) = (ServerLocation::Url(replica.url.clone()), vec![]);
        }
        Context { replica: Some(ReplicaLogin { password }), ..self.with_manifest(manifest) }
    }

    /// Returns a fresh copy for a long-running command: it determines again which host of a server is the primary.
    #[must_use]
    pub fn again(&self) -> Context {
        self.with_manifest(self.manifest.clone())
    }

    pub fn note(&self, text: &str) {
        (self.dialog.note)(text);
    }

    #[must_use]
    pub fn with_manifest(&self, manifest: Manifest) -> Context {
        let (environment, dialog) = (self.environment.clone(), self.dialog.clone());
        let context = Context::new(manifest, environment, self.jobs, self.lock_wait, dialog);
        Context { patience: self.patience, starts_servers: self.starts_servers, ..context }
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

    pub fn service_names(&self) -> Vec<&str> {
        self.manifest.services.keys().map(ServiceName::as_str).collect()
    }

    /// Returns the servers of these services without duplicates.
    pub fn servers_of(&self, services: &[DesiredService]) -> Vec<String> {
        let all: BTreeSet<_> = services.iter().map(|service| service.server.clone()).collect();
        all.into_iter().collect()
    }

    /// Returns the access to a server; an embedded one is started if it is down and the command may.
    #[martydb_pg::boxed]
    pub async fn access(&self, server: &str) -> Result<Access> {
        let event_triggers = {
            let mut known = self.servers.event_triggers.lock();
            known.entry(server.to_owned()).or_default().clone()
        };
        let maintenance = self.manifest.maintenance_database(server).to_owned();
        let server = server.to_owned();
        let location = &self.manifest.servers[&server].location;
        let embedded = matches!(location, ServerLocation::Embedded { .. });
        let (admin_endpoint, admin, endpoint) = match location {
            ServerLocation::Embedded { port } => {
                let spec = self.embedded(&server, *port);
                self.check_running(&spec)?;
                let running = embedded::up(&spec, &mut |text| self.note(&text)).await?;
                (running.admin, Login::of_admin(running.admin_role, None), running.tcp)
            }
            ServerLocation::Url(url) => {
                let url = &self.located(&server, url, None).await?;
                let admin = Login::of_admin(url.user.clone(), self.admin_password(&server, url));
                (url.endpoint(), admin.requiring(url.require_auth.as_ref()), url.endpoint())
            }
        };
        let patience = self.patience;
        if self.replica.is_none() {
            let target = TargetServer::new(&server, &endpoint, embedded);
            server_targets::declare(target, [&admin_endpoint, &endpoint]);
        }
        Ok(Access {
            server,
            admin_endpoint,
            admin,
            maintenance,
            endpoint,
            embedded,
            event_triggers,
            patience,
        })
    }

    /// # Errors
    /// [`Kind::Stopped`] if an embedded server is down and the command starts none.
    pub fn check_running(&self, spec: &embedded::Spec) -> Result<()> {
        if self.starts_servers || embedded::status(spec)?.state == State::Running {
            return Ok(());
        }
        Err(Error::new(Kind::Stopped, format!("the embedded server {} is stopped", spec.server))
            .hint("start it with `martydb dev up`"))
    }

    /// Returns the access for a command that logs in as the admin. Prompts for a password that the server requires
    /// and no source has, once per server and context.
    #[martydb_pg::boxed]
    pub async fn admin(&self, server: &str) -> Result<Access> {
        let mut access = self.access(server).await?;
        let Some(ask) = self.dialog.password.as_ref().filter(|_| !access.embedded) else { return Ok(access) };
        if access.admin.password.is_some() {
            return Ok(access);
        }
        // Held while the user types: two prompts at once would share one terminal.
        let mut typed = self.servers.typed.lock().await;
        if !typed.contains_key(server) {
            let (endpoint, admin) = (&access.admin_endpoint, &access.admin);
            let password = if wire::wants_password(endpoint, admin, &access.maintenance).await {
                Some(ask(format!("Password of {} at {endpoint}", admin.role)).await?)
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

    /// Locks the secret store against other runs, with the usual lock wait. Has to be taken before a server's lock.
    pub async fn lock_store(&self) -> Result<LockedStore<'_>> {
        self.store.lock(self.lock_wait).await
    }

    pub fn embedded(&self, server: &str, port: Option<u16>) -> embedded::Spec {
        self.spec(EmbeddedEngine::PostgreSql, server, port)
    }

    /// Returns the place of a Redis server that martydb runs itself.
    pub fn embedded_redis(&self, server: &RedisServer) -> Option<embedded::Spec> {
        server.embedded.as_ref().map(|own| self.spec(EmbeddedEngine::Redis, &server.name, own.port))
    }

    fn spec(&self, engine: EmbeddedEngine, server: &str, port: Option<u16>) -> embedded::Spec {
        embedded::Spec {
            engine,
            server: server.to_owned(),
            env: self.manifest.env.clone(),
            home: self.manifest.home().to_owned(),
            port,
        }
    }

    /// Returns the admin's password. Notes once per server why a configured password was not used.
    fn admin_password(&self, server: &str, url: &ServerUrl) -> Option<SecretString> {
        if let Some(replica) = &self.replica {
            return replica.password.clone();
        }
        let only_server = self.manifest.servers.len() == 1;
        let password = credentials::admin_password(&self.environment, url, only_server);
        let withheld = || credentials::withheld(&self.environment, server, url);
        let mut reported = self.servers.reported.lock();
        if password.is_none()
            && let Some(why) = withheld()
            && reported.insert(server.to_owned())
        {
            self.note(&why);
        }
        password
    }

    /// Returns the environment variables that contain an admin's password; programs of a service do not get them.
    pub fn admin_variables(&self) -> Vec<String> {
        let mut all = credentials::variables(&self.environment, self.manifest.urls());
        all.extend(self.manifest.redis.password_variables());
        all
    }

    /// Returns the environment variables that contain the password of an admin or of any other login of the manifest.
    pub fn password_variables(&self) -> Vec<String> {
        let further = self.manifest.access.iter().flat_map(|(server, roles)| {
            roles.values().filter_map(move |role| CredentialKey::of_access(server, role))
        });
        let keys: Vec<CredentialKey> =
            self.manifest.services.values().flat_map(CredentialKey::for_service).chain(further).collect();
        let redis: Vec<CredentialKey> = CredentialKey::of_all_redis(&self.manifest.redis).collect();
        let mut all = self.admin_variables();
        all.extend(self.store.variables_of(&keys));
        all.extend(self.store.variables_of(&redis));
        all
    }

    /// Returns the keys of all logins that the manifest declares, those of martydb itself too.
    pub fn credential_keys(&self) -> Vec<CredentialKey> {
        let further = self.manifest.further_logins();
        let further = further.filter_map(|(server, role)| CredentialKey::of_access(server, role));
        let services = self.manifest.services.values().flat_map(CredentialKey::for_service);
        let redis = self.manifest.redis.services.values().flat_map(CredentialKey::of_redis);
        services.chain(further).chain(redis).collect()
    }

    #[martydb_pg::boxed]
    pub async fn secrets(&self, services: &[DesiredService]) -> Result<Secrets> {
        let keys: Vec<CredentialKey> = services.iter().flat_map(CredentialKey::for_service).collect();
        self.store.read(&keys).await
    }

    /// Reads the secrets of the services, and of further logins that may use one of them.
    #[martydb_pg::boxed]
    pub async fn all_secrets(&self, desired: &DesiredServer, services: &[DesiredService]) -> Result<Secrets> {
        let grants = services.iter().flat_map(|service| &service.access);
        let used: BTreeSet<&RoleName> = grants.map(|grant| &grant.role).collect();
        let wanted =
            |role: &&AccessRole| role.login && !role.expired && (role.monitors || used.contains(&role.name));
        let further = desired.access.values().filter(wanted);
        let further = further.filter_map(|role| CredentialKey::of_access(&desired.name, role));
        let keys: Vec<CredentialKey> =
            services.iter().flat_map(CredentialKey::for_service).chain(further).collect();
        self.store.read(&keys).await
    }

    /// Returns a service's login with its stored password: the role itself, or its alternate while that is in use.
    pub fn login(&self, service: &DesiredService, kind: RoleKind, secrets: &Secrets) -> Result<Login> {
        let (login, password) = secrets.require(&service.server, service.role(kind))?;
        Ok(Login::with_password(login.as_str(), password.clone()))
    }

    /// Opens a session of a service's migrator that acts as the owner.
    pub async fn owner_session(
        &self,
        service: &DesiredService,
        settings: &[(&str, &str)],
    ) -> Result<Connection> {
        let access = self.access(&service.server).await?;
        let secrets = self.secrets(std::slice::from_ref(service)).await?;
        let login = self.login(service, RoleKind::Migrator, &secrets)?;
        let database = service.database.as_str();
        let mut connection = connect_watched(&access.endpoint, &login, database, settings).await?;
        execute(&mut connection, &stmt!("SET ROLE {owner}", owner = service.role(RoleKind::Owner))).await?;
        Ok(connection)
    }
}
