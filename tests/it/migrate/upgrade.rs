//! `upgrade`, `status`, `current` and `history`, in success, and when the server refuses.

use std::time::Duration;

use martydb_migrate::{Ended, Event, Execution, Order, ServiceState};
use martydb_model::error::Kind;
use martydb_pg::server::existence::{Existence, ExistenceCheck};

use super::support::{Service, path, rows};

const WAIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn pending_files_are_applied_once_and_recorded_in_both_tables() {
    let service = Service::new("up_plain").await;
    service
        .write("V1__t.sql", "CREATE TABLE t (a int);\n")
        .write("V2__more.sql", "ALTER TABLE t ADD b int; -- done")
        .write("V10__ten.sql", "INSERT INTO t SELECT g FROM generate_series(1, 3) g;");
    let outcome = service.upgrade().await;
    assert_eq!((outcome.from, outcome.to, outcome.ended, outcome.error), (None, Some(10), Ended::Ok, None));
    assert_eq!(service.upgraded().await, Vec::<i64>::new());

    let events = martydb_migrate::history(&service.target, WAIT).await.unwrap();
    let reported: Vec<_> = events.iter().map(|e| (e.version, e.outcome.as_str(), e.by.as_str())).collect();
    assert_eq!(
        reported,
        [(Some(1), "ok", "tester@bench"), (Some(2), "ok", "tester@bench"), (Some(10), "ok", "tester@bench")]
    );
    assert_eq!(events[0].role.as_deref(), Some("up_plain_migrator"));
    assert!(events[0].at.ends_with('Z') && events[0].duration_ms.is_some());
    assert_eq!(martydb_migrate::current(&service.target, WAIT).await, Ok(Some(10)));

    let owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                  WHERE nspname IN ('public', 'martydb')";
    assert_eq!(service.ask(owners).await, ["up_plain_owner"]);
    let versions = service
        .ask("SELECT version::text, pg_typeof(version)::text FROM martydb.refinery_schema_history ORDER BY 1")
        .await;
    assert_eq!(versions, ["1 integer", "10 integer", "2 integer"]);
}

#[tokio::test]
async fn app_and_readonly_have_no_privileges_on_the_history_and_the_owner_cannot_rewrite_it() {
    let service = Service::new("up_closed").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);").upgraded().await;
    let held = "SELECT r, o, p FROM unnest(ARRAY['up_closed_app', 'up_closed_ro']) r,
                unnest(ARRAY['martydb.history', 'martydb.refinery_schema_history']) o,
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p WHERE has_table_privilege(r, o, p)";
    assert_eq!(service.ask(held).await, Vec::<String>::new());
    assert_eq!(
        service.ask("SELECT has_schema_privilege('up_closed_app', 'martydb', 'USAGE')::text").await,
        ["false"]
    );
    assert_eq!(
        service.ask("SELECT has_table_privilege('up_closed_app', 't', 'INSERT')::text").await,
        ["true"]
    );

    // A name that is put together is not in the file; the server refuses it.
    let forge = "DO $$ BEGIN EXECUTE 'UPDATE martydb' || '.history SET attempts = 9'; END $$;";
    service.write("V2__forge.sql", forge);
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.sqlstate.as_deref(), Some("42501"), "{error:?}");
}

/// Returns the status once it has no session: the server takes a moment to end the former one.
async fn settled(
    target: &martydb_migrate::MigrationTarget,
    sizes: martydb_migrate::Sizes,
) -> martydb_migrate::ServiceStatus {
    for _ in 0..100 {
        let status = martydb_migrate::status(
            target,
            sizes,
            martydb_migrate::DriftCheck::Skipped,
            WAIT,
            &Default::default(),
        )
        .await;
        if status.connections == Some(0) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a session stays in the database");
}

#[tokio::test]
async fn reading_and_a_second_upgrade_write_nothing() {
    let service = Service::new("up_reads").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);");
    let status = martydb_migrate::status(
        &service.target,
        martydb_migrate::Sizes::Measured,
        martydb_migrate::DriftCheck::Skipped,
        WAIT,
        &Default::default(),
    )
    .await;
    assert_eq!(status.error, None);
    assert_eq!((status.state, status.current, status.latest), (ServiceState::Pending, None, Some(1)));
    assert_eq!(martydb_migrate::current(&service.target, WAIT).await, Ok(None));
    assert_eq!(martydb_migrate::history(&service.target, WAIT).await, Ok(vec![]));
    let dry = martydb_migrate::Options { execution: Execution::Dry, ..service.options() };
    let outcome = service.upgrade_with(&dry).await;
    assert_eq!((outcome.planned.len(), outcome.applied.len(), outcome.error), (1, 0, None));
    // Other tests of this process write too, so only the catalog of this database can be compared.
    assert_eq!(service.ask("SELECT count(*)::text FROM pg_class WHERE relname IN ('history', 't', 'refinery_schema_history')").await, ["0"]);

    service.upgraded().await;
    let status = settled(&service.target, martydb_migrate::Sizes::Measured).await;
    assert_eq!((status.state, status.current), (ServiceState::UpToDate, Some(1)));
    assert!(status.size_bytes.is_some_and(|bytes| bytes > 1_000_000));
    // A history outside of the first schema needs a second query, and the report is complete all the same.
    service.do_as_admin("CREATE SCHEMA earlier AUTHORIZATION up_reads_owner").await;
    let mut schemas = service.target.schemas.clone();
    schemas.insert(0, martydb_model::SchemaName::new("earlier").unwrap());
    let moved = martydb_migrate::MigrationTarget { schemas, ..service.target.clone() };
    let again = settled(&moved, martydb_migrate::Sizes::Measured).await;
    assert_eq!((again.state, again.current, again.error), (ServiceState::UpToDate, Some(1), None));
    assert!(again.size_bytes.is_some());
    assert_eq!(
        martydb_migrate::status(
            &moved,
            martydb_migrate::Sizes::Skipped,
            martydb_migrate::DriftCheck::Skipped,
            WAIT,
            &Default::default()
        )
        .await
        .size_bytes,
        None
    );
    let rows = service.ask("SELECT xmin::text FROM martydb.refinery_schema_history").await;
    service.upgraded().await;
    assert_eq!(service.ask("SELECT xmin::text FROM martydb.refinery_schema_history").await, rows);
}

#[tokio::test]
async fn a_failing_file_is_rolled_back_explained_and_recorded() {
    let service = Service::new("up_fails").await;
    service
        .write("V1__t.sql", "CREATE TABLE t (a int);")
        .write("V2__bad.sql", "CREATE TABLE u (a int);\n\nALTER TABLE t\n  ADD b nope;\nSELECT 1;")
        .write("V3__never.sql", "CREATE TABLE never (a int);");
    let outcome = service.upgrade().await;
    assert_eq!((outcome.ended, outcome.to, outcome.applied.len()), (Ended::Failed, Some(1), 1));
    let error = outcome.error.unwrap();
    assert_eq!((error.kind, error.sqlstate.as_deref()), (Kind::Operation, Some("42704")));
    assert_eq!(error.message, format!("V2__bad failed at {}:4:9", path(&service, "V2__bad.sql")));
    assert_eq!(error.causes[0], "type \"nope\" does not exist (SQLSTATE 42704)");
    assert_eq!(error.causes[1], "LINE 4:   ADD b nope;\n                ^");
    assert_eq!(error.hints, ["V1 was committed before the failure and is not rolled back"]);
    assert_eq!(service.ask("SELECT to_regclass('u')::text").await, ["-"]);
    assert_eq!(service.history().await, ["1 upgrade 1 ok 1", "2 upgrade 2 failed 1"]);

    service.write("V2__bad.sql", "ALTER TABLE t ADD b int;");
    assert_eq!(service.upgraded().await, [2, 3]);
}

#[tokio::test]
async fn an_error_without_a_position_is_located_by_counting_statements() {
    let service = Service::new("up_counts").await;
    service.write(
        "V1__t.sql",
        "CREATE TABLE t (a int PRIMARY KEY); ;\n/* ; */ SELECT 'é;';\nINSERT INTO t VALUES (1);\n  INSERT INTO t VALUES (1);",
    );
    let error = service.upgrade().await.error.unwrap();
    assert!(error.message.ends_with("V1__t.sql:4:3"), "{error:?}");
    assert!(error.causes[0].contains("Key (a)=(1) already exists"), "{error:?}");

    service.write("V1__t.sql", "SELECT 'é' AS \"ü\";\nCREATE TABLE t (");
    let error = service.upgrade().await.error.unwrap();
    assert!(error.message.ends_with("V1__t.sql:2:17"), "{error:?}");
    service.write("V1__t.sql", "SELECT 1;\nDO $$ BEGIN\n RAISE EXCEPTION 'no' USING HINT = 'yes'; END $$;");
    let error = service.upgrade().await.error.unwrap();
    assert!(error.message.ends_with("V1__t.sql:3:2"), "{error:?}");
    assert_eq!(error.hints[0], "yes");
}

#[tokio::test]
async fn settings_of_a_file_end_with_it() {
    let service = Service::new("up_sets").await;
    service
        .write("V1__s.sql", "CREATE SCHEMA other; SET search_path = other; SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; CREATE TEMP TABLE x (a int); CREATE TABLE a (a int);")
        .write("V2__t.sql", "CREATE TABLE b (a int); SELECT 1 / (CASE WHEN to_regclass('pg_temp.x') IS NULL THEN 1 ELSE 0 END);");
    assert_eq!(service.upgraded().await, [1, 2]);
    assert_eq!(
        service.ask("SELECT to_regclass('other.a')::text, to_regclass('public.b')::text").await,
        ["other.a b"]
    );
}

#[tokio::test]
async fn a_divergent_history_is_refused_before_any_file_runs() {
    let service = Service::new("up_differs").await;
    service
        .write("V1__a.sql", "SELECT 1;\n")
        .write("V2__b.sql", "SELECT 2;")
        .write("V5__e.sql", "SELECT 5;")
        .upgraded()
        .await;
    service
        .write("V1__a.sql", "SELECT 1;\r\n")
        .write("V3__late.sql", "CREATE TABLE late (a int);")
        .write("V6__new.sql", "SELECT 6;");
    service.remove("V2__b.sql");
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.kind, Kind::Divergent);
    assert_eq!(
        error.causes,
        [
            "V1__a differs from what was applied only in its line endings (CRLF against LF)",
            "V2__b is applied, but its file is not in the folder",
            "V3__late is not applied, and older than V5, the current version",
        ]
    );
    let status = martydb_migrate::status(
        &service.target,
        martydb_migrate::Sizes::Measured,
        martydb_migrate::DriftCheck::Skipped,
        WAIT,
        &Default::default(),
    )
    .await;
    assert_eq!(
        (status.state, status.divergences.len(), status.pending.len()),
        (ServiceState::Divergent, 3, 1)
    );

    service.write("V1__a.sql", "SELECT 1;\n").write("V2__b.sql", "SELECT 2;");
    let late = martydb_migrate::Options { order: Order::AllowOutOfOrder, ..service.options() };
    let outcome = service.upgrade_with(&late).await;
    assert_eq!((outcome.error, outcome.applied.len(), outcome.to), (None, 2, Some(6)));
    assert_eq!(service.upgraded().await, Vec::<i64>::new());
}

#[tokio::test]
async fn upgrade_to_a_version_stops_there_and_never_goes_back() {
    let service = Service::new("up_to").await;
    service.write("V1__a.sql", "SELECT 1;").write("V2__b.sql", "SELECT 2;").write("V4__d.sql", "SELECT 4;");
    let to = |to| martydb_migrate::Options { to: Some(to), ..service.options() };
    assert_eq!(service.upgrade_with(&to(2)).await.to, Some(2));
    for (wanted, hint) in [(1, "martydb downgrade --service up_to --to 1"), (3, "it has V1, V2, V4")] {
        let error = service.upgrade_with(&to(wanted)).await.error.unwrap();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.hints[0].contains(hint), "{error:?}");
    }
    assert_eq!(service.upgrade_with(&to(4)).await.to, Some(4));
}

#[tokio::test]
async fn tables_of_both_widths_are_adopted_unchanged() {
    for (name, kind) in [("up_int4", "int4"), ("up_int8", "int8")] {
        let service = Service::new(name).await;
        service.write("V1__a.sql", "SELECT 1;").write("V2__b.sql", "SELECT 2;").upgraded().await;
        let narrow =
            service.ask("SELECT checksum FROM martydb.refinery_schema_history ORDER BY version").await;
        if kind == "int8" {
            // The table as a wide build of refinery would have made it, and open to app as default privileges leave it.
            let wide = martydb_migrate::files::checksum(
                martydb_migrate::files::VersionType::Int8,
                1,
                "a",
                "SELECT 1;",
            );
            service
                .do_as_admin(&format!(
                    "DELETE FROM martydb.refinery_schema_history; ALTER TABLE martydb.refinery_schema_history ALTER version TYPE int8;
                     INSERT INTO martydb.refinery_schema_history VALUES (1, 'a', '2025-01-01T00:00:00Z', '{wide}');
                     GRANT SELECT, INSERT ON martydb.refinery_schema_history TO {name}_app;
                     ALTER TABLE martydb.refinery_schema_history SET SCHEMA public; DROP SCHEMA martydb CASCADE"
                ))
                .await;
            service.write("V20250101120000__c.sql", "SELECT 3;");
            assert_eq!(service.upgraded().await, [2, 20250101120000]);
            let now = service
                .ask("SELECT checksum FROM martydb.refinery_schema_history ORDER BY version LIMIT 2")
                .await;
            assert!(now[0] == wide && now[1] != narrow[1]);
            assert_eq!(
                service
                    .ask(
                        "SELECT has_table_privilege('up_int8_app', 'martydb.refinery_schema_history', 'SELECT')::text"
                    )
                    .await,
                ["false"]
            );
            assert_eq!(martydb_migrate::history(&service.target, WAIT).await.unwrap()[0].by, "refinery");
        } else {
            service.write("V20250101120000__c.sql", "SELECT 3;");
            let error = service.upgrade().await.error.unwrap();
            assert!(error.message.contains("does not fit"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_missing_service_is_distinguished_from_an_error() {
    let absent = Service::absent("up_absent");
    let status = martydb_migrate::status(
        &absent.target,
        martydb_migrate::Sizes::Measured,
        martydb_migrate::DriftCheck::Skipped,
        WAIT,
        &Default::default(),
    )
    .await;
    assert_eq!(status.state, ServiceState::Unreachable);
    assert!(
        status.error.unwrap().hints.iter().any(|hint| hint.contains("martydb apply --service up_absent"))
    );

    let mut known = Service::absent("up_absent");
    known.target.existence = ExistenceCheck::Known(Existence::Absent);
    assert_eq!(
        martydb_migrate::status(
            &known.target,
            martydb_migrate::Sizes::Measured,
            martydb_migrate::DriftCheck::Skipped,
            WAIT,
            &Default::default()
        )
        .await
        .state,
        ServiceState::NotProvisioned
    );
    let error = known.upgrade().await.error.unwrap();
    assert_eq!(
        (error.kind, error.hints[0].as_str()),
        (Kind::NotProvisioned, "run `martydb apply --service up_absent`")
    );

    let half = Service::new("up_half").await;
    let mut admin = super::support::server().admin("postgres").await;
    super::support::run(&mut admin, "ALTER DATABASE up_half ALLOW_CONNECTIONS false").await;
    assert_eq!(
        martydb_migrate::status(
            &half.target,
            martydb_migrate::Sizes::Measured,
            martydb_migrate::DriftCheck::Skipped,
            WAIT,
            &Default::default()
        )
        .await
        .state,
        ServiceState::NotProvisioned
    );
    super::support::run(&mut admin, "DROP DATABASE up_half").await;
    assert_eq!(
        martydb_migrate::status(
            &half.target,
            martydb_migrate::Sizes::Measured,
            martydb_migrate::DriftCheck::Skipped,
            WAIT,
            &Default::default()
        )
        .await
        .state,
        ServiceState::NotProvisioned
    );

    let mut wrong = Service::new("up_wrong").await;
    wrong.target.login.password = Some("no".into());
    wrong.target.existence = ExistenceCheck::Known(Existence::Present);
    let error = wrong.upgrade().await.error.unwrap();
    assert_eq!((error.kind, error.sqlstate.as_deref()), (Kind::Unreachable, Some("28P01")));
}

#[tokio::test]
async fn a_warning_of_the_server_is_reported() {
    let service = Service::new("up_warns").await;
    service.write("V1__w.sql", "GRANT CONNECT ON DATABASE up_warns TO PUBLIC;");
    assert_eq!(service.upgraded().await, [1]);
    let events = service.events.lock().unwrap().clone();
    assert!(events.iter().any(|event| matches!(event, Event::Warned(item, text) if item.version == 1 && text.contains("no privileges"))), "{events:?}");
}

#[tokio::test]
async fn objects_of_a_migration_are_usable_by_the_app() {
    let service = Service::new("up_app").await;
    service.write("V1__t.sql", "CREATE SCHEMA more; CREATE TABLE more.t (a int);").upgraded().await;
    let mut app = service.app().await;
    assert_eq!(rows(&mut app, "INSERT INTO more.t VALUES (7) RETURNING a::text").await, ["7"]);
}
