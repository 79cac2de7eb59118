//! A throwaway PostgreSQL server. Each test has its own: the verifier looks at every database of a server, so
//! two tests on one would see each other.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use martydb_pg::server::{Endpoint, Host, Login, Tls, TlsMode, connect};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::runtime::Runtime;

use super::answer::{ask, block, state};
use super::until::{until, until_some};

/// The superuser's password: every TCP login of these servers needs one.
pub(crate) const ADMIN_PASSWORD: &str = "admin-secret-of-the-test";

/// Admin that provisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admin {
    /// The bootstrap superuser.
    Super,
    /// `LOGIN CREATEDB CREATEROLE` and nothing else.
    Limited,
}

impl Admin {
    /// Its role.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Admin::Super => "postgres",
            Admin::Limited => "adm",
        }
    }
}

/// A running server; dropping it stops it.
pub(crate) struct Server {
    /// The TCP port on 127.0.0.1.
    pub port: u16,
    folder: tempfile::TempDir,
    child: Option<Child>,
    /// `true` if the shell removes the folder: a server in a static is never dropped.
    shared: bool,
    /// Its programs.
    bin: PathBuf,
    /// The superuser's session in the maintenance database, for queries: a login costs more than most of them.
    session: Mutex<Option<Session>>,
}

/// A session with the runtime that drives it.
struct Session {
    runtime: Option<Runtime>,
    connection: PgConnection,
}

impl Session {
    fn ask(&mut self, sql: &str) -> Option<Vec<Vec<String>>> {
        self.runtime.as_ref()?.block_on(ask(&mut self.connection, sql)).ok()
    }
}

impl Drop for Session {
    /// A test within a runtime may not wait for the end of another one.
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

/// Returns `true` for a query that leaves nothing behind in its session and does not wait.
fn is_plain_query(sql: &str) -> bool {
    let words = [
        ";", "pg_sleep", "advisory", "set_config", "pg_terminate", "pg_reload", "nextval", "current_setting",
    ];
    sql.starts_with("SELECT ") && !words.iter().any(|word| sql.contains(word))
}

impl Server {
    /// Starts one that logs every statement and every connection.
    pub(crate) fn start() -> Server {
        Server::start_with(&[])
    }

    /// The same with more settings, each `name=value`.
    pub(crate) fn start_with(settings: &[&str]) -> Server {
        Server::prepare(settings, false)
    }

    /// The same with programs of another version than the one under test.
    pub(crate) fn start_from(bin: &Path) -> Server {
        Server::start_from_with(bin, &[])
    }

    /// The same with more settings.
    pub(crate) fn start_from_with(bin: &Path, settings: &[&str]) -> Server {
        Server::prepare_from(bin, settings, false)
    }

    /// Starts one with standbys: it keeps the WAL that they need from their beginning.
    pub(crate) fn with_standbys() -> Server {
        Server::start_with(&["wal_keep_size=512MB"])
    }

    /// Starts a standby of a server of [`Server::with_standbys`]. Both begin as copies of one cluster, so it streams all that
    /// the primary has written, and needs no base backup.
    pub(crate) fn standby(&self, settings: &[&str]) -> Server {
        let source = format!(
            "primary_conninfo=host=127.0.0.1 port={} user=postgres password={ADMIN_PASSWORD}",
            self.port
        );
        let standby = Server::prepare_from(&self.bin, &[settings, &[&source]].concat(), false);
        standby.catch_up_with(self);
        standby
    }

    /// Starts a standby of it as an operator does: from a base backup, which writes the address of the primary. The archives
    /// of other majors lack the program: there the standby is a copy.
    pub(crate) fn base_backup(&self, settings: &[&str]) -> Server {
        if !self.bin.join("pg_basebackup").exists() {
            return self.standby(settings);
        }
        let source = format!("host=127.0.0.1 port={} user=postgres password={ADMIN_PASSWORD}", self.port);
        let standby = Server::prepare_in(&self.bin, settings, false, |data| {
            let mut command = as_server_account(self.bin.join("pg_basebackup"));
            command.args(["-d", &source, "-R", "-c", "fast", "-D"]).arg(data);
            assert!(command.status().unwrap().success());
        });
        standby.catch_up_with(self);
        standby
    }

    /// Waits until this standby has replayed everything that its primary has written.
    pub(crate) fn catch_up_with(&self, primary: &Server) {
        let written = primary.value("postgres", "SELECT pg_current_wal_flush_lsn()");
        let replayed = format!("SELECT (pg_last_wal_replay_lsn() >= '{written}')::text");
        until("the standby has replayed everything", || self.value("postgres", &replayed) == "true");
    }

    /// Puts lines before the others of pg_hba.conf, and reloads it.
    pub(crate) fn let_in(&self, lines: &str) {
        let path = self.data().join("pg_hba.conf");
        let rest = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{lines}{rest}")).unwrap();
        self.reload();
    }

    /// One for all tests of this process, started on a thread of its own: a test within a runtime may call it.
    pub(crate) fn shared(settings: &'static [&str]) -> Server {
        std::thread::spawn(move || Server::prepare(settings, true)).join().unwrap()
    }

    /// The same as [`Server::start_with`] for a test within a runtime.
    pub(crate) async fn start_async(settings: &'static [&str]) -> Server {
        tokio::task::spawn_blocking(move || Server::prepare(settings, false)).await.unwrap()
    }

    /// Starts one on a copy of the data of a server that has stopped.
    pub(crate) fn copied(from: &Server, settings: &[&str]) -> Server {
        Server::prepare_in(&from.bin, settings, false, |data| copy(&from.data(), data))
    }

    fn prepare(settings: &[&str], shared: bool) -> Server {
        Server::prepare_from(&bin(), settings, shared)
    }

    fn prepare_from(bin: &Path, settings: &[&str], shared: bool) -> Server {
        Server::prepare_in(bin, settings, shared, |data| copy(&template(bin), data))
    }

    fn prepare_in(bin: &Path, settings: &[&str], shared: bool, fill: impl FnOnce(&Path)) -> Server {
        let folder = tempfile::Builder::new().prefix("martydb-it-").tempdir().unwrap();
        give(folder.path());
        let data = folder.path().join("data");
        fill(&data);
        let port = free_port();
        let base = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "full_page_writes=off",
            // Each session maps what it touches of them.
            "shared_buffers=16MB",
            // As with segments of the usual size.
            "max_wal_size=1GB",
            "autovacuum=off",
            "log_statement=all",
            "log_connections=on",
            "log_line_prefix=%p %u@%d ",
            "password_encryption=scram-sha-256",
            "max_connections=100",
        ];
        let mut config = std::fs::OpenOptions::new().append(true).open(data.join("postgresql.conf")).unwrap();
        for setting in base.iter().chain(settings) {
            let (name, value) = setting.split_once('=').unwrap();
            writeln!(config, "{name} = '{value}'").unwrap();
        }
        if settings.iter().any(|setting| setting.starts_with("primary_conninfo=")) {
            std::fs::write(data.join("standby.signal"), "").unwrap();
            give(&data.join("standby.signal"));
        }
        writeln!(config, "port = {port}\nunix_socket_directories = '{}'", folder.path().display()).unwrap();
        let session = Mutex::default();
        let mut server = Server { port, folder, child: None, shared, bin: bin.to_owned(), session };
        while !server.try_launch() {
            server.crash();
            server.port = free_port();
            writeln!(config, "port = {}", server.port).unwrap();
        }
        if !shared {
            running().insert(server.port, server.log_path());
        }
        server
    }

    /// Starts the stopped server again, on the same data and port.
    pub(crate) fn launch(&mut self) {
        assert!(self.try_launch(), "its port was taken meanwhile");
    }

    /// Returns `true` if it has got its port. Tests of another process may have been given the same.
    fn try_launch(&mut self) -> bool {
        let mark = self.log().len();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        give(&self.log_path());
        // The shell waits for its input to end: when this test process dies, however it dies, the server stops.
        let remove =
            if self.shared { format!("; rm -rf '{}'", self.folder().display()) } else { String::new() };
        let script = format!(
            "'{}/postgres' -D '{}' & pid=$!; read _; kill -QUIT $pid; wait $pid{remove}",
            self.bin.display(),
            self.data().display()
        );
        let mut command = as_server_account("sh");
        command.args(["-c", &script]).stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let here = self.data().display().to_string();
        until_some(fmt::from_fn(|out| write!(out, "the server starts:\n{}", self.log())), || {
            let place = self.try_sql(self.options("postgres"), "SHOW data_directory");
            let ready = place.is_ok_and(|rows| rows == [[here.clone()]]);
            let taken = || self.log_since(mark).contains("could not bind IPv4 address");
            ready.then_some(true).or_else(|| taken().then_some(false))
        })
    }

    /// Has it read its configuration again, pg_hba.conf, pg_ident.conf and certificates too, and waits until it has. A new
    /// session is told when the postmaster did, or is refused by what it has read.
    pub(crate) fn reload(&self) {
        let loaded =
            || self.sql_as("postgres", ADMIN_PASSWORD, "postgres", "SELECT pg_conf_load_time()::text");
        let before = loaded();
        self.sql("postgres", "SELECT pg_reload_conf()");
        until("the configuration is read", || loaded() != before);
    }

    /// Stops the server as an operator does, with everything on disk.
    pub(crate) fn stop(&self) {
        let file = self.data().join("postmaster.pid");
        let text = std::fs::read_to_string(&file).unwrap();
        let pid = text.lines().next().unwrap();
        assert!(Command::new("kill").args(["-INT", pid]).status().unwrap().success());
        until("the server has stopped", || !file.exists());
    }

    /// Stops the server at once, as a crash would.
    pub(crate) fn crash(&mut self) {
        *self.session.lock().unwrap() = None;
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    /// The folder of the server: its data, its log and its socket.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder().join("log")
    }

    /// Everything the server has logged.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    /// Returns its log after `mark` bytes.
    pub(crate) fn log_since(&self, mark: usize) -> String {
        self.log()[mark..].to_owned()
    }

    /// The admin's URL without its password.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// The URL of either kind of admin; the limited one is made by [`Server::with_both_admins`].
    pub(crate) fn url_of(&self, admin: Admin) -> String {
        self.url().replace("//postgres@", &format!("//{}@", admin.role()))
    }

    /// Starts a server with a second admin as managed clouds have it: it logs in, and may create databases and roles.
    pub(crate) fn with_both_admins() -> Server {
        let server = Server::start();
        server.add_limited_admin();
        server
    }

    /// Starts one that has the limited admin only if it is asked for: to the superuser it is an unmanaged role with power.
    pub(crate) fn for_admin(admin: Admin) -> Server {
        match admin {
            Admin::Super => Server::start(),
            Admin::Limited => Server::with_both_admins(),
        }
    }

    /// Makes the limited admin.
    pub(crate) fn add_limited_admin(&self) {
        let sql = format!("CREATE ROLE adm LOGIN CREATEDB CREATEROLE PASSWORD '{ADMIN_PASSWORD}'");
        self.sql("postgres", &sql);
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .password(ADMIN_PASSWORD)
            .database(database)
            .ssl_mode(sqlx::postgres::PgSslMode::Disable)
            .disable_statement_logging()
    }

    /// A connection for a test within a runtime.
    pub(crate) async fn connect(&self, role: &str, password: &str, database: &str) -> PgConnection {
        self.try_connect(role, password, database).await.unwrap()
    }

    /// The same where the server may refuse it.
    pub(crate) async fn try_connect(
        &self,
        role: &str,
        password: &str,
        database: &str,
    ) -> sqlx::Result<PgConnection> {
        self.options(database).username(role).password(password).connect().await
    }

    /// The superuser's connection.
    pub(crate) async fn admin(&self, database: &str) -> PgConnection {
        self.options(database).connect().await.unwrap()
    }

    /// Runs SQL as the superuser and returns the rows as text.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Vec<Vec<String>> {
        let asked = if database == "postgres" && is_plain_query(sql) { self.query(sql) } else { None };
        asked.unwrap_or_else(|| {
            self.try_sql(self.options(database), sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
        })
    }

    /// Asks in the kept session; `None` if it is busy, or the server has ended it or refuses the query.
    fn query(&self, sql: &str) -> Option<Vec<Vec<String>>> {
        let mut kept = self.session.try_lock().ok()?;
        if kept.is_none() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let connection = runtime.block_on(self.options("postgres").connect()).ok()?;
            *kept = Some(Session { runtime: Some(runtime), connection });
        }
        let answer = kept.as_mut()?.ask(sql);
        if answer.is_none() {
            *kept = None;
        }
        answer
    }

    /// The same as another role; the error is its SQLSTATE.
    pub(crate) fn sql_as(
        &self,
        role: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<Vec<Vec<String>>, String> {
        self.try_sql(self.options(database).username(role).password(password), sql)
    }

    fn try_sql(&self, options: PgConnectOptions, sql: &str) -> Result<Vec<Vec<String>>, String> {
        block(async {
            let mut connection: PgConnection = options.connect().await.map_err(state)?;
            ask(&mut connection, sql).await
        })
    }

    /// Runs each statement as `role` in one session, whatever became of the one before.
    pub(crate) fn each_as(
        &self,
        role: &str,
        password: &str,
        database: &str,
        statements: &[String],
    ) -> Vec<Result<Vec<Vec<String>>, String>> {
        block(async {
            let mut connection = self.connect(role, password, database).await;
            let mut answers = vec![];
            for sql in statements {
                let answer = ask(&mut connection, sql).await;
                if answer.is_err() {
                    ask(&mut connection, "ROLLBACK").await.unwrap();
                }
                answers.push(answer);
            }
            answers
        })
    }

    /// Everything a database holds, for comparing.
    pub(crate) fn catalog(&self, database: &str) -> martydb_migrate::history::Catalog {
        block(async {
            let endpoint = Endpoint {
                host: Host::Tcp("127.0.0.1".into()),
                port: self.port,
                tls: Tls { mode: TlsMode::Disable, ..Tls::default() },
            };
            let login = Login::of_admin("postgres", Some(ADMIN_PASSWORD.into()));
            let mut connection = connect(&endpoint, &login, database).await.unwrap();
            martydb_migrate::history::Catalog::read(&mut connection).await.unwrap()
        })
    }

    /// The single value of a query.
    pub(crate) fn value(&self, database: &str, sql: &str) -> String {
        self.sql(database, sql).into_iter().flatten().next().unwrap_or_default()
    }

    /// The server's major version.
    pub(crate) fn major(&self) -> u32 {
        self.value("postgres", "SELECT current_setting('server_version_num')").parse::<u32>().unwrap() / 10000
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        running().remove(&self.port);
        self.crash();
    }
}

/// The logs of the servers that run, by port.
pub(crate) fn running() -> MutexGuard<'static, BTreeMap<u16, PathBuf>> {
    static LOGS: Mutex<BTreeMap<u16, PathBuf>> = Mutex::new(BTreeMap::new());
    LOGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ports below the ephemeral ones, which Linux gives to outgoing connections (from 32768 on): while a server is stopped, no
/// connection takes its port.
const PORTS: std::ops::Range<u32> = 10_000..32_000;

/// Ports are handed out once per process, and each process begins elsewhere: between the look at one and the server's bind, another
/// test must not get the same.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let place = std::process::id().wrapping_mul(251).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(PORTS.start + place % (PORTS.end - PORTS.start)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Returns `true` if the server under test is another than the system's; such a build may lack a library or a client.
pub(crate) fn built_elsewhere() -> bool {
    std::env::var_os("MARTYDB_PG_BIN").is_some()
}

/// A client program; the folder of the server under test may hold none.
fn client(program: &str) -> PathBuf {
    let beside = bin().join(program);
    if beside.exists() { beside } else { program.into() }
}

/// Returns `true` if this `pg_dump` reads a server of that major: it must not be older.
pub(crate) fn reads(program: &Path, major: u32) -> bool {
    major_of(program).is_some_and(|version| version >= major)
}

fn major_of(program: &Path) -> Option<u32> {
    let said = std::process::Command::new(program).arg("--version").output();
    let said = said.map(|done| String::from_utf8(done.stdout).unwrap()).unwrap_or_default();
    said.split_whitespace().nth(2)?.split('.').next()?.parse().ok()
}

/// Returns `true` if the `pg_dump` on PATH reads the servers that martydb starts from the programs under test.
pub(crate) fn can_dump_embedded() -> bool {
    reads(Path::new("pg_dump"), major_of(&bin().join("postgres")).unwrap())
}

/// Returns `true` if the `pg_dump` on PATH reads the servers of this run. The system's server comes with its own.
pub(crate) fn can_dump(server: &Server) -> bool {
    let reads = reads(Path::new("pg_dump"), server.major());
    assert!(reads || built_elsewhere(), "the system's server comes with pg_dump");
    reads
}

pub(crate) fn psql() -> PathBuf {
    client("psql")
}

/// The programs under test: those the product itself would take.
pub(crate) fn bin() -> PathBuf {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        if let Ok(named) = std::env::var("MARTYDB_PG_BIN") {
            return PathBuf::from(named);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut candidates = std::env::split_paths(&path).map(|folder| folder.join("initdb"));
        let initdb = candidates.find(|file| file.is_file()).expect("initdb on PATH, or MARTYDB_PG_BIN");
        // A distribution may have put a link there, without the other programs beside it.
        initdb.canonicalize().unwrap().parent().unwrap().to_owned()
    })
    .clone()
}

/// One initdb for all servers of this process and version; each gets a copy.
fn template(bin: &Path) -> PathBuf {
    static TEMPLATES: Mutex<BTreeMap<PathBuf, tempfile::TempDir>> = Mutex::new(BTreeMap::new());
    let mut templates = TEMPLATES.lock().unwrap();
    let folder = templates.entry(bin.to_owned()).or_insert_with(|| {
        let folder = tempfile::Builder::new().prefix("martydb-it-template-").tempdir().unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, ADMIN_PASSWORD).unwrap();
        give(folder.path());
        give(&password);
        let initdb = as_server_account(bin.join("initdb"))
            .arg("-D")
            .arg(folder.path().join("data"))
            .args([
                "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync",
                // Every server begins with a copy of its first segment: 16 MB, where a test writes a few.
                "--wal-segsize=1", "--pwfile",
            ])
            .arg(&password)
            .output()
            .unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        folder
    });
    folder.path().join("data")
}

/// PostgreSQL refuses to run as root.
fn account() -> Option<(u32, u32)> {
    let root = rustix::process::geteuid().is_root();
    let user = || ["postgres", "nobody"].iter().find_map(uzers::get_user_by_name).unwrap();
    root.then(|| (user().uid(), user().primary_group_id()))
}

fn as_server_account(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = account() {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").process_group(0);
    command
}

fn give(path: &Path) {
    if let Some((uid, gid)) = account() {
        std::os::unix::fs::chown(path, Some(uid), Some(gid)).unwrap();
    }
    if path.is_dir() {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = as_server_account("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}
