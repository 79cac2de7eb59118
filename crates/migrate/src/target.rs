//! Options of a run.

use std::time::Duration;

pub use martydb_context::targets::MigrationTarget;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Account of the operating system.
    pub user: String,
    pub host: String,
}

impl Operator {
    pub fn current() -> Operator {
        let user = uzers::get_current_username().map(|name| name.to_string_lossy().into_owned());
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Operator { user: user.unwrap_or_else(|| uzers::get_current_uid().to_string()), host }
    }
}

/// Rule for older files that arrive after newer ones were applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Strict,
    AllowOutOfOrder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Execution {
    #[default]
    Real,
    /// Report what would run.
    Dry,
    /// Run it in a transaction that is rolled back.
    Rehearsal,
}

#[derive(Debug, Clone)]
pub struct Options {
    /// The last version to apply; `None` for all.
    pub to: Option<i64>,
    /// Number of versions to apply; `None` for all.
    pub steps: Option<usize>,
    pub execution: Execution,
    pub order: Order,
    /// Set if repeatable migrations run after the others.
    pub repeatables: bool,
    /// Time limit for another run to end, for a free connection, and in total for the locks of one migration.
    pub lock_wait: Duration,
    /// Time limit for one lock of a migration's statement. After it the migration is rolled back and retried,
    /// because a waiting ALTER TABLE blocks all later readers. Zero for no limit.
    pub lock_timeout: Duration,
    pub operator: Operator,
}

impl Options {
    /// Returns the default options.
    pub fn new(operator: Operator) -> Options {
        Options {
            to: None,
            steps: None,
            execution: Execution::Real,
            order: Order::Strict,
            repeatables: true,
            lock_wait: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(5),
            operator,
        }
    }
}
