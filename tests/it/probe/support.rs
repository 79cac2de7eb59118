//! A server to throw away, and services on it.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use martydb::model::{DbName, RoleKind, RoleName, ServiceName};
use martydb::probe::{DatabaseKind, Door, ProbeDatabase, ProbeLogin, Task};
use martydb::server::{self, Endpoint, Host, Login, Tls};
use martydb::sql::Statement;
use secrecy::SecretString;

pub const HBA: &str = "local all admin trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

/// A throwaway server with `log_connections=on`.
pub struct Server {
    pub folder: tempfile::TempDir,
    pub bin: PathBuf,
    pub port: u16,
}

pub fn bin() -> PathBuf {
    if let Some(bin) = std::env::var_os("MARTYDB_PG_BIN") {
        return bin.into();
    }
    let folders = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL, or MARTYDB_PG_BIN");
    folders.map(|entry| entry.unwrap().path().join("bin")).max().expect("a server's binaries")
}

/// PostgreSQL does not run as root.
pub fn unprivileged(program: &Path) -> Command {
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
    pub async fn start() -> Server {
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

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = unprivileged(&self.bin.join(program));
        command.arg("-D").arg(self.file("data")).args(arguments).stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{program}");
    }

    pub fn hba(&self, text: &str) {
        fs::write(self.file("data/pg_hba.conf"), text).unwrap();
    }

    pub async fn reload_hba(&self, text: &str) {
        self.hba(text);
        self.sql("postgres", "SELECT pg_reload_conf()").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    pub async fn sql(&self, database: &str, text: &str) {
        let endpoint = Endpoint { host: Host::Socket(self.folder.path().into()), ..self.endpoint() };
        let admin = Login::of_admin("admin", None);
        let mut connection = server::connect(&endpoint, &admin, database).await.unwrap();
        server::execute_warned(&mut connection, &Statement::from_migration_file(text)).await.expect(text);
        // The server counts a session until its process has ended, and would not drop its database.
        connection.close().await;
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint { host: Host::Tcp("127.0.0.1".into()), port: self.port, tls: Tls::default() }
    }

    /// How often somebody has connected over TCP since the server was started.
    pub fn attempts(&self) -> usize {
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

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub fn password(role: &str) -> String {
    format!("pw of {role}")
}

/// A service with odd names, or plain ones: the contract's roles, made as the role model says.
pub async fn provision(server: &Server, service: &str, odd: &str) -> Vec<ProbeLogin> {
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

pub async fn three_services(server: &Server, odd: &str) -> Task {
    let mut logins = vec![];
    for service in ["alpha", "beta", "gamma"] {
        logins.extend(provision(server, service, odd).await);
    }
    task(server, logins)
}

pub fn task(server: &Server, logins: Vec<ProbeLogin>) -> Task {
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
        sample: false,
    }
}
