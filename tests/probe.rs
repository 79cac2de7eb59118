//! The live probes against a real server, which each test starts for itself and throws away.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use martydb::error::Kind;
use martydb::model::{DbName, RoleKind, RoleName, ServiceName};
use martydb::probe::{
    self, DatabaseKind, Door, Matrix, ProbeDatabase, ProbeLogin, Task, Verdict, judge, try_all, try_own,
    unwatched,
};
use martydb::server::{self, Endpoint, Host, Login, Tls, TlsMode};
use martydb::sql::Statement;
use secrecy::SecretString;

const HBA: &str = "local all admin trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

/// A throwaway server with `log_connections=on`.
struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

fn bin() -> PathBuf {
    if let Some(bin) = std::env::var_os("MARTYDB_PG_BIN") {
        return bin.into();
    }
    let folders = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL, or MARTYDB_PG_BIN");
    folders.map(|entry| entry.unwrap().path().join("bin")).max().expect("a server's binaries")
}

/// PostgreSQL does not run as root.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new(program);
    if fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0) {
        let id = |flag| {
            let out = Command::new("id").args([flag, "nobody"]).output().unwrap();
            String::from_utf8(out.stdout).unwrap().trim().parse::<u32>().unwrap()
        };
        command.gid(id("-g")).uid(id("-u"));
    }
    command.stdin(Stdio::null()).current_dir("/");
    command
}

impl Server {
    async fn start() -> Server {
        let folder = tempfile::Builder::new().prefix("martydb-probe").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Server { folder, bin: bin(), port };
        server.run("initdb", &["-U", "admin", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]);
        server.hba(HBA);
        let mut conf = fs::OpenOptions::new().append(true).open(server.file("data/postgresql.conf")).unwrap();
        let socket = server.folder.path().display();
        write!(
            conf,
            "port={port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories='{socket}'\nfsync=off\n\
             log_connections=on\npassword_encryption='scram-sha-256'\nmax_connections=30\n"
        )
        .unwrap();
        server.run("pg_ctl", &["-w", "-l", server.file("log").to_str().unwrap(), "start"]);
        server.sql("postgres", "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC").await;
        server
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = unprivileged(&self.bin.join(program));
        command.arg("-D").arg(self.file("data")).args(arguments).stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{program}");
    }

    fn hba(&self, text: &str) {
        fs::write(self.file("data/pg_hba.conf"), text).unwrap();
    }

    async fn reload_hba(&self, text: &str) {
        self.hba(text);
        self.sql("postgres", "SELECT pg_reload_conf()").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    async fn sql(&self, database: &str, text: &str) {
        let endpoint = Endpoint { host: Host::Socket(self.folder.path().into()), ..self.endpoint() };
        let admin = Login { role: "admin".into(), password: None };
        let mut connection = server::connect(&endpoint, &admin, database).await.unwrap();
        server::execute(&mut connection, &Statement::from_migration_file(text)).await.expect(text);
        // The server counts a session until its process has ended, and would not drop its database.
        drop(sqlx::Connection::close(connection).await);
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint { host: Host::Tcp("127.0.0.1".into()), port: self.port, tls: Tls::default() }
    }

    /// How often somebody has connected over TCP since the server was started.
    fn attempts(&self) -> usize {
        let log = fs::read_to_string(self.file("log")).unwrap();
        log.lines().filter(|line| line.contains("connection received: host=127.0.0.1")).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = unprivileged(&self.bin.join("pg_ctl"));
        let _ = stop.arg("-D").arg(self.file("data")).args(["-m", "immediate", "stop"]).output();
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn password(role: &str) -> String {
    format!("pw of {role}")
}

/// A service with odd names, or plain ones: the contract's roles, made as the role model says.
async fn provision(server: &Server, service: &str, odd: &str) -> Vec<ProbeLogin> {
    let name = |suffix: &str| format!("{service}{odd}_{suffix}");
    let [db, owner, migrator, app, ro] = ["db", "owner", "migrator", "app", "ro"].map(|s| quoted(&name(s)));
    let secret = |suffix: &str| password(&name(suffix)).replace('\'', "''");
    server
        .sql(
            "postgres",
            &format!(
                "CREATE ROLE {owner} NOLOGIN;
                 CREATE ROLE {migrator} LOGIN NOINHERIT CONNECTION LIMIT 5 PASSWORD '{}';
                 CREATE ROLE {app} LOGIN CONNECTION LIMIT 50 PASSWORD '{}';
                 CREATE ROLE {ro} LOGIN CONNECTION LIMIT 1 PASSWORD '{}';
                 GRANT {owner} TO {migrator};",
                secret("migrator"),
                secret("app"),
                secret("ro")
            ),
        )
        .await;
    server.sql("postgres", &format!("CREATE DATABASE {db} TEMPLATE template0")).await;
    server
        .sql(
            "postgres",
            &format!(
                "REVOKE ALL ON DATABASE {db} FROM PUBLIC;
                 GRANT CREATE, TEMPORARY ON DATABASE {db} TO {owner};
                 ALTER ROLE {migrator} IN DATABASE {db} SET role = {owner};
                 GRANT CONNECT ON DATABASE {db} TO {migrator}, {app}, {ro};"
            ),
        )
        .await;
    let kinds = [(RoleKind::Migrator, "migrator"), (RoleKind::App, "app"), (RoleKind::Readonly, "ro")];
    let login = |(kind, suffix): (RoleKind, &str)| ProbeLogin {
        service: ServiceName::new(service).unwrap(),
        kind,
        role: RoleName::new(name(suffix)).unwrap(),
        database: DbName::new(name("db")).unwrap(),
        password: Some(SecretString::from(password(&name(suffix)))),
    };
    kinds.into_iter().map(login).collect()
}

async fn three_services(server: &Server, odd: &str) -> Task {
    let mut logins = vec![];
    for service in ["alpha", "beta", "gamma"] {
        logins.extend(provision(server, service, odd).await);
    }
    task(server, logins)
}

fn task(server: &Server, logins: Vec<ProbeLogin>) -> Task {
    let database = |name: &str, kind, allow_connections| ProbeDatabase {
        name: DbName::found(name).unwrap(),
        allow_connections,
        kind,
        door: Door::Closed,
    };
    let mut databases: Vec<_> = logins
        .iter()
        .map(|login| database(login.database.as_str(), DatabaseKind::Service(login.service.clone()), true))
        .collect();
    databases.dedup();
    databases.push(database("postgres", DatabaseKind::Maintenance, true));
    databases.push(database("template0", DatabaseKind::Template, false));
    databases.push(database("template1", DatabaseKind::Template, true));
    Task {
        server: "main".into(),
        endpoint: server.endpoint(),
        logins,
        databases,
        concurrency: 4,
        timeout: Duration::from_secs(10),
    }
}

async fn look(task: &Task) -> Matrix {
    judge(task, &try_all(task, unwatched()).await.unwrap(), None)
}

/// The probes that did not pass, as `role database outcome sqlstate`.
fn wrong(matrix: &Matrix) -> Vec<String> {
    let wrong =
        matrix.matrix.iter().filter(|probe| matches!(probe.outcome, Verdict::Breach | Verdict::Inconclusive));
    wrong
        .map(|probe| {
            let sqlstate = probe.sqlstate.as_deref().unwrap_or("-");
            format!("{} {} {:?} {sqlstate}", probe.role, probe.database, probe.outcome)
        })
        .collect()
}

/// Every probe of this role is inconclusive, and every other passed.
fn only_inconclusive(matrix: &Matrix, role: &str, sqlstate: &str) {
    for probe in &matrix.matrix {
        let mine = probe.role == role;
        assert_eq!(probe.outcome == Verdict::Inconclusive, mine, "{probe:?}");
        assert!(!mine || probe.why.is_some(), "{probe:?}");
        assert!(!mine || probe.sqlstate.as_deref() == Some(sqlstate), "{probe:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn isolated_services_are_green_and_breaches_are_found() {
    let server = Server::start().await;
    let task = three_services(&server, "").await;
    let before = server.attempts();
    let matrix = look(&task).await;
    assert_eq!(wrong(&matrix), Vec::<String>::new());
    assert_eq!((matrix.summary.probes, matrix.summary.passed), (45, 45));
    assert_eq!(matrix.skipped.len(), 1);
    assert_eq!(server.attempts() - before, 45, "one attempt for each cell");
    assert_eq!(task.probes(), 45);

    server.sql("postgres", "GRANT CONNECT ON DATABASE beta_db TO alpha_ro").await;
    let matrix = look(&task).await;
    assert_eq!(wrong(&matrix), ["alpha_ro beta_db Breach -"]);
    assert_eq!(matrix.findings.len(), 1);
    assert_eq!(matrix.findings[0].service.as_deref(), Some("beta"));
    assert_eq!(matrix.findings[0].role, "alpha_ro");

    server.sql("postgres", "REVOKE CONNECT ON DATABASE beta_db FROM alpha_ro").await;
    server.sql("postgres", "GRANT CONNECT ON DATABASE postgres, beta_db TO PUBLIC").await;
    let matrix = look(&task).await;
    assert_eq!((matrix.summary.breaches, matrix.summary.inconclusive), (9 + 6, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_fails_at_home_proves_nothing_elsewhere() {
    let server = Server::start().await;
    let mut task = three_services(&server, "").await;
    let cases = [
        ("ALTER ROLE alpha_app NOLOGIN", "ALTER ROLE alpha_app LOGIN", "28000"),
        ("ALTER ROLE alpha_app CONNECTION LIMIT 0", "ALTER ROLE alpha_app CONNECTION LIMIT 9", "53300"),
        (
            "ALTER ROLE alpha_app VALID UNTIL '2001-01-01'",
            "ALTER ROLE alpha_app VALID UNTIL 'infinity'",
            "28P01",
        ),
        (
            "REVOKE CONNECT ON DATABASE alpha_db FROM alpha_app",
            "GRANT CONNECT ON DATABASE alpha_db TO alpha_app",
            "42501",
        ),
    ];
    for (break_it, mend_it, sqlstate) in cases {
        server.sql("postgres", break_it).await;
        only_inconclusive(&look(&task).await, "alpha_app", sqlstate);
        server.sql("postgres", mend_it).await;
    }
    task.logins[1].password = Some(SecretString::from("stale"));
    only_inconclusive(&look(&task).await, "alpha_app", "28P01");
    task.logins[1].password = None;
    let matrix = look(&task).await;
    assert!(
        matrix
            .matrix
            .iter()
            .all(|probe| { (probe.outcome == Verdict::Inconclusive) == (probe.role == "alpha_app") })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_that_are_gone_closed_or_full_are_not_denials() {
    let server = Server::start().await;
    let task = three_services(&server, "").await;
    server.sql("postgres", "GRANT CONNECT ON DATABASE beta_db TO alpha_app").await;
    server.sql("postgres", "ALTER DATABASE beta_db CONNECTION LIMIT 0").await;
    let matrix = look(&task).await;
    let full = matrix.matrix.iter().find(|p| p.role == "alpha_app" && p.database == "beta_db").unwrap();
    assert_eq!(full.outcome, Verdict::Inconclusive);
    assert!(full.why.as_deref().unwrap().contains("does hold CONNECT"), "{full:?}");

    server.sql("postgres", "DROP DATABASE beta_db").await;
    server.sql("postgres", "ALTER DATABASE gamma_db ALLOW_CONNECTIONS false").await;
    let matrix = look(&task).await;
    for probe in &matrix.matrix {
        let expected = match (probe.service.as_str(), probe.database.as_str()) {
            (_, "beta_db") => (Verdict::Inconclusive, Some("3D000")),
            (_, "gamma_db") => (Verdict::Inconclusive, Some("55000")),
            ("alpha", "alpha_db") => (Verdict::Allowed, None),
            ("alpha", _) => (Verdict::Denied, Some("42501")),
            _ => (Verdict::Inconclusive, Some("42501")),
        };
        assert_eq!((probe.outcome, probe.sqlstate.as_deref()), expected, "{probe:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_authentication_is_spoken() {
    let server = Server::start().await;
    let task = three_services(&server, "").await;
    server
        .sql("postgres", "SET password_encryption = 'md5'; ALTER ROLE alpha_app PASSWORD 'pw of alpha_app'")
        .await;
    let lines = "host all gamma_app 127.0.0.1/32 trust\nhost all gamma_ro 127.0.0.1/32 password\n\
                 host all alpha_app 127.0.0.1/32 md5\nhost beta_db gamma_migrator 127.0.0.1/32 reject\n";
    server.reload_hba(&format!("{lines}{HBA}")).await;
    let matrix = look(&task).await;
    assert_eq!(wrong(&matrix), Vec::<String>::new());
    let rejected = matrix.matrix.iter().find(|p| p.role == "gamma_migrator" && p.database == "beta_db");
    assert_eq!(rejected.unwrap().sqlstate.as_deref(), Some("28000"));

    // Over the socket nobody but the admin is let in by this pg_hba.conf.
    let socket = Endpoint { host: Host::Socket(server.folder.path().into()), ..server.endpoint() };
    let matrix = look(&Task { endpoint: socket, ..task }).await;
    assert!(matrix.matrix.iter().all(|probe| probe.outcome == Verdict::Inconclusive));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_passwords_may_hold_anything() {
    let server = Server::start().await;
    let mut task = three_services(&server, " \"o'dd\\ é 名").await;
    server.sql("postgres", "ALTER ROLE \"alpha \"\"o'dd\\ é 名_app\" PASSWORD 'I\u{ad}X ª ⅸ p\u{e9}'").await;
    // The same password after SASLprep.
    task.logins[1].password = Some(SecretString::from("IX a ix p\u{e9}"));
    let matrix = look(&task).await;
    assert_eq!(wrong(&matrix), Vec::<String>::new());
    assert_eq!(matrix.summary.probes, 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_tested_and_timed() {
    let server = Server::start().await;
    let mut task = three_services(&server, "").await;
    task.logins[2].password = Some(SecretString::from("stale"));
    let attempts = try_own(&task, unwatched()).await.unwrap();
    let all = probe::connections(&task, &attempts);
    assert_eq!(all.len(), 9);
    for (n, row) in all.iter().enumerate() {
        assert_eq!(row.outcome == probe::Reached::Ok, n != 2, "{row:?}");
        assert!(row.latency_ms.is_some_and(|ms| ms > 0.0));
        assert_eq!(row.tls, (n != 2).then_some(false));
        assert_eq!(row.error.is_some(), n == 2);
    }
    assert!(!format!("{task:?}").contains("pw of"), "no password in a debug print");
}

fn at(port: u16, mode: TlsMode) -> Task {
    let login = ProbeLogin {
        service: ServiceName::new("alpha").unwrap(),
        kind: RoleKind::App,
        role: RoleName::new("alpha_app").unwrap(),
        database: DbName::new("alpha_db").unwrap(),
        password: Some(SecretString::from("secret")),
    };
    Task {
        server: "main".into(),
        endpoint: Endpoint { host: Host::Tcp("127.0.0.1".into()), port, tls: Tls { mode, ..Tls::default() } },
        logins: vec![login],
        databases: vec![ProbeDatabase {
            name: DbName::new("beta_db").unwrap(),
            allow_connections: true,
            kind: DatabaseKind::Unmanaged,
            door: Door::Closed,
        }],
        concurrency: 2,
        timeout: Duration::from_millis(500),
    }
}

/// Answers every connection with the same bytes.
fn parrot(bytes: &'static [u8]) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(bytes);
            std::thread::spawn(move || std::thread::sleep(Duration::from_secs(2)));
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_talks_nonsense_proves_nothing() {
    let answers: [&[u8]; 7] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"",
        b"N",
        b"S this is no TLS handshake at all",
        b"E\0\0\0\x04",
        b"R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    for bytes in answers {
        for mode in [TlsMode::Disable, TlsMode::Prefer, TlsMode::Require] {
            let task = at(parrot(bytes), mode);
            match try_all(&task, unwatched()).await {
                Ok(seen) => {
                    let matrix = judge(&task, &seen, None);
                    assert_eq!(matrix.summary.inconclusive, 2, "{bytes:?} {mode:?} {matrix:?}");
                }
                Err(error) => assert_eq!(error.kind, Kind::Unreachable, "{bytes:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let error = try_all(&at(1, TlsMode::Prefer), unwatched()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(!error.causes.is_empty());
    let attempts = try_own(&at(1, TlsMode::Prefer), unwatched()).await.unwrap();
    let rows = probe::connections(&at(1, TlsMode::Prefer), &attempts);
    assert_eq!(rows[0].outcome, probe::Reached::Failed);
}
