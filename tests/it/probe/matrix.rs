//! Every login at every database.

use std::time::Duration;

use martydb_isolation::probe::{
    self, Probe, ProbeCoverage, ProbeSummary, Task, Verdict, judge, try_all, try_own,
};
use martydb_isolation::proof::{Basis, findings};
use martydb_model::ActualServer;
use martydb_model::findings::Finding;
use martydb_pg::server::{self, Endpoint, Host};
use secrecy::SecretString;

use super::support::{HBA, Server, three_services};

struct Matrix {
    matrix: Vec<Probe>,
    summary: ProbeSummary,
    findings: Vec<Finding>,
}

async fn look(task: &Task) -> Matrix {
    let matrix = judge(task, &try_all(task).await.unwrap());
    let probes: Vec<_> = matrix.iter().collect();
    let findings = findings(task, &probes, &ActualServer::default(), Basis::Login);
    Matrix { summary: ProbeSummary::new(&matrix, [], 0, ProbeCoverage::default()), findings, matrix }
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
async fn isolated_services_pass_and_breaches_are_found() {
    let server = Server::start().await;
    let task = three_services(&server, "").await;
    let before = server.attempts();
    let matrix = look(&task).await;
    assert_eq!(wrong(&matrix), Vec::<String>::new());
    assert_eq!((matrix.summary.probes, matrix.summary.passed), (45, 45));
    assert!(matrix.matrix.iter().all(|probe| probe.database != "template0"), "it accepts no connections");
    assert_eq!(server.attempts() - before, 45, "one attempt for each cell");

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
async fn a_login_that_fails_at_home_is_inconclusive_elsewhere() {
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
async fn missing_closed_or_full_databases_are_not_denials() {
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
async fn only_scram_is_answered_and_other_methods_are_inconclusive() {
    let server = Server::start().await;
    let task = three_services(&server, "").await;
    server
        .sql("postgres", "SET password_encryption = 'md5'; ALTER ROLE alpha_app PASSWORD 'pw of alpha_app'")
        .await;
    let lines = "host all gamma_app 127.0.0.1/32 trust\nhost all gamma_ro 127.0.0.1/32 password\n\
                 host all alpha_app 127.0.0.1/32 md5\nhost beta_db gamma_migrator 127.0.0.1/32 reject\n";
    server.reload_hba(&format!("{lines}{HBA}")).await;
    let matrix = look(&task).await;
    for probe in &matrix.matrix {
        // gamma_ro is asked for clear text, alpha_app for MD5: neither gets an answer.
        let unanswered = ["gamma_ro", "alpha_app"].contains(&probe.role.as_str());
        assert_eq!(probe.outcome == Verdict::Inconclusive, unanswered, "{probe:?}");
    }
    let rejected = matrix.matrix.iter().find(|p| p.role == "gamma_migrator" && p.database == "beta_db");
    assert_eq!(rejected.unwrap().sqlstate.as_deref(), Some("28000"));

    // This pg_hba.conf lets only the admin in over the socket.
    let socket = Endpoint { host: Host::Socket(server.folder().into()), ..server.endpoint() };
    let matrix = look(&Task { endpoint: socket, ..task }).await;
    assert!(matrix.matrix.iter().all(|probe| probe.outcome == Verdict::Inconclusive));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_passwords_may_contain_any_character() {
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
async fn connections_are_probed_and_timed() {
    let server = Server::start().await;
    let mut task = three_services(&server, "").await;
    task.logins[2].password = Some(SecretString::from("stale"));
    let attempts = try_own(&task).await.unwrap();
    let all = probe::connections(&task, &attempts);
    assert_eq!(all.len(), 9);
    for (n, row) in all.iter().enumerate() {
        assert_eq!(row.outcome == probe::LoginResult::Ok, n != 2, "{row:?}");
        assert!(row.latency_ms.is_some_and(|ms| ms > 0.0));
        assert_eq!(row.tls, (n != 2).then_some(false));
        assert_eq!(row.error.is_some(), n == 2);
    }
    assert!(!format!("{task:?}").contains("pw of"), "no password in a debug print");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_is_waited_for() {
    let server = Server::start().await;
    let task = three_services(&server, "").await;
    let endpoint = server.endpoint();
    let mut guests = vec![];
    while let Ok(guest) = server::connect(&endpoint, &task.logins[1].login(), "alpha_db").await {
        guests.push(guest);
    }
    let leave = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(600)).await;
        drop(guests);
    });
    let attempts = try_all(&task).await.unwrap();
    leave.await.unwrap();
    assert!(judge(&task, &attempts).iter().all(|probe| probe.outcome.passed()));
    let all = attempts.iter().flat_map(|one| one.others.iter().map(|(_, other)| other).chain([&one.control]));
    assert!(all.into_iter().any(|attempt| attempt.connections > 1), "no attempt had to wait");
}
