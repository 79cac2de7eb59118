//! Servers of other protocols, and silent ones, at a server's address.

use std::io::{Read, Write};
use std::time::Duration;

use martydb_isolation::probe::{
    self, AccessPolicy, ProbeCoverage, ProbeDatabase, ProbeLogin, ProbeSelection, ProbeSummary, Task, judge,
    try_all, try_own,
};
use martydb_model::DatabaseKind;
use martydb_model::error::Kind;
use martydb_model::{DbName, RoleKind, RoleName, ServiceName};
use martydb_pg::server::{Endpoint, Host, Tls, TlsMode};
use secrecy::SecretString;

fn at(port: u16, mode: TlsMode) -> Task {
    let login = ProbeLogin {
        service: ServiceName::new("alpha").unwrap(),
        kind: RoleKind::App,
        role: RoleName::new("alpha_app").unwrap(),
        database: DbName::new("alpha_db").unwrap(),
        also: vec![],
        further: false,
        replicates: false,
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
            policy: AccessPolicy::Closed,
        }],
        concurrency: 2,
        most: 2,
        timeout: Duration::from_millis(500),
        patience: martydb_pg::server::PATIENCE,
        selection: ProbeSelection::All,
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
async fn a_server_of_another_protocol_is_inconclusive() {
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
            match try_all(&task).await {
                Ok(seen) => {
                    let matrix = judge(&task, &seen);
                    let inconclusive =
                        ProbeSummary::new(&matrix, [], 0, ProbeCoverage::default()).inconclusive;
                    assert_eq!(inconclusive, 2, "{bytes:?} {mode:?} {matrix:?}");
                }
                Err(error) => assert_eq!(error.kind, Kind::Unreachable, "{bytes:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_missing_server_is_an_error() {
    let error = try_all(&at(1, TlsMode::Prefer)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(!error.causes.is_empty());
    let attempts = try_own(&at(1, TlsMode::Prefer)).await.unwrap();
    let rows = probe::connections(&at(1, TlsMode::Prefer), &attempts);
    assert_eq!(rows[0].outcome, probe::LoginResult::Failed);
}
