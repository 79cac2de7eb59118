//! Fixes: each loud finding has statements, or a person who closes it; what was possible before the statements is refused after
//! them, and `--fix` lists what is left.

use serde_json::Value;

use super::support::Pair;

/// A breach, and a login's attack through it.
struct Breach {
    since: u32,
    id: &'static str,
    database: &'static str,
    open: &'static str,
    login: &'static str,
    at: &'static str,
    /// Fails once the breach is closed; a division by zero where the privilege has no statement without a trace.
    attack: &'static str,
}

#[rustfmt::skip]
const fn breach(id: &'static str, database: &'static str, open: &'static str, login: &'static str, at: &'static str, attack: &'static str) -> Breach {
    Breach { since: 13, id, database, open, login, at, attack }
}

const fn since(major: u32, breach: Breach) -> Breach {
    Breach { since: major, ..breach }
}

#[rustfmt::skip]
const BREACHES: &[Breach] = &[
    breach("foreign-database-connect", "postgres", "GRANT CONNECT ON DATABASE blue_db TO red_ro", "red_ro", "blue_db", "SELECT 1"),
    breach("maintenance-database-connect", "postgres", "GRANT CONNECT ON DATABASE postgres TO red_app", "red_app", "postgres", "SELECT 1"),
    breach("template-database-connect", "postgres", "GRANT CONNECT ON DATABASE template1 TO red_ro", "red_ro", "template1", "SELECT 1"),
    breach("unmanaged-database-connect", "postgres", "GRANT CONNECT ON DATABASE den TO red_app", "red_app", "den", "SELECT 1"),
    breach("unmanaged-login-connect", "postgres", "GRANT CONNECT ON DATABASE red_db TO ghost", "ghost", "red_db", "SELECT 1"),
    breach("unmanaged-membership", "postgres", "GRANT blue_ro TO ghost", "ghost", "den", "SET ROLE blue_ro"),
    breach("foreign-role-membership", "postgres", "GRANT blue_ro TO red_app", "red_app", "red_db", "SET ROLE blue_ro"),
    breach("own-service-membership", "postgres", "GRANT blue_owner TO blue_app", "blue_app", "blue_db", "SET ROLE blue_owner"),
    breach("membership-admin-option", "postgres", "GRANT red_owner TO red_migrator WITH ADMIN OPTION", "red_app", "red_db", "SELECT 1 / pg_has_role('red_migrator', 'red_owner', 'MEMBER WITH ADMIN OPTION')::int"),
    breach("predefined-role", "postgres", "GRANT pg_monitor TO red_ro", "red_ro", "red_db", "SELECT 1 FROM pg_ls_waldir() LIMIT 1"),
    breach("role-attribute", "postgres", "ALTER ROLE red_app CREATEROLE", "red_app", "red_db", "BEGIN; CREATE ROLE made; ROLLBACK"),
    breach("owner-can-log-in", "postgres", "ALTER ROLE blue_owner LOGIN", "red_app", "red_db", "SELECT 1 / rolcanlogin::int FROM pg_roles WHERE rolname = 'blue_owner'"),
    breach("database-owner", "postgres", "ALTER DATABASE blue_db OWNER TO blue_app", "blue_app", "blue_db", "BEGIN; ALTER DATABASE blue_db CONNECTION LIMIT 9; ROLLBACK"),
    breach("database-is-template", "postgres", "ALTER DATABASE blue_db IS_TEMPLATE true", "red_app", "red_db", "SELECT 1 / datistemplate::int FROM pg_database WHERE datname = 'blue_db'"),
    breach("public-privilege", "blue_db", "GRANT INSERT ON item TO PUBLIC", "blue_ro", "blue_db", "BEGIN; INSERT INTO item VALUES (999, 'x'); ROLLBACK"),
    breach("undeclared-privilege", "blue_db", "GRANT TRUNCATE ON item TO blue_app", "blue_app", "blue_db", "BEGIN; TRUNCATE item; ROLLBACK"),
    breach("grant-option", "red_db", "GRANT SELECT ON item TO red_app WITH GRANT OPTION", "red_app", "red_db", "SELECT 1 / has_table_privilege('item', 'SELECT WITH GRANT OPTION')::int"),
    breach("extension-privilege", "red_db", "CREATE EXTENSION pg_buffercache; GRANT EXECUTE ON FUNCTION pg_buffercache_pages() TO red_app", "red_app", "red_db", "SELECT 1 / has_function_privilege('pg_buffercache_pages()', 'EXECUTE')::int"),
    breach("catalog-privilege", "red_db", "GRANT SELECT ON pg_catalog.pg_authid TO red_app", "red_app", "red_db", "SELECT rolpassword FROM pg_authid"),
    breach("default-privilege", "blue_db", "ALTER DEFAULT PRIVILEGES FOR ROLE blue_owner GRANT SELECT ON TABLES TO PUBLIC", "blue_app", "blue_db", "SELECT 1 / count(*)::int FROM pg_default_acl d, aclexplode(d.defaclacl) a WHERE a.grantee = 0 AND d.defaclobjtype = 'r'"),
    breach("object-owner", "blue_db", "ALTER TABLE hidden OWNER TO blue_app", "blue_app", "blue_db", "BEGIN; ALTER TABLE hidden ADD more int; ROLLBACK"),
    breach("definer-function", "red_db", "CREATE FUNCTION shell(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; RETURN q; END'", "red_app", "red_db", "SELECT public.shell('SELECT 1')"),
    breach("definer-function", "red_db", "CREATE FUNCTION seen() RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'DECLARE c refcursor; BEGIN OPEN c FOR SELECT rolpassword FROM pg_authid; RETURN c; END'", "red_ro", "red_db", "SELECT public.seen()"),
    // No REVOKE ends it.
    breach("definer-function", "red_db", "CREATE FUNCTION heed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE NEW.name; RETURN NULL; END'; REVOKE ALL ON FUNCTION heed() FROM PUBLIC; CREATE TRIGGER heed AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION heed()", "red_app", "red_db", "BEGIN; INSERT INTO item (name) VALUES ('CREATE ROLE made'); ROLLBACK"),
    breach("definer-search-path", "red_db", "SET ROLE red_owner; CREATE FUNCTION note() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM 1; END'; RESET ROLE", "red_app", "red_db", "SELECT 1 / (proconfig IS NULL)::int FROM pg_proc WHERE proname = 'note'"),
    breach("definer-view", "red_db", "CREATE VIEW everybody AS SELECT rolname, rolpassword FROM pg_authid; GRANT SELECT ON everybody TO red_ro", "red_ro", "red_db", "SELECT * FROM everybody"),
    breach("untrusted-function", "red_db", "CREATE FUNCTION rd(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all'", "red_app", "red_db", "SELECT rd('PG_VERSION')"),
    breach("language-trusted", "red_db", "UPDATE pg_language SET lanpltrusted = true WHERE lanname = 'c'", "red_migrator", "red_db", "BEGIN; CREATE FUNCTION rd2() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'; ROLLBACK"),
    breach("superuser-object", "den", "CREATE SCHEMA mine AUTHORIZATION ghost; CREATE TABLE heard (n int); GRANT USAGE ON SCHEMA public TO ghost; GRANT TRIGGER ON heard TO ghost", "ghost", "den", "BEGIN; CREATE TRIGGER t BEFORE UPDATE ON heard FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); ROLLBACK"),
    breach("leakproof-function", "red_db", "SET ROLE red_owner; CREATE FUNCTION trace(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END'; RESET ROLE; ALTER FUNCTION trace(text) LEAKPROOF", "red_app", "red_db", "SELECT 1 / proleakproof::int FROM pg_proc WHERE proname = 'trace'"),
    breach("event-trigger", "red_db", "SET ROLE red_owner; CREATE FUNCTION spy() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; RESET ROLE; CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION spy()", "red_app", "red_db", "SELECT 1 / count(*)::int FROM pg_event_trigger"),
    breach("role-setting", "postgres", "ALTER ROLE blue_app SET session_replication_role = 'replica'", "blue_app", "blue_db", "SELECT 1 / (current_setting('session_replication_role') = 'replica')::int"),
    breach("tablespace-privilege", "postgres", "GRANT CREATE ON TABLESPACE pg_default TO red_app", "red_app", "red_db", "SELECT 1 / has_tablespace_privilege('pg_default', 'CREATE')::int"),
    since(15, breach("parameter-privilege", "postgres", "GRANT SET ON PARAMETER session_replication_role TO red_app", "red_app", "red_db", "SET session_replication_role = replica")),
    breach("foreign-table", "red_db", "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE accounts (l text) SERVER files OPTIONS (filename '/etc/passwd'); GRANT SELECT ON accounts TO red_app", "red_app", "red_db", "SELECT l FROM accounts LIMIT 1"),
    breach("user-mapping", "red_db", "CREATE EXTENSION postgres_fdw; CREATE SERVER next_door FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'blue_db'); CREATE USER MAPPING FOR red_app SERVER next_door OPTIONS (user 'blue_ro', password 'x'); GRANT USAGE ON FOREIGN SERVER next_door TO red_app", "red_app", "red_db", "SELECT 1 / count(*)::int FROM pg_user_mappings WHERE srvname = 'next_door'"),
    breach("replication-object", "red_db", "CREATE SUBSCRIPTION copied CONNECTION 'host=127.0.0.1 dbname=blue_db' PUBLICATION all_of_it WITH (connect = false, slot_name = NONE)", "red_app", "red_db", "SELECT 1 / count(*)::int FROM pg_stat_subscription"),
    breach("no-connection-limit", "postgres", "ALTER ROLE red_ro CONNECTION LIMIT -1", "red_ro", "red_db", "SELECT 1 / (rolconnlimit < 0)::int FROM pg_roles WHERE rolname = 'red_ro'"),
    breach("no-temp-file-limit", "postgres", "ALTER ROLE red_ro RESET temp_file_limit", "red_ro", "red_db", "SELECT 1 / (current_setting('temp_file_limit') = '-1')::int"),
    breach("secret-in-the-open", "postgres", "COMMENT ON ROLE blue_app IS 'initial pw hunter2'", "red_app", "red_db", "SELECT 1 / count(*)::int FROM pg_shdescription WHERE description LIKE '%hunter2%'"),
    breach("unmanaged-role-power", "postgres", "CREATE ROLE copier LOGIN REPLICATION", "red_app", "red_db", "SELECT 1 / rolreplication::int FROM pg_roles WHERE rolname = 'copier'"),
];

const GHOST: &str = "of a ghost 7!";

fn attack(pair: &Pair, breach: &Breach) -> Result<Vec<Vec<String>>, String> {
    let password =
        if breach.login == "ghost" { GHOST.to_owned() } else { pair.project.password(breach.login) };
    pair.server.sql_as(breach.login, &password, breach.at, breach.attack)
}

fn findings(result: &Value) -> &[Value] {
    result["findings"].as_array().unwrap()
}

/// Every loud finding has a statement, or a reason.
fn each_has_a_fix_or_a_reason(result: &Value) {
    for found in findings(result).iter().filter(|found| found["severity"] != "low") {
        let fix = found["fix"].as_str().unwrap_or_else(|| panic!("{found:#}"));
        assert!(fix.lines().all(|line| line.starts_with("-- ") || line.ends_with(';')), "{fix}");
    }
}

#[test]
fn each_printed_fix_makes_the_server_refuse_the_breach() {
    let pair = Pair::new();
    let major = pair.server.major();
    pair.server.sql("postgres", &format!("SET password_encryption = 'scram-sha-256'; CREATE ROLE ghost LOGIN PASSWORD '{GHOST}' CONNECTION LIMIT 3"));
    pair.server.sql("postgres", "CREATE DATABASE den");
    pair.server
        .sql("postgres", "REVOKE ALL ON DATABASE den FROM PUBLIC; GRANT CONNECT ON DATABASE den TO ghost");
    let breaches: Vec<&Breach> = BREACHES.iter().filter(|breach| breach.since <= major).collect();
    for breach in &breaches {
        pair.server.sql(breach.database, breach.open);
    }
    for breach in &breaches {
        let done = attack(&pair, breach);
        assert!(done.is_ok(), "{}: {done:?}", breach.open);
    }
    let before = pair.verify(&[], 4);
    each_has_a_fix_or_a_reason(&before);
    let grave = Pair::grave(&before);
    let is_told = |breach: &&&Breach| grave.iter().any(|line| line.split(" | ").nth(1) == Some(breach.id));
    let missed: Vec<&str> =
        breaches.iter().filter(|breach| !is_told(breach)).map(|breach| breach.id).collect();
    assert_eq!(missed, Vec::<&str>::new(), "{grave:#?}");
    let fixed = pair.verify(&["--fix", "-y"], 0);
    assert_eq!(fixed["errors"].as_array().map_or(0, Vec::len), 0, "{:#}", fixed["errors"]);
    let left: Vec<&str> =
        breaches.iter().filter(|breach| attack(&pair, breach).is_ok()).map(|breach| breach.open).collect();
    assert_eq!(left, Vec::<&str>::new(), "still open");
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

#[test]
fn a_fix_overrides_a_file_and_lists_what_only_a_person_closes() {
    let pair = Pair::with(&["lo_compat_privileges=on"], "");
    super::doors::with_hba(&pair, "host red_db red_ro 127.0.0.1/32 trust\n");
    let planned = pair.project.run(&["verify-isolation", "--probes", "none", "--fix", "--dry-run"]).expect(4);
    assert!(
        planned.stdout.contains("ALTER SYSTEM SET \"lo_compat_privileges\" = 'off'"),
        "{}",
        planned.stdout
    );
    let fixed = pair.project.run(&["verify-isolation", "--probes", "none", "--fix", "-y"]).expect(4);
    assert_eq!(pair.server.value("postgres", "SHOW lo_compat_privileges"), "off");
    let (_, left) = fixed.stdout.split_once("\nLeft:\n").unwrap_or_else(|| panic!("{}", fixed.stdout));
    let lines: Vec<&str> = left.lines().take_while(|line| !line.is_empty()).collect();
    let joined = lines.join(" ");
    assert!(joined.contains("hba-trust") && joined.contains("for the host's administrator: "), "{left}");
    assert!(!joined.contains("server-setting"), "{left}");
}

#[test]
fn a_path_through_a_setting_ends_when_the_setting_is_reset() {
    let pair = Pair::new();
    pair.server.sql("postgres", &format!("SET password_encryption = 'scram-sha-256'; CREATE ROLE ghost LOGIN PASSWORD '{GHOST}' CONNECTION LIMIT 3"));
    pair.server.sql("postgres", "CREATE DATABASE den");
    pair.server
        .sql("postgres", "REVOKE ALL ON DATABASE den FROM PUBLIC; GRANT CONNECT ON DATABASE den TO ghost");
    pair.server.sql("den", "CREATE SCHEMA mine AUTHORIZATION ghost");
    let plant = "CREATE FUNCTION mine.lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''planted''::text'";
    pair.server.sql_as("ghost", GHOST, "den", plant).unwrap();
    let called = || pair.server.value("den", "SELECT lower('A'::text)");
    for (open, fix) in [
        (
            "ALTER DATABASE den SET search_path = mine, pg_catalog",
            "ALTER DATABASE \"den\" RESET \"search_path\";",
        ),
        (
            "ALTER ROLE postgres IN DATABASE den SET search_path = mine, pg_catalog",
            "ALTER ROLE \"postgres\" IN DATABASE \"den\" RESET \"search_path\";",
        ),
        (
            "ALTER ROLE postgres SET search_path = mine, pg_catalog",
            "ALTER ROLE \"postgres\" RESET \"search_path\";",
        ),
    ] {
        pair.server.sql("postgres", open);
        assert_eq!(called(), "planted", "{open}");
        let result = pair.verify(&["--only", "superuser-search-path"], 4);
        assert_eq!(findings(&result)[0]["fix"], fix, "{result:#}");
        pair.verify(&["--fix", "-y"], 0);
        assert_eq!(called(), "a", "{open}");
    }
}
