//! Input of the engine: one service's database and folder, and options of a run.

use std::path::PathBuf;
use std::time::Duration;

use martydb_model::sql::{Ident, List};
use martydb_model::{DbName, DownFiles, LintRules, RoleName, SchemaName, ServerName, ServiceName};
use martydb_pg::server::existence::ExistenceCheck;
use martydb_pg::server::{ActingLogin, Endpoint, Login};

#[derive(Debug, Clone)]
pub struct MigrationTarget {
    pub service: ServiceName,
    pub server: ServerName,
    pub database: DbName,
    /// Its schemas, in the order of the search path; never empty. refinery's table is in the first.
    pub schemas: Vec<SchemaName>,
    pub owner: RoleName,
    pub app: RoleName,
    pub readonly: RoleName,
    /// Further roles that may use the database.
    pub further: Vec<RoleName>,
    /// The one of them that may read the history: the data service's reading login.
    pub history_reader: Option<RoleName>,
    pub endpoint: Endpoint,
    /// The migrator.
    pub login: Login,
    pub folder: PathBuf,
    pub down: DownFiles,
    pub existence: ExistenceCheck,
    /// Set for a scratch database: its contents need not survive a crash of the server.
    pub throwaway: bool,
    pub lint: LintRules,
}

impl MigrationTarget {
    /// Returns the migrator's login, which acts as the owner.
    pub fn acting_login(&self) -> ActingLogin<'_> {
        let MigrationTarget { endpoint, login, database, owner, .. } = self;
        ActingLogin { endpoint, login, database, role: owner }
    }

    /// Returns the roles of the service without its migrator, owner first.
    pub fn roles(&self) -> [&RoleName; 3] {
        [&self.owner, &self.app, &self.readonly]
    }

    /// Returns the roles that must not read or change the history, although default privileges grant them
    /// access to new tables; of the further roles, only `further`, those that exist on the server.
    pub(crate) fn outsiders(&self, further: &[RoleName]) -> List<Ident> {
        let all = [&self.app, &self.readonly].into_iter().chain(further);
        List(all.map(|role| role.ident().clone()).collect())
    }
}

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
