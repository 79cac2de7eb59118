//! A throwaway server for this process, and services made by the reference SQL of the role model.

use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use martydb_migrate::{
    self, Event, EventSender, Goal, MigrationOutcome, MigrationTarget, Operator, Options, ServiceStatus,
    Sizes,
};
use martydb_model::{DbName, RoleName, SchemaName, ServiceName};
use martydb_pg::server::existence::{Existence, ExistenceCheck};
use martydb_pg::server::sessions::SessionList;
use martydb_pg::server::{Endpoint, Host, Login, Tls, TlsMode};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::support::{Reference, Server, until_async};

const MIGRATOR: &str = "migratorPassword0123456789abcdef";

pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::shared(&["max_prepared_transactions=4"]))
}

/// One service, provisioned, with an empty folder.
pub(crate) struct Service {
    pub name: String,
    pub target: MigrationTarget,
    pub folder: tempfile::TempDir,
    pub events: Mutex<Vec<Event>>,
}

pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await {
        panic!("{error}: {sql}");
    }
}

pub(crate) async fn rows(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows: Vec<PgRow> = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap();
    let text = |row: &PgRow| {
        let columns: Vec<String> = (0..row.len())
            .map(|at| row.try_get_unchecked::<Option<String>, _>(at).unwrap().unwrap_or_else(|| "-".into()))
            .collect();
        columns.join(" ")
    };
    rows.iter().map(text).collect()
}

impl Service {
    /// A service without database and roles.
    pub(crate) fn absent(name: &str) -> Service {
        let folder = tempfile::tempdir().unwrap();
        let role = |suffix: &str| RoleName::new(format!("{name}_{suffix}")).unwrap();
        let target = MigrationTarget {
            service: ServiceName::new(name).unwrap(),
            server: "main".into(),
            database: DbName::new(name).unwrap(),
            schemas: vec![SchemaName::new("public").unwrap()],
            search_path: vec![SchemaName::new("public").unwrap()],
            history_schema: SchemaName::history(),
            owner: role("owner"),
            app: role("app"),
            readonly: role("ro"),
            further: vec![],
            history_reader: None,
            endpoint: Endpoint {
                host: Host::Tcp("127.0.0.1".into()),
                port: server().port,
                tls: Tls { mode: TlsMode::Disable, ..Tls::default() },
            },
            login: Login::with_password(format!("{name}_migrator"), MIGRATOR.into()),
            folder: folder.path().into(),
            down: Default::default(),
            source: None,
            existence: ExistenceCheck::Known(Existence::Unknown),
            throwaway: false,
            disposable: false,
            maintained: vec![],
            extensions: vec![],
            on_schema_drift: martydb_model::OnSchemaDrift::Warn,
            lint: Default::default(),
        };
        Service { name: name.into(), target, folder, events: Mutex::default() }
    }

    /// Database and roles as `apply` makes them.
    pub(crate) async fn new(name: &str) -> Service {
        let service = Service::absent(name);
        let mut admin = server().admin("postgres").await;
        let [owner, migrator, app, readonly] =
            ["owner", "migrator", "app", "ro"].map(|role| format!("{name}_{role}"));
        let reference =
            Reference { database: name, owner: &owner, migrator: &migrator, app: &app, readonly: &readonly };
        let password = format!("'{MIGRATOR}'");
        run(&mut admin, &reference.roles([&password; 3], [5, -1, -1])).await;
        run(&mut admin, &reference.create_database()).await;
        let mut inside = server().admin(name).await;
        run(&mut inside, &(reference.grants() + &reference.privileges_inside())).await;
        service
    }

    pub(crate) fn write(&self, file: &str, sql: &str) -> &Self {
        std::fs::write(self.folder.path().join(file), sql).unwrap();
        self
    }

    pub(crate) fn remove(&self, file: &str) {
        std::fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        let operator = Operator { user: "tester".into(), host: "bench".into() };
        Options { lock_wait: Duration::from_secs(20), ..Options::new(operator) }
    }

    pub(crate) async fn upgrade(&self) -> MigrationOutcome {
        self.upgrade_with(&self.options()).await
    }

    pub(crate) async fn upgrade_with(&self, options: &Options) -> MigrationOutcome {
        let (events, mut receiver) = EventSender::channel();
        let run = async move { martydb_migrate::run(&self.target, Goal::Upgrade, options, &events).await };
        let reported = async {
            while let Some(event) = receiver.recv().await {
                self.events.lock().unwrap().push(event);
            }
        };
        tokio::join!(run, reported).0
    }

    /// An upgrade that must go through; the versions it applied.
    pub(crate) async fn upgraded(&self) -> Vec<i64> {
        let outcome = self.upgrade().await;
        assert_eq!(outcome.error, None);
        outcome.applied.iter().map(|applied| applied.version).collect()
    }

    /// Returns its own `status`.
    pub(crate) async fn status(&self) -> ServiceStatus {
        let wait = Duration::from_secs(5);
        martydb_migrate::status(
            &self.target,
            Sizes::Skipped,
            martydb_migrate::DriftCheck::Skipped,
            wait,
            &SessionList::default(),
        )
        .await
    }

    pub(crate) async fn admin(&self) -> PgConnection {
        server().admin(&self.name).await
    }

    pub(crate) async fn ask(&self, sql: &str) -> Vec<String> {
        rows(&mut self.admin().await, sql).await
    }

    pub(crate) async fn do_as_admin(&self, sql: &str) {
        run(&mut self.admin().await, sql).await;
    }

    /// Waits until the query, in no database of a service, says so.
    pub(crate) async fn until(&self, what: &str, sql: &str) {
        let mut admin = server().admin("postgres").await;
        until_async(what, async || rows(&mut admin, sql).await == ["true"]).await;
    }

    /// Waits until the migration is where it sleeps.
    pub(crate) async fn until_it_sleeps(&self) {
        let sleeps =
            "SELECT (count(*) > 0)::text FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = ";
        self.until("the migration sleeps", &format!("{sleeps}'{}_migrator'", self.name)).await;
    }

    /// martydb's history in short.
    pub(crate) async fn history(&self) -> Vec<String> {
        self.ask("SELECT id::text, action, version::text, outcome, attempts::text FROM martydb.history ORDER BY id").await
    }

    pub(crate) async fn migrator(&self) -> PgConnection {
        server().connect(&format!("{}_migrator", self.name), MIGRATOR, &self.name).await
    }

    pub(crate) async fn readonly(&self) -> PgConnection {
        server().connect(&format!("{}_ro", self.name), MIGRATOR, &self.name).await
    }

    pub(crate) async fn app(&self) -> PgConnection {
        server().connect(&format!("{}_app", self.name), MIGRATOR, &self.name).await
    }
}

pub(crate) fn path(service: &Service, file: &str) -> String {
    Path::new(service.folder.path()).join(file).display().to_string()
}
