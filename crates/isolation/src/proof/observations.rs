//! Observations of one server, before judgement.

use secrecy::SecretString;

use super::listeners::Listener;
use crate::probe::{LoginAttempts, ProbeCoverage, ProbeLocation, ProbeLogin, Task};
use martydb_catalog::{NotExamined, Snapshot};
use martydb_model::error::Result;
use martydb_model::{DesiredServer, RoleName};
use martydb_pg::wire::Attempt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// No logins: only the catalogs.
    None,
    /// Each login at its own database and one other; on other addresses only attempts that must always be rejected.
    Sample,
    /// `Full` where that takes about a minute at most, else like `Sample` with as many other databases, at random.
    #[default]
    Auto,
    /// Every login at every database with its own password, one at a time: nothing that resembles an attack.
    Gentle,
    /// Every login at every database; on other addresses at its own and one other database, and wherever
    /// pg_hba.conf differs.
    Full,
    /// Every combination of login, database, address and method.
    Exhaustive,
}

pub(crate) struct ServerContext {
    /// Replica that is observed in place of the server.
    pub at: Option<String>,
    pub task: Task,
    pub desired: DesiredServer,
    pub catalog: Snapshot,
    pub alternates: Vec<OpenAlternate>,
}

impl ServerContext {
    /// Returns `true` for a replica that replays the catalogs of its primary.
    pub(crate) fn is_replaying(&self) -> bool {
        self.at.is_some() && self.catalog.actual.standby
    }
}

/// A login with the name of an alternate login, which can log in although the store does not name it as the one in
/// use.
pub(crate) struct OpenAlternate {
    pub role: RoleName,
    /// Login in use.
    pub primary: ProbeLogin,
    /// Password that the store has for it.
    pub password: Option<SecretString>,
}

/// Attempts of logins of services that were not chosen, at the databases of those that were.
pub(crate) struct Visits {
    pub task: Task,
    /// In the order of the task's logins; empty if their passwords could not be read.
    pub attempts: Vec<LoginAttempts>,
}

/// A role whose password is easily guessed, or equal to that of a stored login.
pub(crate) struct KnownPassword {
    pub role: RoleName,
    pub owner: Option<ProbeLogin>,
}

#[derive(Default)]
pub(crate) struct ComparedPasswords {
    pub known: Vec<KnownPassword>,
    /// Number of logins whose passwords were not compared because it would take too long.
    pub left_out: usize,
}

impl Observations {
    /// Returns what is known without a login.
    pub(crate) fn without_logins(
        context: ServerContext,
        coverage: ProbeCoverage,
        known_passwords: Result<ComparedPasswords>,
        not_examined: Vec<NotExamined>,
    ) -> Observations {
        let (attempts, listeners, extra, sessions) = (vec![], vec![], vec![], vec![]);
        Observations {
            context,
            coverage,
            attempts,
            listeners,
            extra,
            sessions,
            known_passwords,
            not_examined,
            visits: None,
        }
    }
}

/// An attempt outside the matrix.
pub(crate) struct ExtraProbe {
    /// Index of the login in the task; `None` for the admin.
    pub login: Option<usize>,
    pub role: String,
    pub database: String,
    pub place: ProbeLocation,
    pub listener: usize,
    pub password: SecretString,
    pub purpose: ListenerPurpose,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListenerPurpose {
    /// Tests whether the server asks for a password.
    Wrong,
    /// Tests whether the server asks for a password of a replication connection.
    WrongReplication,
    /// Tests whether another listener restricts the login to its own database.
    Elsewhere,
    /// Tests whether the login may copy the server by physical replication.
    Replication,
    /// Tests logical replication through a database, which another line of pg_hba.conf decides.
    LogicalReplication,
    /// Tests an easily guessed password.
    Guess,
    /// Tests the password of another login.
    Reuse(String),
}

pub(crate) struct Observations {
    pub context: ServerContext,
    pub coverage: ProbeCoverage,
    /// In the order of the task's logins; empty if no logins were tried, and so are the next three fields.
    pub attempts: Vec<LoginAttempts>,
    /// Listeners, the manifest's address first.
    pub listeners: Vec<Listener>,
    pub extra: Vec<(ExtraProbe, Attempt)>,
    /// Sessions that checked privileges, with the index of their login.
    pub sessions: Vec<(usize, Attempt)>,
    /// Attempts of logins of services that were not chosen; `None` if all were.
    pub visits: Option<Visits>,
    /// Compared passwords, or the error if the comparison did not finish.
    pub known_passwords: Result<ComparedPasswords>,
    /// Addresses that could not be reached from here.
    pub not_examined: Vec<NotExamined>,
}
