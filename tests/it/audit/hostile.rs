//! A service that tries to blind the verifier, or to run code as it.

use super::support::Pair;

#[test]
fn a_service_that_attacks_the_verifier_is_named() {
    let pair = Pair::new();
    let red = |sql: &str| {
        let password = pair.project.password("red_migrator");
        pair.server.sql_as("red_migrator", &password, "red_db", sql).unwrap();
    };
    // A function and an operator that would lie to a session that looks them up by a bare name.
    red(
        "CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT ''pg_catalog''::text'",
    );
    red(
        "CREATE FUNCTION public.pg_get_userbyid(oid) RETURNS name LANGUAGE plpgsql AS 'BEGIN EXECUTE ''ALTER ROLE red_app SUPERUSER''; RETURN ''postgres''; END'",
    );
    red("SET ROLE NONE; ALTER ROLE red_migrator SET search_path = public, pg_catalog");
    red("SET ROLE NONE; ALTER ROLE red_migrator SET statement_timeout = '1ms'");
    let app = pair.project.password("red_app");
    // The timeout last: it counts for the next session, also on a slow machine.
    for setting in ["search_path = public, pg_catalog", "statement_timeout = '1ms'"] {
        let sql = format!("ALTER ROLE red_app SET {setting}");
        pair.server.sql_as("red_app", &app, "red_db", &sql).unwrap();
    }
    // States that only an operator's mistake makes possible.
    if pair.server.major() >= 17 {
        pair.server.sql(
            "red_db",
            "SET ROLE red_owner; CREATE FUNCTION public.hook() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN EXECUTE ''ALTER ROLE red_app SUPERUSER''; END IF; END'; RESET ROLE; CREATE EVENT TRIGGER hook ON login EXECUTE FUNCTION public.hook(); ALTER EVENT TRIGGER hook ENABLE ALWAYS",
        );
    }
    pair.server.sql("postgres", "ALTER DATABASE red_db SET role = 'red_owner'");
    pair.server.sql("postgres", "ALTER DATABASE red_db SET statement_timeout = '1ms'");
    pair.server.sql("postgres", "ALTER DATABASE red_db SET search_path = public, pg_catalog");
    pair.server.sql("postgres", "CREATE DATABASE \"\"\"; DROP\"");
    let before = pair.server.log().len();
    let result = pair.verify(&["--probes", "full"], 4);
    let found = Pair::found(&result).join("\n");
    assert!(!pair.server.log_since(before).contains("ALTER ROLE red_app SUPERUSER"));
    assert_eq!(pair.server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolsuper"), "1");
    assert_eq!(result["summary"]["inconclusive"], 0, "{found}");
    assert_eq!(result["errors"].as_array().unwrap().len(), 0, "{result:#}");
    for expected in [
        "shadowing-function | red | red_owner | red_db | function public.current_setting(text)",
        "shadowing-function | red | red_owner | red_db | function public.pg_get_userbyid(oid)",
        "role-setting | red | PUBLIC | red_db | setting role",
        "role-setting | red | PUBLIC | red_db | setting statement_timeout",
        "role-setting | red | PUBLIC | red_db | setting search_path",
        "role-setting | red | red_app | - | setting statement_timeout",
        "role-setting | red | red_app | - | setting search_path",
        "unmanaged-database-connect | - | PUBLIC | \"; DROP | ",
    ] {
        assert!(found.contains(expected), "{expected}\n{found}");
    }
    if pair.server.major() >= 17 {
        assert!(
            found.contains("critical | event-trigger | red | red_owner | red_db | event trigger hook"),
            "{found}"
        );
    }
}
