//! The manifest: from YAML files to the desired state of each server, or to an error that names the place.
//!
//! The steps, each in its file: `find` the files → `source` parses and merges them → `expand` fills variables in
//! → `raw` gives them types → `resolve` fills defaults and templates in and checks what no type can check.

mod expand;
mod find;
mod lenient;
mod locate;
pub mod raw;
mod resolve;
mod schema;
mod services;
mod source;
mod url;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::model::{DesiredServer, DesiredService, RoleName, ServerName, ServiceName};
use crate::server::Tls;

pub use crate::wire::{AuthMethod, RequireAuth};
pub use find::find;
pub use raw::{RawAbsent as Absent, RawAllow as Allow, RawSecrets as SecretsSpec};
pub use resolve::{UnknownFinding, unknown_finding};
pub use schema::json_schema;

/// Variables of the environment, as a value, so that tests choose them and nothing else reads the real ones.
pub type Environment = BTreeMap<String, String>;

/// The variables of this process; one that is not UTF-8 cannot be meant by a manifest.
pub fn environment() -> Environment {
    let text = |value: std::ffi::OsString| value.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// The environment that needs no overlay file.
pub const DEFAULT_ENV: &str = "development";

/// A checked manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The base file, absolute.
    pub path: PathBuf,
    /// Its folder: every path in it is relative to this one.
    pub home: PathBuf,
    /// The environment it was read for.
    pub env: String,
    /// Marks what this manifest made.
    pub project: String,
    /// The servers.
    pub servers: BTreeMap<ServerName, ServerSpec>,
    /// Where passwords are kept.
    pub secrets: SecretsSpec,
    /// The services.
    pub services: BTreeMap<ServiceName, DesiredService>,
    /// What was declared on purpose.
    pub allow: Vec<Allow>,
}

/// One server of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    /// Where it is.
    pub place: Place,
    /// Whether PUBLIC loses its rights on the maintenance database and `template1`.
    pub close_maintenance: bool,
    /// Who must own the databases.
    pub database_owner: Option<RoleName>,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// martydb runs it itself.
    Embedded {
        /// The port asked for; `None` takes a free one.
        port: Option<u16>,
    },
    /// It exists already.
    Url(Box<ServerUrl>),
}

/// A connection URL, taken apart. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// Host name, or the folder of a socket where it starts with `/`.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The admin's role.
    pub user: String,
    /// The password, where the URL holds one.
    pub password: Option<String>,
    /// The variable that holds the password, where the manifest names one.
    pub password_env: Option<String>,
    /// Whether the host is the value of `${DB_HOST}`, so that DB_PASSWORD is meant for it.
    pub host_is_db_host: bool,
    /// The ways to authenticate that the admin accepts, where the manifest or the URL says so.
    pub require_auth: Option<RequireAuth>,
    /// The password file, where the URL names one.
    pub passfile: Option<PathBuf>,
    /// The maintenance database.
    pub database: String,
    /// TLS settings.
    pub tls: Tls,
}

impl std::fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerUrl({}@{}:{}/{})", self.user, self.host, self.port, self.database)
    }
}

impl Manifest {
    /// Reads the manifest and its overlay for `env`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Manifest`] with `file:line:column` in the message wherever a place is known.
    pub fn load(path: &Path, env: &str, variables: &Environment) -> Result<Manifest> {
        let sources = source::Sources::read(path, env)?;
        let raw = sources.typed(variables)?;
        resolve::resolve(raw, &sources, env, variables)
    }

    /// What is wanted of one server.
    pub fn desired(&self, server: &str) -> DesiredServer {
        let spec = &self.servers[server];
        let here = self.services.iter().filter(|(_, service)| service.server == server);
        DesiredServer {
            name: server.to_owned(),
            project: self.project.clone(),
            close_maintenance: spec.close_maintenance,
            database_owner: spec.database_owner.clone(),
            embedded: matches!(spec.place, Place::Embedded { .. }),
            services: here.map(|(name, service)| (name.clone(), service.clone())).collect(),
        }
    }

    /// The folder for what martydb keeps beside the manifest.
    pub fn state_dir(&self) -> PathBuf {
        self.home.join(".martydb")
    }
}

#[cfg(test)]
mod tests;
