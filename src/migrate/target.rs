//! What the engine is told: one service's database and folder, and how to run.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::{DbName, LintRules, RoleName, SchemaName, ServerName, ServiceName};
use crate::server::presence::Presence;
use crate::server::{Endpoint, Login};

/// One service's database, and who works on it.
#[derive(Debug, Clone)]
pub struct Target {
    /// The service.
    pub service: ServiceName,
    /// The server's key in the manifest.
    pub server: ServerName,
    /// Its database.
    pub database: DbName,
    /// Its schemas, in the order of the search path; never empty. refinery's table lies in the first.
    pub schemas: Vec<SchemaName>,
    /// Owns what migrations make.
    pub owner: RoleName,
    /// May hold nothing on the history.
    pub app: RoleName,
    /// May hold nothing on the history.
    pub readonly: RoleName,
    /// Where the server listens.
    pub endpoint: Endpoint,
    /// The migrator.
    pub login: Login,
    /// The folder of the migrations.
    pub folder: PathBuf,
    /// Who can tell whether the database is there.
    pub presence: Presence,
    /// What `upgrade` warns about.
    pub lint: LintRules,
}

/// Who runs the tool, for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The operating system's account.
    pub user: String,
    /// The machine.
    pub host: String,
}

impl Operator {
    /// The account and machine of this process.
    pub fn current() -> Operator {
        let user = uzers::get_current_username().map(|name| name.to_string_lossy().into_owned());
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Operator { user: user.unwrap_or_else(|| uzers::get_current_uid().to_string()), host }
    }
}

/// Whether a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Run {
    /// It does what it says.
    #[default]
    Real,
    /// It says what it would do, and writes nothing.
    Dry,
}

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The last version to apply; `None` is all.
    pub to: Option<i64>,
    /// Whether to write.
    pub run: Run,
    /// Whether older files that arrived late are applied too.
    pub order: super::compare::Order,
    /// How long to wait for another run, for a free connection, and in all for the locks of one migration.
    pub lock_wait: Duration,
    /// How long one statement of a migration waits for a lock before it is taken back and tried again, so that a
    /// waiting ALTER TABLE does not hold up all readers behind it. Zero waits without end.
    pub lock_timeout: Duration,
    /// Who runs the tool.
    pub operator: Operator,
}

impl Options {
    /// The defaults of the contract.
    pub fn new(operator: Operator) -> Options {
        Options {
            to: None,
            run: Run::Real,
            order: super::compare::Order::Strict,
            lock_wait: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(5),
            operator,
        }
    }
}
