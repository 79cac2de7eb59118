//! What the engine is told: one service's database and folder, and how to run.

use std::path::PathBuf;
use std::time::Duration;

use martydb_model::sql::{Ident, List};
use martydb_model::{DbName, DownFiles, LintRules, RoleName, SchemaName, ServerName, ServiceName};
use martydb_pg::server::existence::ExistenceCheck;
use martydb_pg::server::{Endpoint, Login};

#[derive(Debug, Clone)]
pub struct MigrationTarget {
    pub service: ServiceName,
    pub server: ServerName,
    pub database: DbName,
    /// Its schemas, in the order of the search path; never empty. refinery's table lies in the first.
    pub schemas: Vec<SchemaName>,
    pub owner: RoleName,
    pub app: RoleName,
    pub readonly: RoleName,
    /// Further roles that may use the database.
    pub further: Vec<RoleName>,
    pub endpoint: Endpoint,
    /// The migrator.
    pub login: Login,
    pub folder: PathBuf,
    pub down: DownFiles,
    pub existence: ExistenceCheck,
    /// A scratch database: nothing in it has to outlive a crash of the server.
    pub throwaway: bool,
    pub lint: LintRules,
}

impl MigrationTarget {
    /// Who must not see or change the history, although default privileges let them at new tables; of further roles
    /// those that the server has.
    pub fn outsiders(&self, further: &[RoleName]) -> List<Ident> {
        let all = [&self.app, &self.readonly].into_iter().chain(further);
        List(all.map(|role| role.ident().clone()).collect())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The operating system's account.
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

/// Whether older files that arrived late may still be applied.
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
    /// Say what would run.
    Dry,
    /// Run it in a transaction that is rolled back.
    Rehearsal,
}

#[derive(Debug, Clone)]
pub struct Options {
    /// The last version to apply; `None` is all.
    pub to: Option<i64>,
    pub execution: Execution,
    pub order: Order,
    /// Whether repeatable migrations run after the others.
    pub repeatables: bool,
    /// How long to wait for another run, for a free connection, and in all for the locks of one migration.
    pub lock_wait: Duration,
    /// How long one statement of a migration waits for a lock before it is taken back and tried again, so that a
    /// waiting ALTER TABLE does not hold up all readers behind it. Zero waits without end.
    pub lock_timeout: Duration,
    pub operator: Operator,
}

impl Options {
    /// The defaults of the contract.
    pub fn new(operator: Operator) -> Options {
        Options {
            to: None,
            execution: Execution::Real,
            order: Order::Strict,
            repeatables: true,
            lock_wait: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(5),
            operator,
        }
    }
}
