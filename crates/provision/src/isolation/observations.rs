//! What was observed of one server, before anything is decided about it.

use secrecy::SecretString;

use super::listeners::Listener;
use crate::catalog::{NotExamined, Snapshot};
use crate::probe::{LoginAttempts, ProbeLogin, ProbePlace, Task};
use martydb_model::error::Result;
use martydb_model::{DesiredServer, RoleName};
use martydb_pg::wire::Attempt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// No logins: the catalogues alone.
    None,
    /// Each login at its own database and one foreign one; on other addresses only what must be refused everywhere.
    Sample,
    /// Every login at every database with its own password, one at a time: nothing that a server counts as an attack.
    Gentle,
    /// Every login at every database; on other addresses at its own and one foreign one, and what pg_hba.conf treats
    /// differently.
    #[default]
    Full,
    /// Every login at every database on every address in every way.
    Exhaustive,
}

pub struct ServerContext {
    pub task: Task,
    pub desired: DesiredServer,
    pub catalogue: Snapshot,
    pub alternates: Vec<OpenAlternate>,
}

/// A login with the name of an alternate login that can log in and that the store does not name as the one in use.
pub struct OpenAlternate {
    pub role: RoleName,
    /// The login in use.
    pub primary: ProbeLogin,
    /// What the store has for it.
    pub password: Option<SecretString>,
}

/// A role whose password is easily guessed, or that of a stored login.
pub struct KnownPassword {
    pub role: RoleName,
    pub owner: Option<ProbeLogin>,
}

#[derive(Default)]
pub struct ComparedPasswords {
    pub known: Vec<KnownPassword>,
    /// Logins whose passwords were not compared: it would take too long.
    pub left_out: usize,
}

/// One attempt that is not part of the matrix.
pub struct ExtraProbe {
    /// Whose login, by its index in the task; `None` for the admin's.
    pub login: Option<usize>,
    pub role: String,
    pub database: String,
    pub place: ProbePlace,
    pub listener: usize,
    pub password: SecretString,
    pub purpose: Purpose,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Whether a password is asked for at all.
    Wrong,
    /// The same of a replication connection.
    WrongReplication,
    /// Whether another listener accepts the login at its own database only.
    Elsewhere,
    /// Whether the login may copy the server.
    Replication,
    /// The same through a database, which takes another line of pg_hba.conf.
    LogicalReplication,
    /// Whether the password is easily guessed.
    Guess,
    /// Whether it is that of another login.
    Reuse(String),
}

pub struct Observations {
    pub context: ServerContext,
    /// In the order of the task's logins; empty where no logins were tried, and then the next three are empty too.
    pub attempts: Vec<LoginAttempts>,
    /// The manifest's address first.
    pub listeners: Vec<Listener>,
    pub extra: Vec<(ExtraProbe, Attempt)>,
    /// Sessions that asked about privileges, with the index of their login.
    pub sessions: Vec<(usize, Attempt)>,
    /// An error where the comparison did not finish.
    pub known_passwords: Result<ComparedPasswords>,
    /// Addresses that could not be reached from here.
    pub not_examined: Vec<NotExamined>,
}
