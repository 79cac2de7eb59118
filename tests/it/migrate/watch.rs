//! Long work is watched: its progress, and its blockers.

use std::time::Duration;

use martydb_migrate::{Event, Options, RunningMigration};
use martydb_model::sqlstate;

use super::support::{Service, run, server};
use crate::support::until_async;

fn seen(service: &Service) -> Vec<RunningMigration> {
    let events = service.events.lock().unwrap();
    let running = |event: &Event| match event {
        Event::Running(_, running) => Some(running.clone()),
        _ => None,
    };
    events.iter().filter_map(running).collect()
}

#[tokio::test]
async fn a_blocked_migration_names_its_blocker() {
    let service = Service::new("wa_blocked").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);");
    service.upgraded().await;
    let (mut app, mut migrator) = (service.app().await, service.migrator().await);
    run(&mut app, "SET application_name = 'a report'; BEGIN; SELECT * FROM t").await;
    run(&mut migrator, "SET ROLE wa_blocked_owner; BEGIN; LOCK TABLE t IN ACCESS SHARE MODE").await;
    service.write("V2__b.sql", "SELECT 1;\nALTER TABLE t ADD b int;");
    let timeout = Duration::from_millis(3500);
    let options = Options { lock_timeout: timeout, lock_wait: Duration::from_secs(2), ..service.options() };
    let error = service.upgrade_with(&options).await.error.unwrap();
    assert_eq!(error.sqlstate.as_deref(), Some(sqlstate::LOCK_NOT_AVAILABLE));
    let causes = error.causes.join("\n");
    for words in [
        "blocked by pid ",
        "login wa_blocked_app, application \"a report\", statement not visible to the migrator",
        "login wa_blocked_migrator, in a transaction since 2",
        "statement: SET ROLE wa_blocked_owner; BEGIN; LOCK TABLE t IN ACCESS SHA",
    ] {
        assert!(causes.contains(words), "{words}: {error:#?}");
    }
    assert!(seen(&service).iter().any(|one| one.blockers.len() == 2 && one.statement == Some((2, 2))));
    let reported = service.events.lock().unwrap().iter().any(
        |event| matches!(event, Event::Retrying(_, 1, why) if why.contains("blocked by pid ") && why.contains("wa_blocked_app")),
    );
    assert!(reported, "an attempt that gave way names the blocker");
}

#[tokio::test]
async fn the_servers_progress_is_shown() {
    let service = Service::new("wa_progress").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);");
    service.upgraded().await;
    let mut app = service.app().await;
    run(&mut app, "BEGIN; INSERT INTO t VALUES (1)").await;
    service
        .write("V2__i.sql", "-- martydb: no-transaction\nSELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a);");
    let release = async {
        let progress = async || seen(&service).iter().any(|one| one.progress.is_some());
        until_async("the progress is seen", progress).await;
        run(&mut app, "COMMIT").await;
    };
    let (applied, ()) = tokio::join!(service.upgraded(), release);
    assert_eq!(applied, [2]);
    let seen = seen(&service);
    let one = seen.iter().find(|one| one.progress.is_some()).unwrap_or_else(|| panic!("{seen:#?}"));
    let progress = one.progress.as_ref().unwrap();
    assert_eq!(progress.command, "CREATE INDEX CONCURRENTLY");
    assert_eq!(progress.relation.as_deref(), Some("public.t"));
    assert!(progress.phase.as_deref().is_some_and(|phase| phase.contains("waiting")), "{progress:?}");
    assert_eq!((one.statement, one.blockers.len()), (Some((2, 2)), 1));
}

#[tokio::test]
async fn without_a_spare_connection_the_migration_runs_unwatched() {
    let service = Service::new("wa_full").await;
    let mut others = vec![];
    for _ in 0..4 {
        others.push(service.migrator().await);
    }
    service.write("V1__t.sql", "CREATE TABLE t (a int);\nSELECT pg_sleep(3);");
    assert_eq!(service.upgraded().await, [1]);
    let seen = seen(&service);
    assert!(!seen.is_empty() && seen.iter().all(|one| one.statement.is_none()), "{seen:#?}");
}

#[tokio::test]
async fn a_short_migration_is_not_watched_and_releases_its_session() {
    let service = Service::new("wa_short").await;
    service
        .write("V1__a.sql", "CREATE TABLE a (n int);")
        .write("V2__b.sql", "SELECT pg_sleep(2.5); SELECT 1;");
    service.write("V3__c.sql", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'wa_short_migrator';");
    let mark = server().log().len();
    service.upgraded().await;
    let logins = server().log_since(mark).matches("user=wa_short_migrator").count();
    assert!(logins > 0, "the log shows the logins");
    assert!(seen(&service).iter().any(|one| one.statement.is_none() && one.blockers.is_empty()));
    let left = "SELECT (count(*) = 0)::text FROM pg_stat_activity WHERE usename = 'wa_short_migrator'";
    service.until("no session is left", left).await;
}
