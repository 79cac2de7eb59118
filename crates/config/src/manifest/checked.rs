//! A manifest that was read and checked: what the rest of the program works with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::raw::{RawAllow, RawSecrets};
use martydb_model::app_url::AppUrls;
use martydb_model::deploy::Deployment;
use martydb_model::platform::Platform;
use martydb_model::{
    AccessRole, BackupSettings, DesiredServer, DesiredService, FormerNames, RoleName, ServerName, ServiceName,
};
use martydb_pg::server::hosts::TargetSession;
use martydb_pg::wire::{Endpoint, Host, RequireAuth, Tls};

#[derive(Debug, Clone)]
pub struct Manifest {
    /// The base file, absolute.
    pub path: PathBuf,
    pub env: String,
    /// Tags what this manifest created.
    pub project: String,
    pub servers: BTreeMap<ServerName, ServerSpec>,
    pub secrets: RawSecrets,
    pub services: BTreeMap<ServiceName, DesiredService>,
    /// Further roles of each server.
    pub access: BTreeMap<ServerName, BTreeMap<RoleName, AccessRole>>,
    /// Where the applications of each service connect, if not where martydb does.
    pub app_urls: BTreeMap<ServiceName, AppUrls>,
    /// Findings that are accepted, with the reason.
    pub allow: Vec<RawAllow>,
    /// Where and how all of it is deployed.
    pub deploy: Deployment,
    /// Where backups go; `None` where the manifest does not say.
    pub backup: Option<BackupSettings>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    pub location: ServerLocation,
    /// Whose managed server it is.
    pub platform: Option<&'static Platform>,
    /// Whether PUBLIC loses its privileges on the maintenance database and `template1`.
    pub close_maintenance: bool,
    /// The role that must own the databases.
    pub database_owner: Option<RoleName>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerLocation {
    Embedded {
        /// `None` takes a free one.
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
    pub port: u16,
    /// Further hosts with their ports, in the order in which they are tried.
    pub others: Vec<(String, u16)>,
    /// Which of several hosts is meant.
    pub target: TargetSession,
    /// The admin's role.
    pub user: String,
    pub password: Option<String>,
    pub password_env: Option<String>,
    /// Whether the host is the value of `${DB_HOST}`, so that DB_PASSWORD is meant for it.
    pub host_is_db_host: bool,
    pub require_auth: Option<RequireAuth>,
    pub passfile: Option<PathBuf>,
    /// The maintenance database.
    pub database: String,
    pub tls: Tls,
}

impl std::fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerUrl({}@{}:{}/{})", self.user, self.host, self.port, self.database)
    }
}

impl ServerUrl {
    /// Where it leads: its first host.
    pub fn endpoint(&self) -> Endpoint {
        let (host, tls) = if self.host.starts_with('/') {
            (Host::Socket(self.host.clone().into()), Tls::default())
        } else {
            (Host::Tcp(self.host.clone()), self.tls.clone())
        };
        Endpoint { host, port: self.port, tls }
    }

    /// The same with one host alone, each in its turn.
    pub fn each(&self) -> impl Iterator<Item = ServerUrl> {
        (0..=self.others.len()).map(|number| self.at(number))
    }

    /// The same with the host of this number alone.
    pub fn at(&self, number: usize) -> ServerUrl {
        let (host, port) = match number.checked_sub(1).and_then(|other| self.others.get(other)) {
            Some((host, port)) => (host.clone(), *port),
            None => (self.host.clone(), self.port),
        };
        ServerUrl { host, port, others: vec![], ..self.clone() }
    }
}

impl Manifest {
    /// The manifest's folder: every path in it is relative to this one.
    pub fn home(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
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
            services: here.map(|(name, service)| (name.clone(), service.clone())).collect(),
            access: self.access.get(server).cloned().unwrap_or_default(),
            leaving: self.leaving(server),
            index: Default::default(),
        }
    }

    /// The further logins that can log in now, each with its server.
    pub fn further_logins(&self) -> impl Iterator<Item = (&ServerName, &AccessRole)> {
        let all = self.access.iter().flat_map(|(server, all)| all.values().map(move |role| (server, role)));
        all.filter(|(_, role)| role.login && !role.expired)
    }

    fn leaving(&self, server: &str) -> Vec<FormerNames> {
        let former = self.services.values().filter_map(|service| service.moved.as_ref());
        former.filter(|former| former.server.as_deref() == Some(server)).cloned().collect()
    }

    /// The folder for what martydb keeps next to the manifest.
    pub fn state_dir(&self) -> PathBuf {
        self.home().join(".martydb")
    }
}
