//! What a run of probes is told: which logins there are, and which databases.

use std::time::Duration;

use secrecy::SecretString;

use super::verdict::Door;
use crate::model::{ActualServer, DbName, DesiredServer, RoleKind, RoleName, ServerName, ServiceName};
use crate::server::{Endpoint, Login};

/// How long one attempt may take.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// One login of a service. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct ProbeLogin {
    /// Whose it is.
    pub service: ServiceName,
    /// Which of the service's logins.
    pub kind: RoleKind,
    /// Its role.
    pub role: RoleName,
    /// The one database it may enter.
    pub database: DbName,
    /// Its password; without one it can enter only where the server asks for none.
    pub password: Option<SecretString>,
}

impl ProbeLogin {
    /// As the connector wants it.
    pub fn login(&self) -> Login {
        Login::of_service(self.role.as_str(), self.password.clone())
    }
}

/// Whose a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A service's.
    Service(ServiceName),
    /// The one administrators meet in, such as `postgres`.
    Maintenance,
    /// `template1` and its like.
    Template,
    /// Nobody declared it.
    Unmanaged,
}

impl DatabaseKind {
    /// Whose the database of that name is.
    pub fn of(name: &str, desired: &DesiredServer, actual: &ActualServer) -> Self {
        let service = desired.services.values().find(|service| service.database.as_str() == name);
        match service {
            Some(service) => DatabaseKind::Service(service.name.clone()),
            None if name == actual.maintenance || name == "postgres" => DatabaseKind::Maintenance,
            None if name == "template1" || name == "template0" => DatabaseKind::Template,
            None => DatabaseKind::Unmanaged,
        }
    }
}

/// One database of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeDatabase {
    /// Its name.
    pub name: DbName,
    /// `datallowconn`; a database that accepts no connections is listed, not probed.
    pub allow_connections: bool,
    /// Whose it is.
    pub kind: DatabaseKind,
    /// Whether strangers are to be kept out.
    pub door: Door,
}

/// Everything one run needs. Rows come out in the order of `logins`, and for each in that of `databases`.
#[derive(Debug, Clone)]
pub struct Task {
    /// The server's key in the manifest.
    pub server: ServerName,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Every login of every service on it.
    pub logins: Vec<ProbeLogin>,
    /// Every database on it.
    pub databases: Vec<ProbeDatabase>,
    /// Attempts at a time; see [`within_limits`].
    pub concurrency: usize,
    /// How long one attempt may take, usually [`ATTEMPT_TIMEOUT`].
    pub timeout: Duration,
    /// Each login is tried at one foreign database instead of all.
    pub sample: bool,
}

impl Task {
    /// The databases a login is tried at besides its own, by their place in `databases`.
    pub fn others<'a>(&'a self, login: &'a ProbeLogin) -> impl Iterator<Item = usize> + 'a {
        let candidates = self.databases.iter().enumerate();
        let all: Vec<usize> = candidates
            .filter(|(_, database)| database.allow_connections && database.name != login.database)
            .map(|(place, _)| place)
            .collect();
        match (self.sample, all.len()) {
            (false, _) | (_, 0) => all,
            // Another one for each login, so that together they see all of them.
            (true, many) => vec![all[self.turn(login) % many]],
        }
        .into_iter()
    }

    fn turn(&self, login: &ProbeLogin) -> usize {
        self.logins.iter().position(|other| other.role == login.role).unwrap_or(0)
    }

    /// The same, with one foreign database for each login.
    pub fn sampled(&self) -> Task {
        Task { sample: true, ..self.clone() }
    }

    /// Attempts that the whole run makes if none is refused for want of a connection.
    pub fn probes(&self) -> usize {
        self.logins.iter().map(|login| 1 + self.others(login).count()).sum()
    }
}

/// How many attempts may run at a time: what was asked for, but at most half of the connections that are free
/// now, so that services keep getting theirs while they are being proven apart.
pub fn within_limits(wanted: usize, max_connections: usize, reserved: usize, in_use: usize) -> usize {
    let free = max_connections.saturating_sub(reserved).saturating_sub(in_use);
    wanted.min(free / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_leaves_connections_to_the_services() {
        for (wanted, max, reserved, used, expected) in
            [(8, 100, 3, 10, 8), (64, 100, 3, 17, 40), (8, 10, 3, 5, 1), (8, 10, 3, 20, 1), (1, 100, 3, 0, 1)]
        {
            assert_eq!(within_limits(wanted, max, reserved, used), expected);
        }
    }
}
