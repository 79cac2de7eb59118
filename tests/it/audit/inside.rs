//! Operations of a login in its own database, tried live: each one beyond its role is a breach, and no trace is left.

use serde_json::Value;

use super::support::{Pair, groups, made};
use crate::support::many;

/// One leak inside a service.
struct Leak {
    since: u32,
    database: &'static str,
    open: &'static str,
    /// Role, operation, and part of the statement that closes the breach; empty if only the audit knows one.
    expect: [&'static str; 3],
    /// Statements for the part that `apply` does not fix.
    mend: &'static str,
}

const fn leak(database: &'static str, open: &'static str, expect: [&'static str; 3]) -> Leak {
    Leak { since: 0, database, open, expect, mend: "" }
}

#[rustfmt::skip]
const LEAKS: &[Leak] = &[
    leak("blue_db", "GRANT TRUNCATE ON item TO blue_app", ["blue_app", "TRUNCATE of a table", "REVOKE TRUNCATE ON TABLE public.item FROM \"blue_app\""]),
    leak("blue_db", "GRANT TRIGGER ON item TO blue_ro", ["blue_ro", "CREATE TRIGGER on a table", "REVOKE TRIGGER ON TABLE public.item FROM \"blue_ro\""]),
    leak("blue_db", "GRANT INSERT (name) ON item TO blue_ro", ["blue_ro", "INSERT into a table", "REVOKE INSERT (\"name\") ON TABLE public.item FROM \"blue_ro\""]),
    leak("blue_db", "GRANT UPDATE ON SEQUENCE item_id_seq TO blue_app", ["blue_app", "setval of a sequence", "REVOKE UPDATE ON SEQUENCE public.item_id_seq FROM \"blue_app\""]),
    leak("blue_db", "GRANT SELECT ON item TO blue_ro WITH GRANT OPTION", ["blue_ro", "GRANT of a privilege on a table", "REVOKE GRANT OPTION FOR SELECT ON TABLE public.item FROM \"blue_ro\""]),
    leak("blue_db", "GRANT INSERT ON ALL TABLES IN SCHEMA martydb TO blue_ro", ["blue_ro", "a change of the record of migrations", "FROM \"blue_ro\""]),
    leak("blue_db", "GRANT CREATE ON SCHEMA public TO blue_app", ["blue_app", "CREATE in a schema", "REVOKE CREATE ON SCHEMA public FROM \"blue_app\""]),
    leak("blue_db", "GRANT CREATE ON SCHEMA public TO blue_app", ["blue_app", "CREATE TABLE (tried: CREATE TABLE \"public\".\"martydb_probe\" ())", ""]),
    leak("postgres", "GRANT CREATE ON DATABASE blue_db TO blue_app", ["blue_app", "CREATE SCHEMA (tried: CREATE SCHEMA \"martydb_probe\")", ""]),
    leak("postgres", "GRANT TEMPORARY ON DATABASE blue_db TO blue_ro", ["blue_ro", "CREATE TEMPORARY TABLE", "REVOKE TEMPORARY ON DATABASE blue_db FROM \"blue_ro\""]),
    leak("postgres", "GRANT TEMPORARY ON DATABASE blue_db TO blue_ro", ["blue_ro", "CREATE TEMPORARY TABLE (tried: CREATE TEMPORARY TABLE \"martydb_probe\" ())", ""]),
    leak("postgres", "GRANT blue_owner TO blue_app", ["blue_app", "SET ROLE to a role that is not its own", "REVOKE \"blue_owner\" FROM \"blue_app\""]),
    leak("postgres", "ALTER ROLE red_app NOINHERIT; GRANT blue_owner TO red_app", ["red_app", "SET ROLE (tried: SET LOCAL ROLE \"blue_owner\")", ""]),
    leak("postgres", "GRANT red_owner TO red_migrator WITH ADMIN OPTION", ["red_migrator", "GRANT of a role to others", "REVOKE ADMIN OPTION FOR \"red_owner\" FROM \"red_migrator\""]),
    leak("postgres", "CREATE ROLE bridge; GRANT blue_app TO bridge; GRANT bridge TO blue_ro", ["blue_ro", "SET ROLE to a role that is not its own", "REVOKE \"bridge\" FROM \"blue_ro\""]),
    leak("postgres", "ALTER ROLE blue_app CREATEDB", ["blue_app", "an attribute beyond LOGIN", "ALTER ROLE \"blue_app\" NOCREATEDB"]),
    leak("postgres", "ALTER ROLE red_ro SUPERUSER", ["red_ro", "an attribute beyond LOGIN", "ALTER ROLE \"red_ro\" NOSUPERUSER"]),
    Leak { mend: "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) FROM blue_ro", ..leak("blue_db", "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO blue_ro", ["blue_ro", "passwords and files of the server", ""]) },
    Leak { mend: "DROP FUNCTION power()", ..leak("blue_db", "SET ROLE blue_owner; CREATE FUNCTION power() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION power() TO blue_ro; RESET ROLE", ["blue_ro", "a SECURITY DEFINER function", "REVOKE EXECUTE ON FUNCTION public.power() FROM \"blue_ro\""]) },
    leak("blue_db", "SET ROLE blue_owner; CREATE DOMAIN mood AS text; RESET ROLE; CREATE ROLE crowd; GRANT USAGE ON TYPE mood TO crowd; GRANT crowd TO blue_app", ["blue_app", "USAGE of a type", "REVOKE USAGE ON TYPE public.mood FROM \"crowd\""]),
    leak("blue_db", "SET ROLE blue_owner; CREATE TYPE feeling AS ENUM ('good'); RESET ROLE; GRANT USAGE ON TYPE feeling TO PUBLIC", ["blue_migrator", "USAGE of a type", "REVOKE USAGE ON TYPE public.feeling FROM PUBLIC"]),
    Leak { mend: "SELECT lo_unlink(4711)", ..leak("blue_db", "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC", ["blue_ro", "a large object of another role", "REVOKE SELECT ON LARGE OBJECT 4711 FROM PUBLIC"]) },
    Leak { mend: "ALTER ROLE blue_app RESET lo_compat_privileges", ..leak("postgres", "ALTER ROLE blue_app SET lo_compat_privileges = on", ["blue_app", "a large object of another role", ""]) },
    leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT TRUNCATE ON TABLES TO blue_app", ["blue_app", "a privilege on future objects", "ALTER DEFAULT PRIVILEGES FOR ROLE \"blue_owner\" REVOKE TRUNCATE ON TABLES FROM \"blue_app\""]),
    leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC", ["blue_migrator", "a privilege on future objects", "ALTER DEFAULT PRIVILEGES FOR ROLE \"blue_owner\" IN SCHEMA \"public\" REVOKE SELECT ON TABLES FROM PUBLIC"]),
    leak("blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC", ["blue_ro", "a privilege on future objects", "REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"]),
    Leak { since: 16, ..leak("postgres", "GRANT blue_owner TO blue_ro WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", ["blue_ro", "GRANT of a role to others", "REVOKE ADMIN OPTION FOR \"blue_owner\" FROM \"blue_ro\""]) },
    Leak { since: 17, ..leak("blue_db", "GRANT MAINTAIN ON item TO blue_ro", ["blue_ro", "VACUUM, REINDEX or LOCK of a table", "REVOKE MAINTAIN ON TABLE public.item FROM \"blue_ro\""]) },
];

fn breach<'a>(result: &'a Value, role: &str, what: &str) -> Option<&'a Value> {
    let way = format!("inside: {what}");
    result["trials"]
        .as_array()
        .unwrap()
        .iter()
        .find(|trial| trial["role"] == role && trial["way"] == way.as_str() && trial["outcome"] == "breach")
}

fn leaves_nothing(pair: &Pair) {
    for database in ["red_db", "blue_db"] {
        let left = "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'martydb_probe%') + (SELECT count(*) FROM pg_namespace WHERE nspname = 'martydb_probe')";
        assert_eq!(pair.server.value(database, left), "0");
    }
}

#[test]
fn provisioned_logins_have_exactly_the_privileges_of_the_contract() {
    let pair = Pair::new();
    let result = pair.verify(&["--probes", "full"], 0);
    let inside: Vec<&Value> = result["trials"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|trial| trial["way"].as_str().unwrap().starts_with("inside: "))
        .collect();
    assert!(inside.len() > 6 * 20, "{}", inside.len());
    for row in &inside {
        assert_eq!(row["outcome"], "denied", "{row}");
        let tried = row["way"].as_str().unwrap().contains("(tried: ");
        assert_eq!(row["sqlstate"] == "42501", tried, "{row}");
    }
    // The migrator as itself, and privileges that the manifest declares, are not breaches.
    for (role, what) in [
        ("red_migrator", "SELECT from a table"),
        ("red_ro", "INSERT into a table"),
        ("red_app", "TRUNCATE of a table"),
    ] {
        assert!(
            inside.iter().any(|row| row["role"] == role && row["way"] == format!("inside: {what}").as_str())
        );
    }
    assert!(
        !inside.iter().any(|row| row["role"] == "red_app" && row["way"] == "inside: INSERT into a table")
    );
    leaves_nothing(&pair);
}

/// Words of what lets a role do more than the one thing that is expected.
const ALONE: [&str; 4] = ["SUPERUSER", "_owner TO", "bridge", "lo_compat_privileges"];

fn fit(one: &Leak, other: &Leak) -> bool {
    let is_alone = |leak: &Leak| ALONE.iter().any(|word| leak.open.contains(word));
    let is_made_twice = made(one.open).any(|name| made(other.open).any(|own| own == name));
    one.expect[..2] != other.expect[..2] && !is_alone(one) && !is_alone(other) && !is_made_twice
}

#[test]
fn every_privilege_beyond_the_contract_is_a_live_breach() {
    let pair = Pair::new();
    let taken = LEAKS.iter().step_by(many(1, 2)).filter(|leak| pair.server.major() >= leak.since);
    for group in groups(taken.collect(), many(1, 8), |one, other| fit(one, other)) {
        group.iter().for_each(|leak| drop(pair.server.sql(leak.database, leak.open)));
        let result = pair.verify(&["--probes", "sample"], 4);
        for leak in &group {
            let [role, what, fix] = leak.expect;
            let seen = breach(&result, role, what);
            assert!(seen.is_some(), "{}\n{:#}", leak.open, result["trials"]);
            let told = |finding: &&Value| finding["id"] == "own-database-reach" && finding["role"] == role;
            let findings: Vec<&Value> = result["findings"].as_array().unwrap().iter().filter(told).collect();
            assert!(!findings.is_empty(), "{}\n{:#}", leak.open, result["findings"]);
            assert!(
                findings.iter().all(|finding| finding["kind"] == "probe" && finding["severity"] != "low")
            );
            let fixes: Vec<&str> = findings.iter().filter_map(|finding| finding["fix"].as_str()).collect();
            assert!(fix.is_empty() || fixes.iter().any(|text| text.contains(fix)), "{fix}\n{findings:#?}");
        }
        assert!(result["summary"]["breaches"].as_i64().unwrap() >= 1);
        leaves_nothing(&pair);
        group.iter().for_each(|leak| drop(pair.server.sql(leak.database, leak.mend)));
        pair.project.run(&["apply", "--all", "-y"]).expect(0);
    }
    let green = pair.verify(&["--probes", "full"], 0);
    assert_eq!(Pair::grave(&green), Vec::<String>::new());
}

#[test]
fn the_printed_statements_close_the_breach() {
    let pair = Pair::new();
    pair.server.sql("blue_db", "GRANT TRUNCATE ON item TO blue_app; GRANT INSERT (name) ON item TO blue_ro; GRANT CREATE ON SCHEMA public TO blue_ro; GRANT SELECT ON item TO blue_ro WITH GRANT OPTION");
    pair.server
        .sql("postgres", "GRANT blue_owner TO blue_app; GRANT TEMPORARY ON DATABASE blue_db TO blue_ro");
    let result = pair.verify(&["--probes", "sample", "--only", "own-database-reach"], 4);
    for finding in result["findings"].as_array().unwrap() {
        if let Some(fix) = finding["fix"].as_str() {
            pair.server.sql("blue_db", fix);
        }
    }
    pair.verify(&["--probes", "full"], 0);
}

#[test]
fn an_exception_accepts_one_breach_and_no_other() {
    // The probed breach is the one that the catalog names: one exception is enough.
    let allow = "allow:\n  - { finding: undeclared-privilege, role: blue_app, reason: \"nightly import\" }\n";
    let pair = Pair::with(&[], allow);
    pair.server.sql("blue_db", "GRANT TRUNCATE ON item TO blue_app");
    let result = pair.verify(&["--probes", "full"], 0);
    assert!(breach(&result, "blue_app", "TRUNCATE of a table").is_some());
    let accepted: Vec<_> = result["accepted"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(accepted, ["undeclared-privilege", "own-database-reach"]);
    pair.server.sql("blue_db", "GRANT TRIGGER ON item TO blue_ro");
    pair.verify(&["--probes", "full", "--only", "no-password"], 4);
}

/// A role's own settings, functions of its schema, and a trigger that lies about why a statement failed.
#[test]
fn a_service_cannot_blind_the_probes_in_its_database() {
    let pair = Pair::new();
    let password = pair.project.password("red_app");
    for setting in [
        "search_path = public, pg_catalog",
        "default_tablespace = 'nowhere'",
        "exit_on_error = on",
        "lock_timeout = '1ms'",
        "quote_all_identifiers = on",
        // Together and last: a session that has them in force sets nothing more.
        "statement_timeout = '1ms'; ALTER ROLE red_app SET default_transaction_read_only = on",
    ] {
        pair.server
            .sql_as("red_app", &password, "red_db", &format!("ALTER ROLE red_app SET {setting}"))
            .unwrap();
    }
    let migrator = pair.project.password("red_migrator");
    pair.server.sql_as("red_migrator", &migrator, "red_db", "CREATE FUNCTION public.has_table_privilege(name, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT false'").unwrap();
    pair.server.sql("red_db", "GRANT TRUNCATE ON item TO red_app; GRANT CREATE ON SCHEMA public TO red_app; GRANT TEMPORARY ON DATABASE red_db TO red_ro");
    let result = pair.verify(&["--probes", "full"], 4);
    for (role, what) in [
        ("red_app", "TRUNCATE of a table"),
        ("red_app", "CREATE TABLE (tried: CREATE TABLE \"public\".\"martydb_probe\" ())"),
        ("red_ro", "CREATE TEMPORARY TABLE"),
    ] {
        assert!(breach(&result, role, what).is_some(), "{role} {what}\n{:#}", result["trials"]);
    }
    assert_eq!(result["summary"]["inconclusive"], 0, "{:#}", result["trials"]);

    // An operator's mistake: a service's function runs before every DDL, and could answer in the server's place.
    pair.server.sql("red_db", "SET ROLE red_owner; CREATE FUNCTION public.lie() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE LOG ''the function was called''; RAISE EXCEPTION USING ERRCODE = ''42501''; END'; RESET ROLE; CREATE EVENT TRIGGER lie ON ddl_command_start EXECUTE FUNCTION public.lie()");
    let mark = pair.server.log().len();
    let result = pair.verify(&["--probes", "full"], 4);
    assert!(breach(&result, "red_app", "CREATE in a schema").is_some(), "{:#}", result["trials"]);
    assert!(!pair.server.log_since(mark).contains("the function was called"));
    let tried = |trial: &&Value| {
        trial["role"] == "red_app" && trial["way"].as_str().unwrap().contains("CREATE TABLE (")
    };
    assert_eq!(result["trials"].as_array().unwrap().iter().filter(tried).count(), 0);
}

#[test]
fn a_login_trigger_that_changes_the_session_makes_the_probe_inconclusive() {
    let pair = Pair::new();
    if pair.server.major() < 17 {
        // No such triggers yet: the server says so, and nothing can change the session.
        let made =
            pair.server.value("red_db", "SELECT count(*) FROM pg_event_trigger WHERE evtevent = 'login'");
        assert_eq!(made, "0");
        return;
    }
    pair.server.sql("red_db", "SET ROLE red_owner; CREATE FUNCTION public.hook() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_catalog.set_config(''search_path'', ''public, pg_catalog'', false); END'; RESET ROLE; CREATE EVENT TRIGGER hook ON login EXECUTE FUNCTION public.hook()");
    pair.server.sql("red_db", "GRANT TRUNCATE ON item TO red_app");
    let result = pair.verify(&["--probes", "full"], 4);
    let inside =
        result["trials"].as_array().unwrap().iter().filter(|trial| {
            trial["service"] == "red" && trial["way"].as_str().unwrap().starts_with("inside: ")
        });
    for trial in inside {
        assert_eq!(trial["outcome"], "inconclusive", "{trial}");
        assert!(trial["why"].as_str().unwrap().contains("login event triggers"), "{trial}");
    }
}

/// A refusal of the question itself is not a denial, and the line for people counts what the document counts.
#[test]
fn a_catalog_that_is_closed_to_a_login_is_not_read_as_that_login() {
    let pair = Pair::new();
    pair.server.sql("red_db", "REVOKE SELECT ON pg_catalog.pg_roles FROM PUBLIC");
    let result = pair.verify(&["--probes", "full"], 0);
    let missed: Vec<&str> =
        result["not_examined"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(missed.len(), 3, "{missed:?}");
    assert!(missed.contains(&"the privileges of red_app in red_db"), "{missed:?}");
    pair.verify(&["--probes", "full", "--strict"], 4);
    // Its operations are tried all the same, and so is everything from outside.
    pair.server.sql("red_db", "GRANT CREATE ON SCHEMA public TO red_app");
    let result = pair.verify(&["--probes", "full"], 4);
    assert!(
        breach(&result, "red_app", "CREATE TABLE (tried: CREATE TABLE \"public\".\"martydb_probe\" ())")
            .is_some()
    );
}

#[test]
fn a_refused_query_is_inconclusive_in_every_format() {
    let pair = Pair::new();
    pair.server.sql("red_db", "REVOKE EXECUTE ON FUNCTION pg_catalog.current_setting(text) FROM PUBLIC");
    let result = pair.verify(&["--probes", "full"], 4);
    let unproven: Vec<&Value> = result["trials"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|trial| trial["outcome"] == "inconclusive")
        .collect();
    assert_eq!(unproven.len(), 3, "{unproven:#?}");
    assert!(
        unproven
            .iter()
            .all(|trial| trial["service"] == "red" && trial["why"].as_str().unwrap().contains("42501"))
    );
    let count = |key: &str| result["summary"][key].as_i64().unwrap();
    assert_eq!((count("probes"), count("passed"), count("breaches"), count("inconclusive")), (27, 24, 0, 3));
    let text = pair.project.run(&["verify-isolation"]).expect(4).stdout;
    assert!(
        text.contains("2 services, 6 logins, 27 probes: 24 passed, 0 breaches, 3 inconclusive"),
        "{text}"
    );
    let markdown = pair.project.run(&["verify-isolation", "--format", "markdown"]).expect(4).stdout;
    assert!(markdown.contains("27 probes: 24 passed, **0 breaches**, 3 inconclusive"), "{markdown}");
    let junit = pair.project.run(&["verify-isolation", "--format", "junit"]).expect(4).stdout;
    assert_eq!(junit.matches("<error message=\"inconclusive\">").count(), 3, "{junit}");
}
