//! Migrations outside a transaction: interrupted, resumed, healed.

use martydb_model::error::Kind;

use super::support::{Service, run, server};

const TABLE: &str = "CREATE TABLE t AS SELECT g a, g % 2 b FROM generate_series(1, 1000) g;";

async fn indexes(service: &Service) -> Vec<String> {
    let all =
        "SELECT c.relname::text, i.indisvalid::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid = 't'::regclass ORDER BY 1";
    service.ask(all).await
}

#[tokio::test]
async fn a_failed_build_names_its_invalid_index_and_the_next_run_rebuilds_it() {
    let service = Service::new("ou_heal").await;
    service.write("V1__t.sql", TABLE).upgraded().await;
    service.write(
        "V2__i.sql",
        "-- martydb: no-transaction\nCREATE TABLE marks (n int);\nINSERT INTO marks VALUES (1);\n\
         CREATE INDEX CONCURRENTLY good ON t (a);\nCREATE UNIQUE INDEX CONCURRENTLY bad ON t (b);",
    );
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.sqlstate.as_deref(), Some("23505"));
    assert!(error.causes.iter().any(|c| c == "it left the INVALID index public.bad"), "{error:?}");
    assert!(error.message.ends_with("V2__i.sql:5:1"), "{error:?}");
    assert_eq!(indexes(&service).await, ["bad false", "good true"]);
    let status = service.status().await;
    assert_eq!(status.unfinished.len(), 1);

    service.do_as_admin("UPDATE t SET b = a").await;
    assert_eq!(service.upgraded().await, [2]);
    assert_eq!(indexes(&service).await, ["bad true", "good true"]);
    // Completed statements are not repeated.
    assert_eq!(service.ask("SELECT count(*)::text FROM marks").await, ["1"]);
    assert_eq!(
        service.history().await[1..],
        ["2 upgrade 2 started 1", "3 upgrade 2 failed 1", "4 upgrade 2 started 1", "5 upgrade 2 ok 1"]
    );
    let note = service.ask("SELECT note FROM martydb.history ORDER BY id DESC LIMIT 1").await;
    assert_eq!(
        note,
        ["resumed after 3 of 4 statements; dropped the INVALID index public.bad of the interrupted run"]
    );
    assert_eq!(service.ask("SELECT count(*)::text FROM martydb.progress").await, ["0"]);
}

#[tokio::test]
async fn a_lost_session_is_resumed_at_its_statement() {
    let service = Service::new("ou_lost").await;
    service.write("V1__t.sql", TABLE).upgraded().await;
    service.write(
        "V2__i.sql",
        "-- martydb: no-transaction\nSET my.setting = 'kept';\nCREATE TABLE marks (n int);\n\
         CREATE INDEX CONCURRENTLY i ON t (a);\nINSERT INTO marks SELECT 1 WHERE current_setting('my.setting') = 'kept';",
    );
    let mut other = service.admin().await;
    // An old snapshot with a lock on the table holds the build up until it is killed.
    run(&mut other, "BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE").await;
    let kill = async {
        let held_up = "SELECT (count(*) > 0)::text FROM pg_stat_activity WHERE usename = 'ou_lost_migrator' AND wait_event_type = 'Lock'";
        service.until("the build waits", held_up).await;
        let mut admin = server().admin("postgres").await;
        run(
            &mut admin,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ou_lost_migrator'",
        )
        .await;
    };
    let (outcome, ()) = tokio::join!(service.upgrade(), kill);
    assert_eq!(outcome.error.unwrap().kind, Kind::Unreachable);
    assert_eq!(indexes(&service).await, ["i false"]);
    run(&mut other, "COMMIT").await;
    assert_eq!(service.upgraded().await, [2]);
    assert_eq!(indexes(&service).await, ["i true"]);
    assert_eq!(service.ask("SELECT count(*)::text FROM marks").await, ["1"]);
}

#[tokio::test]
async fn edits_of_executed_statements_are_refused_and_of_later_ones_accepted() {
    let service = Service::new("ou_edit").await;
    let file = |first: &str, second: &str| format!("-- martydb: no-transaction\n{first};\n{second};");
    service.write("V1__x.sql", &file("CREATE TABLE a (n int)", "SELECT 1 / 0"));
    assert_eq!(service.upgrade().await.error.unwrap().sqlstate.as_deref(), Some("22012"));
    service.write("V1__x.sql", &file("CREATE TABLE b (n int)", "SELECT 1"));
    let error = service.upgrade().await.error.unwrap();
    assert!(error.message.contains("was edited where it has already run"), "{error:?}");
    service.write("V1__x.sql", &file("CREATE TABLE a (n int)", "SELECT 1"));
    assert_eq!(service.upgraded().await, [1]);
}

#[tokio::test]
async fn if_not_exists_does_not_accept_an_invalid_index() {
    let service = Service::new("ou_exists").await;
    service.write("V1__t.sql", TABLE).upgraded().await;
    service.do_as_admin("CREATE INDEX i ON t (a); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass").await;
    service.write(
        "V2__i.sql",
        "-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);",
    );
    let error = service.upgrade().await.error.unwrap();
    assert!(error.causes[0].contains("public.i existed before"), "{error:?}");
    service.do_as_admin("DROP INDEX i").await;
    assert_eq!(service.upgraded().await, [2]);
}

#[tokio::test]
async fn a_block_that_resets_the_role_leaves_no_object_to_the_login() {
    let service = Service::new("ou_role").await;
    service.write(
        "V1__x.sql",
        "-- martydb: no-transaction\nGRANT CREATE, USAGE ON SCHEMA public TO ou_role_migrator;\n\
         DO $$ BEGIN EXECUTE 'SET ROLE NONE'; EXECUTE 'CREATE TABLE mine (a int)'; COMMIT; END $$;",
    );
    let error = service.upgrade().await.error.unwrap();
    assert!(error.causes[0].contains("table mine"), "{error:?}");
    let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'mine'";
    assert_eq!(service.ask(owner).await, ["ou_role_owner"]);
    assert_eq!(service.ask("SELECT count(*)::text FROM martydb.refinery_schema_history").await, ["0"]);

    let joined = Service::new("ou_join").await;
    joined.write(
        "V1__x.sql",
        "-- martydb: no-transaction\nGRANT CREATE, USAGE ON SCHEMA public TO ou_join_migrator;\n\
         SELECT set_config('role', 'none', false), lo_create(0);",
    );
    let error = joined.upgrade().await.error.unwrap();
    assert!(error.causes[0].contains("to another role than the owner"), "{error:?}");
}

/// A statement that a function builds can change how strings are read unnoticed: that lasts no longer than
/// the statement itself, or a COMMIT hidden in a string would be run.
#[tokio::test]
async fn a_file_cannot_change_how_its_strings_are_read() {
    let service = Service::new("ou_strings").await;
    let hidden = r"SELECT '\'' ; COMMIT; CREATE TABLE hidden (a int); --';";
    let changes = [
        "DO $$ BEGIN EXECUTE 'SET standard_conforming_strings = off'; END $$;",
        "DO $$ BEGIN EXECUTE 'SET client_encoding = SJIS'; COMMIT; EXECUTE 'SET standard_conforming_strings = off'; END $$;",
        "SELECT set_config('standard_' || 'conforming_strings', 'off', false);",
        "SET martydb.x = 'on'; SELECT set_config(lower('STANDARD_CONFORMING_' || 'STRINGS'), 'off', false);",
    ];
    for (at, change) in changes.iter().enumerate() {
        let text = format!("-- martydb: no-transaction\n{change}\n{hidden}\nCREATE TABLE t{at} (\"é\" int);");
        service.write(&format!("V{}__x.sql", at + 1), &text);
        let outcome = service.upgrade().await;
        assert_eq!(service.ask("SELECT to_regclass('hidden')::text").await, ["-"], "{change}");
        assert_eq!(outcome.error, None, "{change}");
        let column =
            format!("SELECT attname FROM pg_attribute WHERE attrelid = 't{at}'::regclass AND attnum = 1");
        assert_eq!(service.ask(&column).await, ["é"]);
    }
}

/// The check's message is for people, at any statement.
#[tokio::test]
async fn errors_do_not_expose_the_internal_check() {
    let service = Service::new("ou_xml").await;
    service.write(
        "V1__x.sql",
        "-- martydb: no-transaction\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS
         $$ BEGIN PERFORM set_config('martydb.migration', 'x', true); RETURN 1; END $$;\nSELECT f();",
    );
    let error = service.upgrade().await.error.unwrap();
    assert!(error.causes[0].contains("ended its own transaction"), "{error:?}");
    let kept = service.ask("SELECT error FROM martydb.history WHERE outcome = 'failed'").await;
    assert!(kept[0].contains("ended its own transaction"), "{kept:?}");
    assert!(!format!("{error:?}{kept:?}").contains("<martydb>"), "{error:?} {kept:?}");
}

#[tokio::test]
async fn a_statement_that_the_server_rejected_is_not_taken_for_done() {
    let service = Service::new("ou_rejected").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int); CREATE INDEX t_a ON t (a);").upgraded().await;
    service.write("V2__i.sql", "-- martydb: no-transaction\nDROP INDEX CONCURRENTLY t_b;");
    for _ in 0..2 {
        let error = service.upgrade().await.error.unwrap();
        assert_eq!(error.sqlstate.as_deref(), Some("42704"), "{error:?}");
    }
    service.write("V2__i.sql", "-- martydb: no-transaction\nDROP INDEX CONCURRENTLY t_a;");
    assert_eq!(service.upgraded().await, [2]);
    assert_eq!(indexes(&service).await, Vec::<String>::new());
}
