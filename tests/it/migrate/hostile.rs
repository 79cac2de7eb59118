//! Files that try, by accident or on purpose, to get around the rules: never recorded as done when they are not,
//! and nothing left to another role than the owner.

use super::support::Service;

/// Runs one file that must fail, and checks that nothing of it is left.
async fn fails(service: &Service, sql: &str) -> martydb_model::error::Error {
    service.write("V1__hostile.sql", sql);
    let error = service.upgrade().await.error.unwrap_or_else(|| panic!("went through: {sql}"));
    assert_eq!(
        service.ask("SELECT count(*)::text FROM martydb.refinery_schema_history").await,
        ["0"],
        "{sql}"
    );
    assert_eq!(service.ask("SELECT to_regclass('trace')::text").await, ["-"], "{sql}");
    error
}

#[tokio::test]
async fn control_of_the_transaction_at_run_time_fails() {
    let service = Service::new("ho_commit").await;
    for sql in [
        "CREATE TABLE trace (a int); DO $$ BEGIN COMMIT; END $$;",
        "CREATE TABLE trace (a int); DO $$ BEGIN EXECUTE 'COMMIT'; END $$;",
        "CREATE TABLE trace (a int); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; END $$; CALL p();",
    ] {
        fails(&service, sql).await;
    }
}

#[tokio::test]
async fn objects_of_a_role_changed_at_run_time_belong_to_the_owner() {
    let service = Service::new("ho_role").await;
    for sql in [
        "CREATE TABLE trace (a int); GRANT CREATE, USAGE ON SCHEMA public TO ho_role_migrator;
         DO $$ BEGIN EXECUTE 'SET ROLE NONE'; EXECUTE 'CREATE TABLE mine (a int)'; END $$;",
        "CREATE TABLE trace (a int); SELECT set_config('role', 'none', false); SELECT lo_create(0);",
        "CREATE TABLE trace (a int); GRANT CREATE, USAGE ON SCHEMA public TO ho_role_migrator;
         SAVEPOINT s; SELECT set_config('role', 'none', true); CREATE TYPE mine AS ENUM ('a'); RELEASE s;",
    ] {
        let error = fails(&service, sql).await;
        assert!(error.causes[0].contains("to another role than the owner"), "{error:?}");
        assert!(error.causes[0].contains("belongs to ho_role_migrator"), "{error:?}");
    }
    // Changed without an object: the run continues as the owner.
    service
        .write("V1__hostile.sql", "SELECT set_config('role', 'none', false);")
        .write("V2__t.sql", "CREATE TABLE t (a int);");
    assert_eq!(service.upgraded().await, [1, 2]);
    assert_eq!(
        service.ask("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'").await,
        ["ho_role_owner"]
    );
}

#[tokio::test]
async fn objects_made_concurrently_by_others_do_not_fail_a_migration() {
    let service = Service::new("ho_others").await;
    let mut app = service.app().await;
    service.write("V1__slow.sql", "CREATE TABLE t (a int); SELECT pg_sleep(1);");
    let meanwhile = async {
        service.until_it_sleeps().await;
        super::support::run(&mut app, "SELECT lo_create(0)").await;
    };
    let (applied, ()) = tokio::join!(service.upgraded(), meanwhile);
    assert_eq!(applied, [1]);
}

#[tokio::test]
async fn a_deferred_constraint_error_is_distinguished_from_a_statement_error() {
    let service = Service::new("ho_defer").await;
    let error = fails(
        &service,
        "CREATE TABLE trace (a int PRIMARY KEY, b int REFERENCES trace DEFERRABLE INITIALLY DEFERRED); INSERT INTO trace VALUES (1, 2);",
    )
    .await;
    assert!(error.causes[0].starts_with("a deferred constraint failed"), "{error:?}");
}

#[tokio::test]
async fn hostile_search_paths_quotes_comments_and_sizes_are_applied() {
    let service = Service::new("ho_odd").await;
    let many: String = (0..10_000).map(|n| format!("INSERT INTO n VALUES ({n});\n")).collect();
    let long = format!("INSERT INTO n SELECT length('{}');", "x".repeat(50_000_000));
    service
        .write("V1__path.sql", "CREATE SCHEMA evil; CREATE TABLE evil.pg_shdepend (a int); CREATE TABLE n (a int);\nSET search_path = evil, pg_catalog;")
        .write("V2__quotes.sql", "SELECT $a$ ; COMMIT; $b$ ' \" $a$, E'\\'; COMMIT;', '\\'; -- '; COMMIT;\n/* /* ; */ COMMIT; */ SELECT \"c\" FROM (SELECT 1 AS \"c\") x; -- no line end")
        .write("V3__body.sql", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2;'; CREATE RULE r AS ON INSERT TO n WHERE new.a < 0 DO INSTEAD (SELECT 1; SELECT 2);")
        .write("V4__many.sql", &many)
        .write("V5__large.sql", &long)
        .write("V6__select.sql", "SELECT NULL::regrole, ARRAY[1], ROW(1, 'a'), now(); SELECT g FROM generate_series(1, 1000) g;");
    assert_eq!(service.upgraded().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(service.ask("SELECT count(*)::text FROM n").await, ["10001"]);
}
