//! Place of refinery's table, and what a lost row or a second table means.

use martydb_migrate::{
    EventSender, Goal, MigrationTarget, RepairKind, ServiceState, Sizes, examine, repair, run, status,
};
use martydb_model::SchemaName;
use martydb_model::error::Kind;

use super::support::{Service, run as execute};

/// Query that martydb at commit b3010acd sends first to a history that has a table of notes.
const EARLIER_READS: &str = "SELECT version, outcome, action FROM (
    SELECT DISTINCT ON (version) version, outcome, action, mode FROM martydb.history ORDER BY version, id DESC
) last WHERE mode = 'no-transaction' AND outcome IN ('started', 'failed') ORDER BY version";

/// Ends the session at the given DDL command, as a crash would: numbers of a sequence outlive the transaction.
const STRIKE: &str = "CREATE SCHEMA fault; CREATE SEQUENCE fault.passed; CREATE TABLE fault.at (n bigint);
    INSERT INTO fault.at VALUES (0);
    CREATE FUNCTION fault.strike() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        IF nextval('fault.passed') = (SELECT n FROM fault.at) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    END $$;
    CREATE EVENT TRIGGER strike ON ddl_command_end EXECUTE FUNCTION fault.strike()";

/// Makes the service, with two versions and refinery's table in the schema `public`, as earlier versions leave it.
async fn earlier(name: &str) -> (Service, MigrationTarget) {
    let service = Service::new(name).await;
    service
        .write("V1__a.sql", "CREATE TABLE a (n int);")
        .write("V1__a.down.sql", "DROP TABLE a;")
        .write("V2__b.sql", "CREATE TABLE b (n int);")
        .write("V2__b.down.sql", "DROP TABLE b;");
    let public = MigrationTarget { history_schema: SchemaName::public(), ..service.target.clone() };
    upgraded(&service, &public).await;
    (service, public)
}

async fn upgraded(service: &Service, target: &MigrationTarget) {
    let end = run(target, Goal::Upgrade, &service.options(), &EventSender::ignored()).await;
    assert_eq!(end.error, None);
}

async fn place(service: &Service) -> Vec<String> {
    let tables =
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'refinery_schema_history'";
    service.ask(tables).await
}

#[tokio::test]
async fn a_table_of_an_earlier_version_is_moved_by_the_next_upgrade_and_back_if_the_manifest_says_so() {
    let (service, public) = earlier("hp_moves").await;
    service.do_as_admin("GRANT ALL ON refinery_schema_history TO hp_moves_app").await;
    assert_eq!(place(&service).await, ["public"]);
    assert_eq!(service.ask(EARLIER_READS).await, Vec::<String>::new());
    let seen = service.status().await;
    assert_eq!((seen.state, seen.current, seen.error), (ServiceState::UpToDate, Some(2), None));
    assert_eq!(place(&service).await, ["public"]);

    assert_eq!(service.upgraded().await, Vec::<i64>::new());
    assert_eq!(place(&service).await, ["martydb"]);
    let open = "SELECT count(*)::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname IN ('public', 'martydb') AND has_table_privilege('hp_moves_app', c.oid, 'DELETE')
                  AND relkind = 'r' AND relname NOT IN ('a', 'b')";
    assert_eq!(service.ask(open).await, ["0"]);
    // An earlier version stops at its first read, and the error says what to do.
    let mut owner = service.migrator().await;
    sqlx::raw_sql("SET ROLE hp_moves_owner").execute(&mut owner).await.unwrap();
    let refused = sqlx::raw_sql(EARLIER_READS).execute(&mut owner).await.unwrap_err().to_string();
    assert!(refused.contains("history is in a newer format: install the newest martydb"), "{refused}");
    assert_eq!(service.ask("SELECT (to_regclass('martydb.progress') IS NOT NULL)::text").await, ["true"]);
    assert_eq!(service.status().await.state, ServiceState::UpToDate);

    upgraded(&service, &public).await;
    assert_eq!(place(&service).await, ["public"]);
    assert_eq!(service.ask(EARLIER_READS).await, Vec::<String>::new());
    let seen = status(
        &public,
        Sizes::Skipped,
        martydb_migrate::DriftCheck::Skipped,
        service.options().lock_wait,
        &Default::default(),
    )
    .await;
    assert_eq!((seen.state, seen.current, seen.error), (ServiceState::UpToDate, Some(2), None));
    assert_eq!(service.upgraded().await, Vec::<i64>::new());
    assert_eq!(place(&service).await, ["martydb"]);
}

#[tokio::test]
async fn a_move_that_is_killed_at_any_statement_has_moved_nothing_and_the_next_upgrade_completes_it() {
    let (service, public) = earlier("hp_killed").await;
    service.do_as_admin(STRIKE).await;
    for (target, before, after, least) in
        [(&service.target, "public", "martydb", 7), (&public, "martydb", "public", 4)]
    {
        for at in 1.. {
            let arm = format!("UPDATE fault.at SET n = {at}; SELECT setval('fault.passed', 1, false)");
            service.do_as_admin(&arm).await;
            let end = run(target, Goal::Upgrade, &service.options(), &EventSender::ignored()).await;
            let passed = service.ask("SELECT last_value::text FROM fault.passed").await;
            if passed[0].parse::<i32>().unwrap() < at {
                assert_eq!((end.error, place(&service).await), (None, vec![after.to_string()]));
                assert!(at > least, "{at}");
                break;
            }
            assert!(end.error.is_some(), "{at}");
            assert_eq!(place(&service).await, [before], "{at}");
            let earlier_works =
                sqlx::raw_sql(EARLIER_READS).execute(&mut service.admin().await).await.is_ok();
            assert_eq!(earlier_works, before == "public", "{at}");
            let seen = status(
                target,
                Sizes::Skipped,
                martydb_migrate::DriftCheck::Skipped,
                service.options().lock_wait,
                &Default::default(),
            )
            .await;
            assert_eq!(
                (seen.state, seen.current),
                (ServiceState::UpToDate, Some(2)),
                "{at} {:?}",
                seen.error
            );
        }
    }
}

#[tokio::test]
async fn a_status_that_waits_for_the_move_reads_the_table_where_it_is_then() {
    let (service, _) = earlier("hp_race").await;
    let mut mover = service.admin().await;
    execute(&mut mover, "BEGIN; ALTER TABLE refinery_schema_history SET SCHEMA martydb").await;
    let released = async {
        let waits = "SELECT (count(*) > 0)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'hp_race'";
        service.until("status waits", waits).await;
        execute(&mut mover, "COMMIT").await;
    };
    let (seen, ()) = tokio::join!(service.status(), released);
    assert_eq!((seen.state, seen.current, seen.error), (ServiceState::UpToDate, Some(2), None));
}

#[tokio::test]
async fn a_second_table_is_divergent() {
    let (service, _) = earlier("hp_two").await;
    service.upgraded().await;
    // refinery's own first statement, and what it finds: nothing.
    service
        .do_as_admin("CREATE TABLE public.refinery_schema_history (LIKE martydb.refinery_schema_history)")
        .await;
    service.do_as_admin("ALTER TABLE public.refinery_schema_history OWNER TO hp_two_owner").await;
    let seen = service.status().await;
    assert_eq!(
        (seen.state, seen.error.map(|error| error.kind)),
        (ServiceState::Divergent, Some(Kind::Divergent))
    );
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.kind, Kind::Divergent);
    assert_eq!(
        error.causes,
        ["martydb.refinery_schema_history has 2 versions", "public.refinery_schema_history has 0 versions"]
    );
    service.do_as_admin("DROP TABLE public.refinery_schema_history").await;
    assert_eq!(service.upgraded().await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_lost_row_is_divergent_and_put_back_by_repair() {
    let (service, _) = earlier("hp_lost").await;
    service.upgraded().await;
    let options = service.options();
    for (lose, lost) in [
        ("DELETE FROM martydb.refinery_schema_history WHERE version = 1", 1),
        ("DELETE FROM martydb.refinery_schema_history WHERE version = 2", 1),
        ("TRUNCATE martydb.refinery_schema_history", 2),
        ("DROP TABLE martydb.refinery_schema_history", 2),
    ] {
        service.do_as_admin(lose).await;
        let seen = service.status().await;
        let said = (seen.state, seen.current, seen.divergences.len(), seen.pending.len());
        assert_eq!(said, (ServiceState::Divergent, Some(2), lost, 0), "{lose}");
        let error = service.upgrade().await.error.unwrap();
        assert_eq!(error.kind, Kind::Divergent, "{lose}");
        assert!(error.hints[0].contains("martydb repair --service hp_lost"), "{error:?}");
        let found = examine(&service.target, None, &options).await.unwrap();
        assert!(found.len() == lost && found.iter().all(|one| one.wrong == RepairKind::RowLost), "{found:?}");
        repair(&service.target, &found, "lost", &options, &EventSender::ignored()).await.unwrap();
        assert_eq!(service.upgraded().await, Vec::<i64>::new(), "{lose}");
    }
    // The rows have their times again, which decide what a downgrade undoes first.
    let order = "SELECT version::text FROM martydb.refinery_schema_history ORDER BY applied_on";
    assert_eq!(service.ask(order).await, ["1", "2"]);
}

#[tokio::test]
async fn statements_over_all_tables_do_not_reach_the_history() {
    let service = Service::new("hp_all").await;
    service
        .write("V1__a.sql", "CREATE TABLE a (n int);")
        .write("V2__grant.sql", "GRANT ALL ON ALL TABLES IN SCHEMA public TO hp_all_app;")
        .write(
            "V3__all.sql",
            "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
               EXECUTE format('TRUNCATE %I', t); END LOOP; END $$;",
        )
        .write("V4__new.sql", "DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\nCREATE TABLE b (n int);");
    assert_eq!(service.upgraded().await, [1, 2, 3, 4]);
    assert_eq!(service.status().await.state, ServiceState::UpToDate);
    let fires = "CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fired'; END $$;
        DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        LOOP EXECUTE format('CREATE TRIGGER fire BEFORE INSERT OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION fire()', t); END LOOP; END $$;";
    service
        .write("V5__fire.sql", fires)
        .write("V6__seen.sql", "CREATE VIEW seen AS SELECT version FROM martydb.history;");
    assert_eq!(service.upgraded().await, [5, 6]);
    for (sql, named) in [
        ("SELECT 1;\nTRUNCATE martydb.history;", "2:10: names the schema martydb"),
        ("REVOKE ALL ON refinery_schema_history FROM hp_all_app;", "1:15: names refinery_schema_history"),
    ] {
        service.write("V7__own.sql", sql);
        let error = service.upgrade().await.error.unwrap();
        assert_eq!(error.kind, Kind::MigrationFile);
        assert!(error.causes[0].contains(&format!("V7__own.sql:{named}")), "{error:?}");
    }
    // In a declared schema the table is the team's own.
    let public = MigrationTarget { history_schema: SchemaName::public(), ..service.target.clone() };
    service.remove("V7__own.sql");
    upgraded(&service, &public).await;
    service.write("V7__own.sql", "REVOKE ALL ON refinery_schema_history FROM hp_all_app;");
    upgraded(&service, &public).await;
}
