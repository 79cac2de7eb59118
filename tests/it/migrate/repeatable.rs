//! Repeatable migrations: run again when they, what they need, or the versioned ones have changed.

use martydb_migrate::{
    self, DowngradeTo, EventSender, Execution, Goal, MigrationOutcome, Options, ServiceState, ServiceStatus,
};
use martydb_model::error::Kind;

use super::support::Service;

/// The names of those that ran.
async fn ran(service: &Service) -> Vec<String> {
    let outcome = service.upgrade().await;
    assert_eq!(outcome.error, None);
    outcome.repeatable.into_iter().map(|one| one.name).collect()
}

fn due(status: &ServiceStatus) -> Vec<&str> {
    status.repeatable_pending.iter().map(|due| due.name.as_str()).collect()
}

async fn two_views(name: &str) -> Service {
    let service = Service::new(name).await;
    service
        .write("V1__t.sql", "CREATE TABLE t (a int);")
        .write("V1__t.down.sql", "DROP TABLE t CASCADE;")
        .write("R__a_totals.sql", "CREATE OR REPLACE VIEW totals AS SELECT count(*) AS n FROM rows_of_t;")
        .write("R__rows.sql", "CREATE OR REPLACE VIEW rows_of_t AS SELECT a FROM t;");
    service
}

#[tokio::test]
async fn repeatable_migrations_run_last_in_order_of_their_dependencies() {
    let service = two_views("rep_order").await;
    let dry = Options { execution: Execution::Dry, ..service.options() };
    let planned = service.upgrade_with(&dry).await;
    let names: Vec<_> = planned.repeatable_planned.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((planned.planned.len(), names), (1, vec!["rows", "a_totals"]));
    assert_eq!(service.status().await.repeatable_pending.len(), 2);
    let outcome = service.upgrade().await;
    assert_eq!((outcome.error, outcome.applied.len(), outcome.to), (None, 1, Some(1)));
    let names: Vec<_> = outcome.repeatable.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["rows", "a_totals"]);
    let owner = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relname IN ('totals', 'rows_of_t', 'repeatable')";
    assert_eq!(service.ask(owner).await, ["rep_order_owner"]);
    let known = service.status().await;
    assert_eq!((known.state, due(&known)), (ServiceState::UpToDate, vec![]));
    assert_eq!(ran(&service).await, Vec::<String>::new());
    // refinery's table has only versions, and the history has every migration.
    assert_eq!(service.ask("SELECT version::text FROM martydb.refinery_schema_history").await, ["1"]);
    let past = martydb_migrate::history(&service.target, std::time::Duration::from_secs(5)).await.unwrap();
    let reported: Vec<_> = past.iter().map(|event| (event.version, event.name.as_str())).collect();
    assert_eq!(reported, [(Some(1), "t"), (None, "rows"), (None, "a_totals")]);
    let mut app = service.app().await;
    let refused = sqlx::raw_sql("SELECT FROM martydb.repeatable").execute(&mut app).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}

#[tokio::test]
async fn a_changed_repeatable_migration_runs_with_its_dependents() {
    let service = two_views("rep_change").await;
    service.write(
        "R__other.sql",
        "-- é\nCREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;",
    );
    assert_eq!(ran(&service).await, ["other", "rows", "a_totals"]);
    service
        .write("R__other.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;");
    assert_eq!(due(&service.status().await), ["other"]);
    assert_eq!(ran(&service).await, ["other"]);
    service.write(
        "R__rows.sql",
        "DROP VIEW IF EXISTS rows_of_t CASCADE;\nCREATE VIEW rows_of_t AS SELECT a FROM t;",
    );
    assert_eq!(ran(&service).await, ["rows", "a_totals"]);
    assert_eq!(service.ask("SELECT n::text FROM totals").await, ["0"]);

    service.write("V2__t.sql", "ALTER TABLE t ADD b int;").write("V2__t.down.sql", "ALTER TABLE t DROP b;");
    assert_eq!(ran(&service).await, ["other", "rows", "a_totals"]);
    // Migrations that refinery applies count as well.
    service
        .do_as_admin("INSERT INTO martydb.refinery_schema_history SELECT 3, 'x', applied_on, '1' FROM martydb.refinery_schema_history LIMIT 1")
        .await;
    let known = service.status().await;
    assert_eq!(due(&known), ["other", "rows", "a_totals"]);
}

#[tokio::test]
async fn versions_and_downgrades_leave_repeatable_migrations_alone() {
    let service = two_views("rep_to").await;
    service.write("V2__t.sql", "ALTER TABLE t ADD b int;").write("V2__t.down.sql", "ALTER TABLE t DROP b;");
    let first = service.upgrade_with(&Options { to: Some(1), ..service.options() }).await;
    assert_eq!((first.error, first.repeatable), (None, vec![]));
    let all = service.upgrade_with(&Options { to: Some(2), ..service.options() }).await;
    assert_eq!((all.error, all.repeatable.len()), (None, 2));
    let back = |to: i64| {
        let (target, options) = (service.target.clone(), service.options());
        async move {
            let goal = Goal::Downgrade(DowngradeTo::Version(to));
            martydb_migrate::run(&target, goal, &options, &EventSender::ignored()).await
        }
    };
    let down: MigrationOutcome = back(1).await;
    assert_eq!((down.error, down.repeatable), (None, vec![]));
    let known = service.status().await;
    assert_eq!((known.state, due(&known)), (ServiceState::Pending, vec!["rows", "a_totals"]));
    assert_eq!(back(0).await.error, None);
    assert_eq!(service.ask("SELECT to_regclass('totals')::text").await, ["-"]);
    assert_eq!(ran(&service).await, ["rows", "a_totals"]);
    assert_eq!(service.ask("SELECT n::text FROM totals").await, ["0"]);
}

#[tokio::test]
async fn a_failed_repeatable_migration_is_rolled_back_and_retried() {
    let service = two_views("rep_fails").await;
    service.write(
        "R__rows.sql",
        "CREATE TABLE half (a int);\nCREATE OR REPLACE VIEW rows_of_t AS SELECT nope FROM t;",
    );
    let outcome = service.upgrade().await;
    let error = outcome.error.unwrap();
    assert!(
        error.message.starts_with("R__rows failed at") && error.message.contains("R__rows.sql:2:44"),
        "{error:#?}"
    );
    assert_eq!((outcome.applied.len(), outcome.to, outcome.repeatable.len()), (1, Some(1), 0));
    let known = service.status().await;
    assert_eq!((known.current, due(&known)), (Some(1), vec!["rows", "a_totals"]));
    assert_eq!(service.ask("SELECT to_regclass('half')::text").await, ["-"]);
    let failed = service.ask("SELECT name, outcome, sqlstate FROM martydb.repeatable").await;
    assert_eq!(failed, ["rows failed 42703"]);
    service.write("R__rows.sql", "CREATE OR REPLACE VIEW rows_of_t AS SELECT a FROM t;");
    assert_eq!(ran(&service).await, ["rows", "a_totals"]);

    // Its objects belong to the owner, as everywhere.
    service.write("R__rows.sql", "SELECT set_config('role', 'none', false); SELECT lo_create(0);");
    let error = service.upgrade().await.error.unwrap();
    assert!(error.causes[0].contains("to another role than the owner"), "{error:#?}");
}

#[tokio::test]
async fn invalid_repeatable_migrations_are_refused_before_connecting() {
    let service = Service::absent("rep_misfit");
    service
        .write("R__a.sql", "SELECT 1;")
        .write("R__A.sql", "SELECT 1;")
        .write("R__b.down.sql", "SELECT 1;")
        .write("R__c.sql", "-- martydb: no-transaction\nVACUUM;")
        .write("R_d.sql", "SELECT 1;")
        .write("R__e.sql", "BEGIN; SELECT 1; COMMIT;");
    let error = service.upgrade().await.error.unwrap();
    assert_eq!((error.kind, error.causes.len()), (Kind::MigrationFile, 4), "{error:#?}");
    for what in ["has the name of R__A.sql", "is a down file", "is repeatable", "is not named"] {
        assert!(error.causes.iter().any(|cause| cause.contains(what)), "{what}: {error:#?}");
    }
}
