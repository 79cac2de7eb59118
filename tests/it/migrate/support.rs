//! A throwaway server for this process, and services made by the reference SQL of the role model.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use martydb::migrate::{Event, Operator, Options, Outcome, Target, upgrade};
use martydb::model::{DbName, RoleName, SchemaName, ServiceName};
use martydb::server::presence::{Presence, Seen};
use martydb::server::{Endpoint, Host, Login, Tls, TlsMode};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

const PASSWORD: &str = "sUperuserPassword0123456789abcd";
const MIGRATOR: &str = "migratorPassword0123456789abcdef";

pub struct Server {
    pub port: u16,
    pub folder: PathBuf,
    /// Ends the server when this process ends, however it ends: its end of the pipe closes.
    _guard: Child,
}

fn bin() -> PathBuf {
    if let Some(bin) = std::env::var_os("MARTYDB_PG_BIN") {
        return bin.into();
    }
    let mut all: Vec<_> =
        std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all.pop().expect("a PostgreSQL server").join("bin")
}

/// PostgreSQL refuses to run as root.
fn unprivileged(command: &mut Command) -> &mut Command {
    if uzers::get_current_uid() == 0 {
        let user = uzers::get_user_by_name("postgres").expect("the account postgres");
        command.uid(user.uid()).gid(user.primary_group_id());
    }
    command
}

fn start() -> Server {
    let folder = tempfile::Builder::new().prefix("martydb-migrate-").tempdir_in("/tmp").unwrap().keep();
    let password = folder.join("pw");
    std::fs::write(&password, PASSWORD).unwrap();
    if uzers::get_current_uid() == 0 {
        let user = uzers::get_user_by_name("postgres").expect("the account postgres");
        for path in [&folder, &password] {
            std::os::unix::fs::chown(path, Some(user.uid()), Some(user.primary_group_id())).unwrap();
        }
    }
    let data = folder.join("data");
    let made = unprivileged(&mut Command::new(bin().join("initdb")))
        .args(["-N", "-U", "super", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--pwfile"])
        .arg(&password)
        .arg("-D")
        .arg(&data)
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = format!(
        "{}/postgres -D {} -p {port} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
         -c autovacuum=off -c max_prepared_transactions=4 -c log_statement=all -c log_connections=on >{}/log 2>&1 & pid=$!; cat >/dev/null; \
         kill -QUIT $pid; wait $pid; rm -rf {}",
        bin().display(),
        data.display(),
        folder.display(),
        folder.display()
    );
    let guard = unprivileged(&mut Command::new("sh"))
        .args(["-c", &script])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !std::fs::read_to_string(folder.join("log")).unwrap_or_default().contains("ready to accept") {
        assert!(Instant::now() < deadline, "the server does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    Server { port, folder, _guard: guard }
}

pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

impl Server {
    pub async fn connect(&self, role: &str, password: &str, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(role)
            .password(password)
            .database(database);
        PgConnection::connect_with(&options).await.unwrap()
    }

    pub async fn admin(&self, database: &str) -> PgConnection {
        self.connect("super", PASSWORD, database).await
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }
}

/// One service, provisioned, with an empty folder.
pub struct Service {
    pub name: String,
    pub target: Target,
    pub folder: tempfile::TempDir,
    pub events: Mutex<Vec<Event>>,
}

pub async fn run(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await {
        panic!("{error}: {sql}");
    }
}

pub async fn rows(connection: &mut PgConnection, sql: &str) -> Vec<String> {
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
    pub fn absent(name: &str) -> Service {
        let folder = tempfile::tempdir().unwrap();
        let role = |suffix: &str| RoleName::new(format!("{name}_{suffix}")).unwrap();
        let target = Target {
            service: ServiceName::new(name).unwrap(),
            server: "main".into(),
            database: DbName::new(name).unwrap(),
            schemas: vec![SchemaName::new("public").unwrap()],
            owner: role("owner"),
            app: role("app"),
            readonly: role("ro"),
            endpoint: Endpoint {
                host: Host::Tcp("127.0.0.1".into()),
                port: server().port,
                tls: Tls { mode: TlsMode::Disable, ..Tls::default() },
            },
            login: Login::with_password(format!("{name}_migrator"), MIGRATOR.into()),
            folder: folder.path().into(),
            presence: Presence::Known(Seen::Unknown),
            lint: Default::default(),
        };
        Service { name: name.into(), target, folder, events: Mutex::default() }
    }

    /// Database and roles as `apply` makes them (role-model.md, section 2).
    pub async fn new(name: &str) -> Service {
        let service = Service::absent(name);
        let mut admin = server().admin("postgres").await;
        let modern = admin.server_version_num().unwrap() >= 160000;
        let member = if modern { " WITH ADMIN FALSE, INHERIT FALSE, SET TRUE" } else { "" };
        run(
            &mut admin,
            &format!(
                "CREATE ROLE {name}_owner NOLOGIN;
                 CREATE ROLE {name}_migrator LOGIN NOINHERIT CONNECTION LIMIT 5 PASSWORD '{MIGRATOR}';
                 CREATE ROLE {name}_app LOGIN PASSWORD '{MIGRATOR}'; CREATE ROLE {name}_ro LOGIN PASSWORD '{MIGRATOR}';
                 GRANT {name}_owner TO {name}_migrator{member}"
            ),
        )
        .await;
        run(&mut admin, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        let mut inside = server().admin(name).await;
        let defaults = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {name}_owner");
        run(
            &mut inside,
            &format!(
                "REVOKE ALL ON DATABASE {name} FROM PUBLIC;
                 GRANT CREATE, TEMPORARY ON DATABASE {name} TO {name}_owner;
                 ALTER SCHEMA public OWNER TO {name}_owner;
                 REVOKE ALL ON SCHEMA public FROM PUBLIC;
                 GRANT USAGE ON SCHEMA public TO {name}_app, {name}_ro;
                 {defaults} REVOKE ALL ON FUNCTIONS FROM PUBLIC; {defaults} REVOKE ALL ON TYPES FROM PUBLIC;
                 {defaults} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name}_app;
                 {defaults} GRANT SELECT ON TABLES TO {name}_ro;
                 {defaults} GRANT USAGE ON SCHEMAS TO {name}_app, {name}_ro;
                 ALTER ROLE {name}_migrator IN DATABASE {name} SET role = '{name}_owner';
                 GRANT CONNECT ON DATABASE {name} TO {name}_migrator, {name}_app, {name}_ro"
            ),
        )
        .await;
        service
    }

    pub fn write(&self, file: &str, sql: &str) -> &Self {
        std::fs::write(self.folder.path().join(file), sql).unwrap();
        self
    }

    pub fn remove(&self, file: &str) {
        std::fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    pub fn options(&self) -> Options {
        let operator = Operator { user: "tester".into(), host: "bench".into() };
        Options { lock_wait: Duration::from_secs(20), ..Options::new(operator) }
    }

    pub async fn upgrade(&self) -> Outcome {
        self.upgrade_with(&self.options()).await
    }

    pub async fn upgrade_with(&self, options: &Options) -> Outcome {
        upgrade(&self.target, options, &|event| self.events.lock().unwrap().push(event)).await
    }

    /// An upgrade that must go through; the versions it applied.
    pub async fn upgraded(&self) -> Vec<i64> {
        let outcome = self.upgrade().await;
        assert_eq!(outcome.error, None);
        outcome.applied.iter().map(|applied| applied.version).collect()
    }

    pub async fn admin(&self) -> PgConnection {
        server().admin(&self.name).await
    }

    pub async fn ask(&self, sql: &str) -> Vec<String> {
        rows(&mut self.admin().await, sql).await
    }

    pub async fn do_as_admin(&self, sql: &str) {
        run(&mut self.admin().await, sql).await;
    }

    /// martydb's history in short.
    pub async fn history(&self) -> Vec<String> {
        self.ask("SELECT id::text, action, version::text, outcome, attempts::text FROM martydb.history ORDER BY id").await
    }

    pub async fn migrator(&self) -> PgConnection {
        server().connect(&format!("{}_migrator", self.name), MIGRATOR, &self.name).await
    }

    pub async fn readonly(&self) -> PgConnection {
        server().connect(&format!("{}_ro", self.name), MIGRATOR, &self.name).await
    }

    pub async fn app(&self) -> PgConnection {
        server().connect(&format!("{}_app", self.name), MIGRATOR, &self.name).await
    }
}

pub fn path(service: &Service, file: &str) -> String {
    Path::new(service.folder.path()).join(file).display().to_string()
}
