//! Redis servers of the manifest, and the keys that each service has there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use crate::connection_string::escape;
use martydb_model::metrics::Subject;
use martydb_model::{RoleKind, RoleName, ServerName, ServiceName, project_roles};

/// Redis of a manifest; empty for most.
#[derive(Debug, Clone, Default)]
pub struct RedisPart {
    pub servers: BTreeMap<ServerName, RedisServer>,
    pub services: BTreeMap<ServiceName, RedisService>,
}

/// Redis server that martydb runs itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedRedis {
    /// Port that the manifest sets.
    pub port: Option<u16>,
}

/// A Redis server. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisServer {
    pub name: ServerName,
    /// `None` for a server at a URL.
    pub embedded: Option<EmbeddedRedis>,
    pub host: String,
    /// Port; 0 for an embedded server until it runs.
    pub port: u16,
    /// `true` for `rediss://`: TLS with a verified certificate.
    pub tls: bool,
    /// Authority of the certificate; `None` for those of the operating system.
    pub root_certificate: Option<PathBuf>,
    /// User of the admin.
    pub user: String,
    pub password: Option<String>,
    pub password_env: Option<String>,
    /// User that replaces `default` as the admin.
    pub own_admin: RoleName,
}

impl std::fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisServer({}@{}:{})", self.user, self.host, self.port)
    }
}

/// User that every Redis server has from the beginning.
pub const DEFAULT_USER: &str = "default";

impl RedisServer {
    /// Returns `true` if the URL logs in as `default`, which martydb switches off.
    pub fn starts_as_default(&self) -> bool {
        self.user == DEFAULT_USER
    }

    /// Returns the host and the port, as in a URL.
    pub fn address(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    /// Returns the URL with which a client logs in.
    pub fn url(&self, user: &str, password: Option<&SecretString>) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let password =
            password.map(|password| format!(":{}", escape(password.expose_secret()))).unwrap_or_default();
        format!("{scheme}://{user}{password}@{}", self.address())
    }
}

/// Keys of one service on a Redis server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisService {
    pub service: ServiceName,
    pub server: ServerName,
    /// Beginning of all its keys and channels.
    pub prefix: String,
    /// `true` if its users may run Lua scripts.
    pub scripts: bool,
    /// Further commands of its users, of [`FURTHER_COMMANDS`].
    pub commands: BTreeSet<String>,
    /// Databases whose events of its own keys its app user may receive.
    pub keyspace_events: BTreeSet<u32>,
}

/// Commands that the manifest may add for libraries, each with what it shows of others.
pub const FURTHER_COMMANDS: &[(&str, &str)] = &[
    ("client|info", "the state of its own connection"),
    ("client|setinfo", "nothing: it names the library of its own connection"),
    ("dbsize", "the number of keys of all services"),
    ("info", "versions, memory, clients, calls of commands and the number of keys of the whole server"),
    ("lastsave", "when the server was saved"),
    ("time", "the clock of the server"),
    ("wait", "how many replicas have its writes, for which it may wait"),
];

impl RedisService {
    /// Returns the user of a kind of role.
    pub fn user(&self, kind: RoleKind) -> String {
        kind.default_name().replace("{service}", self.service.as_str())
    }

    /// Returns the subject of its series: the prefix is in the place of a database.
    pub fn subject(&self) -> Subject {
        Subject {
            service: self.service.to_string(),
            server: self.server.to_string(),
            database: self.prefix.clone(),
        }
    }
}

impl RedisPart {
    /// Returns the keys of these services on a server, in their order.
    pub fn on<'a>(&'a self, server: &'a str) -> impl Iterator<Item = &'a RedisService> {
        self.services.values().filter(move |service| service.server == server)
    }

    /// Returns the environment variables that hold an admin's password.
    pub fn password_variables(&self) -> Vec<String> {
        let named = self.servers.values().filter_map(|server| server.password_env.as_ref());
        named.flat_map(|name| [name.clone(), format!("{name}_FILE")]).collect()
    }
}

/// Returns the user that replaces `default` as the admin of a project.
pub fn own_admin(project: &str) -> RoleName {
    project_roles::redis_admin(project)
}
