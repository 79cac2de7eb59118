//! `upgrade --rehearse` runs everything and leaves nothing.

use std::time::Duration;

use martydb_migrate::{Ended, Execution, MigrationOutcome, Options};
use martydb_model::error::Kind;

use super::support::{Service, path, run};

async fn rehearse(service: &Service) -> MigrationOutcome {
    let options = Options { execution: Execution::Rehearsal, ..service.options() };
    service.upgrade_with(&options).await
}

fn locks(outcome: &MigrationOutcome, at: usize) -> Vec<String> {
    let locks = outcome.rehearsed[at].locks.iter();
    locks.map(|lock| format!("{} {}", lock.relation, lock.mode)).collect()
}

#[tokio::test]
async fn a_rehearsal_runs_measures_and_rolls_back_each_file() {
    let service = Service::new("re_full").await;
    service.write(
        "V1__t.sql",
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int); CREATE TABLE gone (a int);
         INSERT INTO t SELECT generate_series(1, 5000); ANALYZE t;",
    );
    service.upgraded().await;
    let before = service.ask(CATALOGUE).await;
    service
        .write("V2__b.sql", "ALTER TABLE t ADD b int;\nSELECT count(*) FROM u;")
        .write("V3__c.sql", "SET search_path = pg_catalog; ALTER TABLE public.t ALTER a TYPE bigint;")
        .write("V4__d.sql", "CREATE TABLE fresh AS SELECT * FROM t; DROP TABLE gone;")
        .write("V5__e.sql", "-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (b);")
        .write("V6__f.sql", "SELECT 1;");
    let outcome = rehearse(&service).await;
    assert_eq!(outcome.error, None);
    assert_eq!((outcome.ended, outcome.from, outcome.to), (Ended::Ok, Some(1), Some(4)));
    let versions: Vec<i64> = outcome.rehearsed.iter().map(|one| one.version).collect();
    assert_eq!((versions, outcome.applied.len()), (vec![2, 3, 4], 0));
    assert_eq!(locks(&outcome, 0), ["public.t AccessExclusiveLock", "public.u AccessShareLock"]);
    assert_eq!(locks(&outcome, 1), Vec::<String>::new(), "the lock is V2's");
    assert_eq!(locks(&outcome, 2), ["public.gone AccessExclusiveLock"]);
    assert_eq!((outcome.rehearsed[0].rewrites.len(), outcome.rehearsed[2].rewrites.len()), (0, 0));
    let rewrite = &outcome.rehearsed[1].rewrites[0];
    assert_eq!((rewrite.relation.as_str(), rewrite.rows), ("public.t", Some(5000)));
    assert!(rewrite.bytes > 100_000, "{rewrite:?}");
    let skipped: Vec<_> = outcome.skipped.iter().map(|one| (one.version, one.reason.as_str())).collect();
    assert_eq!(
        skipped,
        [(5, "it runs outside a transaction"), (6, "it comes after V5, which was not rehearsed")]
    );
    assert_eq!(service.ask(CATALOGUE).await, before, "nothing is left");
    assert_eq!(service.upgraded().await, [2, 3, 4, 5, 6], "and the lock is free again");
}

const CATALOGUE: &str = "SELECT c.relname::text, c.relfilenode::text, c.relnatts::text, c.xmin::text,
                                (SELECT count(*) FROM martydb.history)::text
                         FROM pg_class c WHERE c.relnamespace NOT IN (11, 99) ORDER BY c.oid";

#[tokio::test]
async fn a_rehearsal_stops_at_the_first_failure_with_its_line() {
    let service = Service::new("re_fails").await;
    service
        .write("V1__t.sql", "CREATE TABLE t (a int);")
        .write("V2__b.sql", "SELECT 1;\nALTER TABLE t\n  ADD b nope;")
        .write("V3__c.sql", "SELECT 1;");
    let outcome = rehearse(&service).await;
    let error = outcome.error.unwrap();
    assert_eq!((error.kind, outcome.ended, outcome.rehearsed.len()), (Kind::Operation, Ended::Failed, 1));
    assert_eq!(error.message, format!("V2__b failed at {}:3:9", path(&service, "V2__b.sql")));
    assert!(error.hints.iter().any(|hint| hint == "this was a rehearsal: everything was rolled back"));
    let left =
        "SELECT count(*)::text FROM pg_class WHERE relname IN ('t', 'history', 'refinery_schema_history')";
    assert_eq!(service.ask(left).await, ["0"], "a database without history gets none");
    for (sql, cause) in [
        ("DO $$ BEGIN CREATE TABLE kept (a int); COMMIT; END $$;", "invalid transaction termination"),
        (
            "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
             INSERT INTO c VALUES (1);",
            "a deferred constraint failed at the end of the file",
        ),
        ("RESET ROLE;", "would change the role"),
    ] {
        let error = service.write("V2__b.sql", sql).upgrade_with_rehearsal().await;
        assert!(error.causes[0].contains(cause), "{sql}: {error:#?}");
    }
    assert_eq!(service.ask("SELECT to_regclass('kept')::text").await, ["-"]);
}

#[tokio::test]
async fn a_rehearsal_tolerates_errors_of_its_single_transaction() {
    let service = Service::new("re_enum").await;
    service
        .write("V1__e.sql", "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (m mood);")
        .write("V2__p.sql", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED);");
    service.upgraded().await;
    service
        .write(
            "V3__b.sql",
            "ALTER TYPE mood ADD VALUE 'b';\nCREATE TEMP TABLE x (a int); SET lock_timeout = '1s';",
        )
        .write(
            "V4__d.sql",
            "INSERT INTO c VALUES (1); INSERT INTO p VALUES (1); CREATE TEMP TABLE x (a int);",
        )
        .write("V5__c.sql", "INSERT INTO t VALUES ('b');")
        .write("V6__f.sql", "SELECT 1;");
    let outcome = rehearse(&service).await;
    assert_eq!((outcome.error, outcome.rehearsed.len()), (None, 2));
    assert!(outcome.skipped[0].reason.contains("enum value"), "{:?}", outcome.skipped);
    assert_eq!(service.upgraded().await, [3, 4, 5, 6]);
}

#[tokio::test]
async fn a_rehearsal_yields_to_other_sessions_and_names_them() {
    let service = Service::new("re_blocked").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);");
    service.upgraded().await;
    let mut app = service.app().await;
    run(&mut app, "BEGIN; SELECT * FROM t").await;
    service.write("V2__b.sql", "ALTER TABLE t ADD b int;");
    let options = Options {
        execution: Execution::Rehearsal,
        lock_timeout: Duration::from_millis(2500),
        ..service.options()
    };
    let error = service.upgrade_with(&options).await.error.unwrap();
    assert!(error.causes.iter().any(|cause| cause.contains("blocked by pid ")), "{error:#?}");
    assert!(error.causes.iter().any(|cause| cause.contains("login re_blocked_app")), "{error:#?}");
}

impl Service {
    async fn upgrade_with_rehearsal(&self) -> martydb_model::error::Error {
        rehearse(self).await.error.unwrap()
    }
}
