//! Several runs at once, and others' locks.

use std::time::Duration;

use martydb_migrate::{Event, Options};
use martydb_model::error::Kind;

use super::support::{Service, run, server};

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_runs_at_once_apply_every_file_once() {
    let service = Service::new("co_sixteen").await;
    for n in 1..=10 {
        service.write(&format!("V{n}__f.sql"), &format!("CREATE TABLE t{n} (a int);"));
    }
    // More runs than the migrator has connections: those refused by 53300 wait like those that wait for the lock.
    let outcomes = futures_util::future::join_all((0..16).map(|_| service.upgrade())).await;
    let mut applied = 0;
    for outcome in outcomes {
        assert_eq!(outcome.error, None);
        applied += outcome.applied.len();
    }
    assert_eq!(applied, 10);
    assert_eq!(service.history().await.len(), 10);
}

#[tokio::test]
async fn a_held_lock_is_named_with_its_holder() {
    let service = Service::new("co_held").await;
    service.write("V1__a.sql", "SELECT 1;");
    let mut other = service.migrator().await;
    run(&mut other, "SET application_name = 'the other'; SELECT pg_advisory_lock(1835102836, 7955554)").await;
    let impatient = Options { lock_wait: Duration::from_millis(1500), ..service.options() };
    let error = service.upgrade_with(&impatient).await.error.unwrap();
    assert_eq!((error.kind, error.kind.status().code()), (Kind::Locked, 6));
    for word in ["login co_held_migrator", "application \"the other\"", "pid ", "since 2"] {
        assert!(error.causes[0].contains(word), "{error:?}");
    }
    let reported = |event: &&Event| matches!(event, Event::Waiting(who) if who.contains("the other"));
    let waits = service.events.lock().unwrap().iter().filter(reported).count();
    assert_eq!(waits, 1, "the same is not said twice within ten seconds");
    drop(other);
    assert_eq!(service.upgraded().await, [1]);
}

#[tokio::test]
async fn a_locked_table_is_retried_and_the_attempts_are_recorded() {
    let service = Service::new("co_retry").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);").upgraded().await;
    service.write("V2__b.sql", "ALTER TABLE t ADD b int;");
    let mut other = service.admin().await;
    run(&mut other, "BEGIN; SELECT * FROM t").await;
    let release = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        run(&mut other, "COMMIT").await;
    };
    let options = Options { lock_timeout: Duration::from_millis(200), ..service.options() };
    let (outcome, ()) = tokio::join!(service.upgrade_with(&options), release);
    assert_eq!(outcome.error, None);
    let attempts = service.ask("SELECT (attempts > 1)::text FROM martydb.history WHERE version = 2").await;
    assert_eq!(attempts, ["true"]);
    assert!(service.events.lock().unwrap().iter().any(|event| matches!(event, Event::Retrying(..))));

    service.write("V3__c.sql", "ALTER TABLE t ADD c int;");
    run(&mut other, "BEGIN; SELECT * FROM t").await;
    let options = Options { lock_wait: Duration::from_millis(500), ..options };
    let error = service.upgrade_with(&options).await.error.unwrap();
    assert_eq!(error.sqlstate.as_deref(), Some("55P03"), "{error:?}");
}

#[tokio::test]
async fn a_concurrent_build_and_a_waiting_run_do_not_deadlock() {
    let service = Service::new("co_cic").await;
    service
        .write("V1__t.sql", "CREATE TABLE t AS SELECT g a FROM generate_series(1, 1000) g;")
        .upgraded()
        .await;
    service.write(
        "V2__i.sql",
        "-- martydb: no-transaction\nSELECT pg_sleep(0.5);\nCREATE INDEX CONCURRENTLY i ON t (a);\nCREATE INDEX CONCURRENTLY j ON t (a);",
    );
    let outcomes = futures_util::future::join_all((0..3).map(|_| service.upgrade())).await;
    for outcome in &outcomes {
        assert_eq!(outcome.error, None);
    }
    assert_eq!(
        service
            .ask("SELECT count(*)::text FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid")
            .await,
        ["2"]
    );
    assert_eq!(service.history().await[1..], ["2 upgrade 2 started 1", "3 upgrade 2 ok 1"]);
}

#[tokio::test]
async fn the_next_run_completes_one_whose_backend_was_terminated() {
    let service = Service::new("co_killed").await;
    service
        .write("V1__a.sql", "CREATE TABLE a (a int);")
        .write("V2__b.sql", "CREATE TABLE b (a int); SELECT pg_sleep(20);");
    let end = async {
        service.until_it_sleeps().await;
        let mut admin = server().admin("postgres").await;
        run(
            &mut admin,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'co_killed_migrator'",
        )
        .await;
    };
    let (outcome, ()) = tokio::join!(service.upgrade(), end);
    let error = outcome.error.unwrap();
    assert_eq!((error.kind, outcome.applied.len()), (Kind::Unreachable, 1), "{error:?}");
    service.write("V2__b.sql", "CREATE TABLE b (a int);");
    assert_eq!(service.upgraded().await, [2]);
}
