//! TLS to the servers: a server proves its identity, or nothing is sent to it.

use std::time::{Duration, Instant};

use super::{DataService, key, project};
use crate::support::{Admin, Authority, Server, until};

/// An address of this machine that the program takes for another's.
const ELSEWHERE: &str = "0.0.0.0";

#[test]
fn a_remote_server_is_used_only_over_verified_tls() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "srt", "{ limits: { timeout: 20s } }");
    let writer = key(&project, "writer");
    let manifest = project.read("martydb.yaml");
    let at = |host: &str, parameters: &str| {
        let url = format!("postgresql://postgres@{host}:{}/postgres?{parameters}", server.port);
        project.write("martydb.yaml", &manifest.replace(&server.url_of(Admin::Super), &url));
    };
    let refused = |host: &str, parameters: &str, expected: &str| {
        at(host, parameters);
        for command in [&["serve"][..], &["serve", "check"]] {
            let done = project.run(command).expect(2);
            assert!(done.stderr.contains(expected), "{host} {parameters}: {}", done.stderr);
        }
    };
    let (own, _other) = (Authority::new(&project, "own"), Authority::new(&project, "other"));
    let verified = "sslmode=verify-full&sslrootcert=own.crt";
    refused(ELSEWHERE, verified, "does not support TLS");
    server.serve_tls(&own.sign(ELSEWHERE, 2100));

    refused(ELSEWHERE, "sslmode=verify-full&sslrootcert=other.crt", "is not trusted");
    refused("localhost", verified, "is not trusted");
    for mode in ["disable", "allow", "prefer", "require"] {
        refused(ELSEWHERE, &format!("sslmode={mode}"), "sslmode=verify-full");
    }

    // The login is bound to the connection: without SCRAM-SHA-256-PLUS this one would fail.
    at(ELSEWHERE, &format!("{verified}&channel_binding=require"));
    project.run(&["serve", "check"]).expect(0);
    let service = DataService::start(&project);
    let ask = |path: &str| service.ask("GET", path, Some(&writer), &[], "");
    assert_eq!(ask("/srt_a/rest/customer").status, 200);
    let sessions = "SELECT string_agg(DISTINCT s.ssl::text, '') FROM pg_stat_ssl s JOIN pg_stat_activity USING (pid) WHERE application_name = 'martydb serve'";
    assert_eq!(server.value("postgres", sessions), "true");

    // A cancel takes the same way: the server ends the statement long before its timeout.
    let connection = service.send("GET", "/srt_a/rest/slow", Some(&writer), &[], "");
    let waits = "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'srt_a_serve_ro' AND wait_event = 'PgSleep'";
    until("the statement runs", || server.value("srt_a", waits) == "1");
    drop(connection);
    let start = Instant::now();
    until("the statement is cancelled", || server.value("srt_a", waits) == "0");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    // A certificate of another name is refused while the process runs, and said.
    server.serve_tls(&own.sign("elsewhere.example", 2100));
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'martydb serve'",
    );
    until("the way is closed", || ask("/srt_a/rest/customer").status == 503);
    until("the reason is said", || service.said().contains("TLS failed"));
}
