//! The lock against other runs, and logins of the service that take it.

use std::time::Duration;

use martydb_migrate::{Event, Options};
use martydb_model::error::Kind;

use super::support::{Service, rows, run, server};

/// The lock's own key, which every login may take.
const KEY: &str = "1835102836, 7955554";

fn impatient(service: &Service) -> Options {
    Options { lock_wait: Duration::from_millis(300), ..service.options() }
}

fn noticed(service: &Service) -> Vec<String> {
    let events = service.events.lock().unwrap();
    let text = |event: &Event| match event {
        Event::Noticed(text) => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

#[tokio::test]
async fn a_login_without_the_owners_privileges_does_not_delay_a_run() {
    let service = Service::new("lk_hostile").await;
    service.write("V1__a.sql", "CREATE TABLE a (n int);");
    let (mut readonly, mut app) = (service.readonly().await, service.app().await);
    run(&mut readonly, &format!("SET application_name = 'a report'; SELECT pg_advisory_lock_shared({KEY})"))
        .await;
    run(&mut app, &format!("SELECT pg_advisory_lock_shared({KEY})")).await;
    let outcome = service.upgrade_with(&impatient(&service)).await;
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.applied.len(), 1);
    let said = noticed(&service);
    for word in ["login lk_hostile_ro", "login lk_hostile_app", "application \"a report\"", "pid "] {
        assert!(said[0].contains(word), "{said:?}");
    }

    // Alone and exclusively, in a transaction, and with keys that look like tickets.
    drop((readonly, app));
    service.write("V2__b.sql", "-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (n);");
    let mut readonly = service.readonly().await;
    run(
        &mut readonly,
        &format!(
            "SELECT pg_advisory_lock({KEY});
             SELECT pg_advisory_lock(((1835102836 # 7955554)::bigint << 32) | n) FROM generate_series(1, 100) n"
        ),
    )
    .await;
    let outcome = service.upgrade_with(&impatient(&service)).await;
    assert_eq!((outcome.error, outcome.applied.len()), (None, 1));
}

/// It has no session whose login could be looked at, and no run is prepared.
#[tokio::test]
async fn a_prepared_transaction_does_not_delay_a_run() {
    let service = Service::new("lk_prepared").await;
    service.write("V1__a.sql", "CREATE TABLE a (n int);");
    let mut readonly = service.readonly().await;
    run(&mut readonly, &format!("BEGIN; SELECT pg_advisory_xact_lock({KEY}); PREPARE TRANSACTION 'lk'"))
        .await;
    drop(readonly);
    let outcome = service.upgrade_with(&impatient(&service)).await;
    service.do_as_admin("ROLLBACK PREPARED 'lk'").await;
    assert_eq!((outcome.error, outcome.applied.len()), (None, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_exclude_each_other_while_another_login_holds_the_lock() {
    let service = Service::new("lk_many").await;
    for n in 1..=10 {
        service.write(&format!("V{n}__f.sql"), &format!("CREATE TABLE t{n} (a int);"));
    }
    let mut readonly = service.readonly().await;
    run(&mut readonly, &format!("SELECT pg_advisory_lock({KEY})")).await;
    let options = Options { lock_wait: Duration::from_secs(60), ..service.options() };
    let outcomes = futures_util::future::join_all((0..16).map(|_| service.upgrade_with(&options))).await;
    let mut applied = 0;
    for outcome in outcomes {
        assert_eq!(outcome.error, None);
        applied += outcome.applied.len();
    }
    assert_eq!((applied, service.history().await.len()), (10, 10));
}

/// A run that passed another login over is still respected after that login has let go.
#[tokio::test]
async fn a_run_that_ignored_a_login_still_excludes_other_runs() {
    let service = Service::new("lk_ticket").await;
    service.write("V1__a.sql", "SELECT pg_sleep(3);");
    let mut readonly = service.readonly().await;
    run(&mut readonly, &format!("SELECT pg_advisory_lock({KEY})")).await;
    let second = async {
        service.until_it_sleeps().await;
        let held = service.upgrade_with(&impatient(&service)).await.error.unwrap();
        run(&mut readonly, &format!("SELECT pg_advisory_unlock({KEY})")).await;
        let free = service.upgrade_with(&impatient(&service)).await.error.unwrap();
        let keys = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let left = rows(&mut service.admin().await, keys).await;
        (held, free, left)
    };
    let (first, (held, free, left)) = tokio::join!(service.upgrade(), second);
    assert_eq!((first.error, first.applied.len()), (None, 1));
    for error in [held, free] {
        assert_eq!(error.kind, Kind::Locked, "{error:?}");
        for word in ["login lk_ticket_migrator", "application \"martydb\"", "connected since 2"] {
            assert!(error.causes[0].contains(word), "{error:?}");
        }
    }
    // A run that gave up keeps nothing: this is the ticket of the first run.
    assert_eq!(left, ["1"]);
}

/// The run ends with its session, and so does its lock; the session of a killed run ends with its statement.
#[tokio::test]
async fn the_ticket_of_an_ended_session_is_released() {
    let service = Service::new("lk_ended").await;
    service.write("V1__a.sql", "SELECT pg_sleep(20);");
    let mut readonly = service.readonly().await;
    run(&mut readonly, &format!("SELECT pg_advisory_lock({KEY})")).await;
    let end = async {
        service.until_it_sleeps().await;
        let sql =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lk_ended_migrator'";
        run(&mut server().admin("postgres").await, sql).await;
    };
    let (outcome, ()) = tokio::join!(service.upgrade(), end);
    assert_eq!(outcome.error.unwrap().kind, Kind::Unreachable);
    service.write("V1__a.sql", "SELECT 1;");
    assert_eq!(service.upgrade_with(&impatient(&service)).await.error, None);
}

/// A superuser may do everything a migrator may: its lock counts, and so does one of the owner's members.
#[tokio::test]
async fn a_run_waits_for_a_lock_holder_with_the_owners_privileges() {
    let service = Service::new("lk_member").await;
    service.write("V1__a.sql", "SELECT 1;");
    let mut admin = service.admin().await;
    run(&mut admin, &format!("SELECT pg_advisory_lock({KEY})")).await;
    let error = service.upgrade_with(&impatient(&service)).await.error.unwrap();
    assert_eq!(error.kind, Kind::Locked);
    assert!(error.causes[0].contains("login postgres"), "{error:?}");
    drop(admin);

    service.do_as_admin("GRANT lk_member_owner TO lk_member_app").await;
    let mut app = service.app().await;
    run(&mut app, &format!("SELECT pg_advisory_lock({KEY})")).await;
    let error = service.upgrade_with(&impatient(&service)).await.error.unwrap();
    assert!(error.causes[0].contains("login lk_member_app"), "{error:?}");
    service.do_as_admin("REVOKE lk_member_owner FROM lk_member_app").await;
    assert_eq!(service.upgrade_with(&impatient(&service)).await.error, None);
}
