//! A server to throw away, and services on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use martydb_isolation::probe::{AccessPolicy, ProbeDatabase, ProbeLogin, ProbeSelection, Task};
use martydb_model::DatabaseKind;
use martydb_model::error::Error;
use martydb_model::sql::Statement;
use martydb_model::{DbName, RoleKind, RoleName, ServiceName};
use martydb_pg::server::{self, Connection, Endpoint, Host, Login, Tls};
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor};

use crate::support::{self, Reference, until_async};

pub(crate) const HBA: &str = "local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

/// A throwaway server that lets the superuser in over its socket without a password.
pub(crate) struct Server(support::Server);

impl Server {
    pub(crate) async fn start() -> Server {
        let server = Server(support::Server::start_async(&["max_connections=30"]).await);
        server.hba(HBA);
        let mut admin = server.0.admin("postgres").await;
        admin.execute("SELECT pg_reload_conf()").await.unwrap();
        admin.close().await.unwrap();
        // The server reads the file some time after it was asked to.
        until_async("pg_hba.conf is read", async || server.over_socket("postgres").await.is_ok()).await;
        server.sql("postgres", "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC").await;
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.folder()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn hba(&self, text: &str) {
        fs::write(self.file("data/pg_hba.conf"), text).unwrap();
    }

    pub(crate) async fn reload_hba(&self, text: &str) {
        self.hba(text);
        let before = self.loaded().await;
        self.sql("postgres", "SELECT pg_reload_conf()").await;
        until_async("pg_hba.conf is read", async || self.loaded().await != before).await;
    }

    /// Time at which the postmaster last read its files.
    async fn loaded(&self) -> String {
        let options = PgConnectOptions::new_without_pgpass().socket(self.folder()).port(self.port());
        let mut admin = options.username("postgres").database("postgres").connect().await.unwrap();
        let loaded =
            sqlx::query_scalar("SELECT pg_conf_load_time()::text").fetch_one(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        loaded
    }

    async fn over_socket(&self, database: &str) -> Result<Connection, Error> {
        let endpoint = Endpoint { host: Host::Socket(self.folder().into()), ..self.endpoint() };
        server::connect(&endpoint, &Login::of_admin("postgres", None), database).await
    }

    pub(crate) async fn sql(&self, database: &str, text: &str) {
        let mut connection = self.over_socket(database).await.unwrap();
        server::execute_warned(&mut connection, &Statement::from_migration_file(text)).await.expect(text);
        // The server counts a session until its process has ended, and would not drop its database.
        connection.close().await;
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { host: Host::Tcp("127.0.0.1".into()), port: self.port(), tls: Tls::default() }
    }

    /// Returns the number of clients that have connected over TCP since the server was started.
    pub(crate) fn attempts(&self) -> usize {
        self.0.log().lines().filter(|line| line.contains("connection received: host=127.0.0.1")).count()
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(crate) fn password(role: &str) -> String {
    format!("pw of {role}")
}

/// A service with odd names, or plain ones: the contract's roles, made as the role model says.
pub(crate) async fn provision(server: &Server, service: &str, odd: &str) -> Vec<ProbeLogin> {
    let name = |suffix: &str| format!("{service}{odd}_{suffix}");
    let [database, owner, migrator, app, readonly] =
        ["db", "owner", "migrator", "app", "ro"].map(|suffix| quoted(&name(suffix)));
    let secrets =
        ["migrator", "app", "ro"].map(|suffix| format!("'{}'", password(&name(suffix)).replace('\'', "''")));
    let reference =
        Reference { database: &database, owner: &owner, migrator: &migrator, app: &app, readonly: &readonly };
    let secrets = secrets.each_ref().map(String::as_str);
    server.sql("postgres", &reference.roles(secrets, [5, 50, 1])).await;
    server.sql("postgres", &reference.create_database()).await;
    server.sql("postgres", &reference.grants()).await;
    let kinds = [(RoleKind::Migrator, "migrator"), (RoleKind::App, "app"), (RoleKind::Readonly, "ro")];
    let login = |(kind, suffix): (RoleKind, &str)| ProbeLogin {
        service: ServiceName::new(service).unwrap(),
        kind,
        role: RoleName::new(name(suffix)).unwrap(),
        database: DbName::new(name("db")).unwrap(),
        also: vec![],
        further: false,
        replicates: false,
        password: Some(SecretString::from(password(&name(suffix)))),
    };
    kinds.into_iter().map(login).collect()
}

pub(crate) async fn three_services(server: &Server, odd: &str) -> Task {
    let mut logins = vec![];
    for service in ["alpha", "beta", "gamma"] {
        logins.extend(provision(server, service, odd).await);
    }
    task(server, logins)
}

pub(crate) fn task(server: &Server, logins: Vec<ProbeLogin>) -> Task {
    let database = |name: &str, kind, allow_connections| ProbeDatabase {
        name: DbName::found(name).unwrap(),
        allow_connections,
        kind,
        policy: AccessPolicy::Closed,
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
        most: 4,
        timeout: Duration::from_secs(10),
        patience: martydb_pg::server::PATIENCE,
        selection: ProbeSelection::All,
    }
}
