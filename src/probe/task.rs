//! The input of a run of probes: the logins and the databases of one server.

use std::time::Duration;

use secrecy::SecretString;

use super::verdict::AccessPolicy;
use crate::model::{DatabaseKind, DbName, RoleKind, RoleName, ServerName, ServiceName};
use crate::server::{Endpoint, Login};

pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// One login of a service. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct ProbeLogin {
    pub service: ServiceName,
    pub kind: RoleKind,
    pub role: RoleName,
    /// The one database to which it may connect.
    pub database: DbName,
    /// Without a password it can log in only where the server asks for none.
    pub password: Option<SecretString>,
}

impl ProbeLogin {
    pub fn login(&self) -> Login {
        Login::of_service(self.role.as_str(), self.password.clone())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeDatabase {
    pub name: DbName,
    /// `datallowconn`; a database that accepts no connections is listed, not probed.
    pub allow_connections: bool,
    pub kind: DatabaseKind,
    pub policy: AccessPolicy,
}

/// Everything one run needs. Rows come out in the order of `logins`, and for each in that of `databases`.
#[derive(Debug, Clone)]
pub struct Task {
    pub server: ServerName,
    pub endpoint: Endpoint,
    pub logins: Vec<ProbeLogin>,
    pub databases: Vec<ProbeDatabase>,
    /// Attempts at a time; see [`within_limits`].
    pub concurrency: usize,
    /// How long one attempt may take, usually [`ATTEMPT_TIMEOUT`].
    pub timeout: Duration,
    /// Each login is tried at one foreign database instead of all.
    pub sample: bool,
}

impl Task {
    /// The databases at which a login is tried in addition to its own, by their index in `databases`.
    pub fn others<'a>(&'a self, login: &'a ProbeLogin) -> impl Iterator<Item = usize> + 'a {
        let candidates = self.databases.iter().enumerate();
        let all: Vec<usize> = candidates
            .filter(|(_, database)| database.allow_connections && database.name != login.database)
            .map(|(index, _)| index)
            .collect();
        match (self.sample, all.len()) {
            (false, _) | (_, 0) => all,
            // A different one for each login, so that together they try all of them.
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
}

/// How many attempts may run at a time: what was asked for, but at most half of the connections that are free
/// now, so that the services can still connect during the verification.
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
