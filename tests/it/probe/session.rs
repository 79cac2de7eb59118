//! What a session can be asked for: startup parameters that sqlx does not send, and one query.

use std::time::Duration;

use martydb_isolation::probe::{AccessPolicy, Control, Verdict, judge_foreign};
use martydb_model::sql::Statement;
use martydb_model::sql::stmt;
use martydb_pg::server::Login;
use martydb_pg::wire::{Accepted, Address, Answer, Attempt, Credentials, LoginRequest, Outcome};
use secrecy::SecretString;

use super::support::{HBA, Server, provision};

async fn ask(server: &Server, parameters: &[(&str, &str)], query: &Statement) -> Attempt {
    let login = Login::with_password("alpha_app", SecretString::from("pw of alpha_app"));
    let request = LoginRequest {
        database: "alpha_db",
        parameters,
        queries: std::slice::from_ref(query),
        timeout: Duration::from_secs(10),
    };
    let address = Address::resolve(&server.endpoint()).await.unwrap();
    address.attempt(&mut Credentials::new(login), &request).await
}

fn answer(attempt: Attempt) -> Answer {
    match attempt.outcome {
        Outcome::Accepted(Accepted { answers, .. }) => answers.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_takes_parameters_and_one_query() {
    let server = Server::start().await;
    provision(&server, "alpha", "").await;
    let pinned = [("options", "-c statement_timeout=4321ms -c search_path=pg_catalog")];
    let rows = answer(ask(&server, &pinned, &stmt!("SHOW statement_timeout")).await);
    assert_eq!(rows, Answer::Rows(vec![vec![Some("4321ms".into())]]));
    let rows = answer(ask(&server, &[], &stmt!("VALUES (1, NULL), (2, 'x')")).await);
    let expected = [vec![Some("1".into()), None], vec![Some("2".into()), Some("x".into())]];
    assert_eq!(rows, Answer::Rows(expected.into()));
    match answer(ask(&server, &[], &stmt!("SELECT rolpassword FROM pg_authid")).await) {
        Answer::Rejected(refused) => assert_eq!(refused.sqlstate, "42501"),
        other => panic!("{other:?}"),
    }

    server.reload_hba(&format!("{HBA}host replication all 127.0.0.1/32 scram-sha-256\n")).await;
    // 42501 as well, and says nothing about CONNECT.
    for parameters in [[("replication", "true")], [("options", "-c log_statement=none")]] {
        let outcome = ask(&server, &parameters, &stmt!("SELECT 1")).await.outcome;
        assert!(matches!(&outcome, Outcome::Rejected(refused) if refused.sqlstate == "42501"), "{outcome:?}");
        let judged = judge_foreign(&outcome, Control::Passed, AccessPolicy::Closed);
        assert_eq!(judged.verdict, Verdict::Inconclusive, "{outcome:?}");
    }
}
