//! The checked manifest, the input of the rest of the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::raw::{RawAllow, RawSecrets, ReplicaRole};
use super::redis::RedisPart;
use super::trust::ManifestPath;
use martydb_model::app_url::{AppUrl, AppUrls};
use martydb_model::deploy::Deployment;
use martydb_model::platform::Platform;
use martydb_model::{
    AccessRole, BackupSettings, DbName, DesiredServer, DesiredService, FormerNames, RoleName, ServeSettings,
    ServerName, ServiceName,
};
use martydb_pg::server::COMMON_DATABASE;
use martydb_pg::server::hosts::TargetSession;
use martydb_pg::wire::{Endpoint, Host, RequireAuth, Tls};

/// A file of a manifest. Its text may contain passwords, so no print for developers shows it.
#[derive(Clone)]
pub struct ManifestFile {
    /// Path from the base file's folder.
    pub name: String,
    /// Text as it was read.
    pub text: String,
}

impl std::fmt::Debug for ManifestFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManifestFile").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub struct Manifest {
    /// Absolute path of the base file.
    pub path: PathBuf,
    /// The base file, the included ones, the overlay.
    pub files: Vec<ManifestFile>,
    /// `true` if a person named that file.
    pub named: bool,
    pub env: String,
    /// Project name, which marks what this manifest created.
    pub project: String,
    pub servers: BTreeMap<ServerName, ServerSpec>,
    pub secrets: RawSecrets,
    pub services: BTreeMap<ServiceName, DesiredService>,
    /// Labels of each service, by key: its server's, with its own over them.
    pub labels: BTreeMap<ServiceName, BTreeMap<String, String>>,
    /// Further roles of each server.
    pub access: BTreeMap<ServerName, BTreeMap<RoleName, AccessRole>>,
    /// `true` if the monitor gives values the names of postgres_exporter too.
    pub compatible_names: bool,
    /// URLs for the applications of each service, if they differ from martydb's own.
    pub app_urls: BTreeMap<ServiceName, AppUrls>,
    /// Accepted findings, with their reasons.
    pub allow: Vec<RawAllow>,
    /// Deployment of servers and services.
    pub deploy: Deployment,
    /// Redis servers, and the keys of services there.
    pub redis: RedisPart,
    /// Backup settings; `None` if the manifest has none.
    pub backup: Option<BackupSettings>,
    /// Listener and callers of the data service.
    pub serve: ServeSettings,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    pub location: ServerLocation,
    /// Standbys and workers of a cluster, which martydb only reads.
    pub replicas: Vec<Replica>,
    /// Provider of a managed server.
    pub platform: Option<&'static Platform>,
    /// `true` if PUBLIC loses its privileges on the maintenance database and `template1`.
    pub close_maintenance: bool,
    /// `true` if the environment's overlay says that the services' data may be dropped.
    pub disposable: bool,
    /// Role that must own the databases.
    pub database_owner: Option<RoleName>,
}

impl ServerSpec {
    /// Returns `true` if the data of its services may be dropped and made again.
    pub fn is_disposable(&self) -> bool {
        self.disposable || matches!(self.location, ServerLocation::Embedded { .. })
    }

    /// Returns `true` if a standby is declared. A worker of a Citus cluster is none.
    pub fn has_standbys(&self) -> bool {
        self.replicas.iter().any(|replica| replica.role != ReplicaRole::Worker)
    }

    /// Returns the replicas with a role.
    pub fn replicas_as(&self, role: ReplicaRole) -> impl Iterator<Item = &Replica> {
        self.replicas.iter().filter(move |replica| replica.role == role)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerLocation {
    Embedded {
        /// Port; `None` for a free one.
        port: Option<u16>,
    },
    /// An existing server.
    Url(Box<ServerUrl>),
}

/// Another server with the logins of its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Name, unique within the server.
    pub name: String,
    /// URL of its admin, with one host. Without a password of its own, that of the server is used.
    pub url: Box<ServerUrl>,
    /// Use by applications.
    pub role: ReplicaRole,
    /// Longest acceptable lag.
    pub max_lag: Option<Duration>,
}

/// A parsed connection URL. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// Host name, or the folder of a socket if it starts with `/`.
    pub host: String,
    pub port: u16,
    /// Further hosts with their ports, in the order in which they are tried.
    pub others: Vec<(String, u16)>,
    /// Kind of session that selects one of several hosts (`target_session_attrs`).
    pub target: TargetSession,
    /// Role of the admin.
    pub user: String,
    pub password: Option<String>,
    pub password_env: Option<String>,
    /// `true` if the host is the value of `${DB_HOST}`, which DB_PASSWORD belongs to.
    pub host_is_db_host: bool,
    pub require_auth: Option<RequireAuth>,
    pub passfile: Option<PathBuf>,
    /// Maintenance database.
    pub database: String,
    pub tls: Tls,
}

impl std::fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerUrl({}@{}:{}/{})", self.user, self.host, self.port, self.database)
    }
}

impl ServerUrl {
    /// Returns the endpoint of the first host.
    pub fn endpoint(&self) -> Endpoint {
        let (host, tls) = if self.host.starts_with('/') {
            (Host::Socket(self.host.clone().into()), Tls { binding: self.tls.binding, ..Tls::default() })
        } else {
            (Host::Tcp(self.host.clone()), self.tls.clone())
        };
        Endpoint { host, port: self.port, tls }
    }

    /// Returns this URL once per host, with that host only.
    pub fn each(&self) -> impl Iterator<Item = ServerUrl> {
        (0..=self.others.len()).map(|number| self.at(number))
    }

    /// Returns this URL with only the host at index `number`.
    pub fn at(&self, number: usize) -> ServerUrl {
        let (host, port) = match number.checked_sub(1).and_then(|other| self.others.get(other)) {
            Some((host, port)) => (host.clone(), *port),
            None => (self.host.clone(), self.port),
        };
        ServerUrl { host, port, others: vec![], ..self.clone() }
    }
}

/// A further login that can log in now.
pub struct FurtherLogin<'a> {
    pub server: &'a ServerName,
    pub role: &'a AccessRole,
    /// First service that grants it access, otherwise the first on its server.
    pub service: &'a DesiredService,
    /// Its initial database: that service's, or the maintenance database if no service grants it access.
    pub database: DbName,
}

impl Manifest {
    /// Returns the manifest's folder, which every path in it is relative to.
    pub fn home(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Returns the URLs of the servers that are not embedded, and of their replicas.
    pub fn urls(&self) -> impl Iterator<Item = &ServerUrl> {
        self.servers.values().flat_map(|server| {
            let own = match &server.location {
                ServerLocation::Url(url) => Some(&**url),
                ServerLocation::Embedded { .. } => None,
            };
            own.into_iter().chain(server.replicas.iter().map(|replica| &*replica.url))
        })
    }

    pub fn desired(&self, server: &str) -> DesiredServer {
        let spec = &self.servers[server];
        let here = self.services.iter().filter(|(_, service)| service.server == server);
        DesiredServer {
            name: server.to_owned(),
            project: self.project.clone(),
            platform: spec.platform,
            close_maintenance: spec.close_maintenance,
            database_owner: spec.database_owner.clone(),
            embedded: matches!(spec.location, ServerLocation::Embedded { .. }),
            verified: self.is_verified(server),
            services: here.map(|(name, service)| (name.clone(), service.clone())).collect(),
            access: self.access.get(server).cloned().unwrap_or_default(),
            leaving: self.leaving(server),
            index: Default::default(),
        }
    }

    /// Returns `true` if each connection string for a service of this server verifies its certificate.
    fn is_verified(&self, server: &str) -> bool {
        let own = match &self.servers[server].location {
            ServerLocation::Url(url) => url.tls.verifies() && !url.host.starts_with('/'),
            ServerLocation::Embedded { .. } => false,
        };
        let verifies = |url: &AppUrl| {
            let mut modes = url.parameters.iter().filter(|(name, _)| name == "sslmode");
            modes.any(|(_, mode)| ["verify-ca", "verify-full"].contains(&mode.as_str()))
        };
        let of = |name: &ServiceName| match self.app_urls.get(name) {
            Some(AppUrls { write, read }) => {
                write.as_ref().map_or(own, verifies) && read.as_ref().is_none_or(verifies)
            }
            None => own,
        };
        let mut here = self.services.iter().filter(|(_, service)| service.server == server).peekable();
        here.peek().is_some() && here.all(|(name, _)| of(name))
    }

    /// Returns the further logins that can log in now, each with its server.
    pub fn further_logins(&self) -> impl Iterator<Item = (&ServerName, &AccessRole)> {
        let all = self.access.iter().flat_map(|(server, all)| all.values().map(move |role| (server, role)));
        all.filter(|(_, role)| role.login && !role.expired)
    }

    /// Returns the further logins that can log in now and have access to one of these services; a login that no service
    /// grants any, such as the monitor's, if these are all services of its server: it may see all of them.
    pub fn further_logins_of<'a>(
        &'a self,
        services: impl Iterator<Item = &'a DesiredService> + Clone,
    ) -> impl Iterator<Item = FurtherLogin<'a>> {
        self.further_logins().filter_map(move |(server, role)| {
            let is_here = |service: &&DesiredService| service.server == *server;
            let grants = |service: &&DesiredService| {
                is_here(service) && service.access.iter().any(|grant| grant.role == role.name)
            };
            if let Some(service) = services.clone().find(grants) {
                return Some(FurtherLogin { server, role, service, database: service.database.clone() });
            }
            let all = self.services.values().filter(is_here).count();
            let service =
                services.clone().find(is_here).filter(|_| services.clone().filter(is_here).count() == all)?;
            let database = DbName::found(self.maintenance_database(server)).ok()?;
            Some(FurtherLogin { server, role, service, database })
        })
    }

    /// Returns the maintenance database of a server.
    pub fn maintenance_database(&self, server: &str) -> &str {
        match &self.servers[server].location {
            ServerLocation::Url(url) => &url.database,
            ServerLocation::Embedded { .. } => COMMON_DATABASE,
        }
    }

    fn leaving(&self, server: &str) -> Vec<FormerNames> {
        let former = self.services.values().filter_map(|service| service.moved.as_ref());
        former.filter(|former| former.server.as_deref() == Some(server)).cloned().collect()
    }

    /// Returns the base file, to read it again.
    pub fn place(&self) -> ManifestPath {
        ManifestPath { path: self.path.clone(), named: self.named }
    }

    /// Returns martydb's state folder beside the manifest.
    pub fn state_dir(&self) -> PathBuf {
        self.home().join(".martydb")
    }
}
