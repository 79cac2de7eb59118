//! Files that are sent together: few round trips, and nothing behind a failure runs, wherever it fails.

use std::time::Duration;

use super::support::{Service, server};
use crate::support::Link;

fn write_tables(service: &Service, versions: std::ops::RangeInclusive<u32>) {
    for version in versions {
        service.write(&format!("V{version}__t.sql"), &format!("CREATE TABLE t{version} (a int);"));
    }
}

/// Returns the number of the tables that exist.
async fn tables(service: &Service) -> String {
    service.ask("SELECT count(*)::text FROM pg_class WHERE relname ~ '^t[0-9]+$'").await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_files_over_a_slow_link_take_at_most_twelve_round_trips() {
    let mut service = Service::new("far_link").await;
    write_tables(&service, 1..=50);
    let link = Link::slow(server().port).await;
    service.target.endpoint.port = link.port;
    let versions = service.upgraded().await;
    assert_eq!(versions, (1..=50).collect::<Vec<i64>>());
    let trips = link.round_trips();
    assert!((4..=12).contains(&trips), "{trips} round trips");
    assert_eq!(tables(&service).await, "50");
    let ends = service.ask("SELECT DISTINCT outcome, attempts::text FROM martydb.history").await;
    assert_eq!(ends, ["ok 1"]);
    let numbers = service.ask("SELECT string_agg(id::text, ',' ORDER BY version) FROM martydb.history").await;
    assert_eq!(numbers[0].split(',').count(), 50);
}

#[tokio::test]
async fn files_after_a_failing_one_are_not_run() {
    let service = Service::new("far_fail").await;
    write_tables(&service, 1..=40);
    service.write("V20__t.sql", "CREATE TABLE t20 (a int);\nSELECT 1/0;");
    let outcome = service.upgrade().await;
    let error = outcome.error.unwrap();
    assert_eq!(error.sqlstate.as_deref(), Some("22012"), "{error:?}");
    assert!(error.message.starts_with("V20__t failed at ") && error.message.contains(":2:"), "{error:?}");
    assert_eq!((outcome.applied.len(), outcome.to), (19, Some(19)));
    assert_eq!(tables(&service).await, "19");
    let failed =
        service.ask("SELECT id::text, version::text FROM martydb.history WHERE outcome = 'failed'").await;
    assert_eq!(failed, ["20 20"]);

    service.write("V20__t.sql", "CREATE TABLE t20 (a int);");
    assert_eq!(service.upgraded().await, (20..=40).collect::<Vec<i64>>());
    assert_eq!(tables(&service).await, "40");
}

#[tokio::test]
async fn files_after_a_failing_commit_are_not_run() {
    let service = Service::new("far_commit").await;
    write_tables(&service, 1..=6);
    // PostgreSQL looks at this only at COMMIT: rows that stay must not refer to rows that go.
    service.write(
        "V3__t.sql",
        "CREATE TEMP TABLE a (id int PRIMARY KEY) ON COMMIT DELETE ROWS;
         CREATE TEMP TABLE b (id int REFERENCES a) ON COMMIT PRESERVE ROWS;",
    );
    let outcome = service.upgrade().await;
    let error = outcome.error.unwrap();
    assert!(error.causes[0].starts_with("COMMIT failed: "), "{error:?}");
    assert_eq!(outcome.applied.len(), 2);
    assert_eq!(tables(&service).await, "2");
}

#[tokio::test]
async fn a_file_waiting_for_a_lock_is_retried_before_later_ones() {
    let service = Service::new("far_lock").await;
    service.write("V1__busy.sql", "CREATE TABLE busy (a int);").upgraded().await;
    write_tables(&service, 2..=5);
    service.write("V3__t.sql", "ALTER TABLE busy ADD b int;");
    let mut other = service.admin().await;
    super::support::run(&mut other, "BEGIN; LOCK TABLE busy IN ACCESS SHARE MODE").await;
    let holder = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        super::support::run(&mut other, "COMMIT").await;
    });
    let options = martydb_migrate::Options { lock_timeout: Duration::from_millis(300), ..service.options() };
    let outcome = service.upgrade_with(&options).await;
    holder.await.unwrap();
    assert_eq!(outcome.error, None);
    let versions: Vec<i64> = outcome.applied.iter().map(|one| one.version).collect();
    assert_eq!(versions, [2, 3, 4, 5]);
    let attempts = service.ask("SELECT version::text FROM martydb.history WHERE attempts > 1").await;
    assert_eq!(attempts, ["3"]);
}

#[tokio::test]
async fn files_and_warnings_larger_than_socket_buffers_pass() {
    let service = Service::new("far_large").await;
    for version in 1..=24 {
        let noise =
            "DO $$ BEGIN FOR i IN 1..300 LOOP RAISE WARNING '%', repeat('x', 1000); END LOOP; END $$;";
        let comment = "-- padding of a file that is not small\n".repeat(250);
        service
            .write(&format!("V{version}__t.sql"), &format!("{comment}{noise}\nCREATE TABLE t{version} ();"));
    }
    assert_eq!(service.upgraded().await.len(), 24);
    assert_eq!(tables(&service).await, "24");
}
