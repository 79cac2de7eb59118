//! Changes that must not turn the verifier red.

use super::support::Pair;

const HARMLESS: &[(&str, &str)] = &[
    ("postgres", "COMMENT ON ROLE red_app IS 'the app of red, see the wiki'"),
    ("postgres", "COMMENT ON DATABASE red_db IS 'password reset service of the team'"),
    ("postgres", "ALTER ROLE red_app VALID UNTIL '2099-01-01'"),
    ("red_db", "CREATE INDEX item_name ON item (name)"),
    ("red_db", "ANALYZE"),
    ("red_db", "REVOKE INSERT ON item FROM red_app"),
    ("red_db", "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_advisory_lock(bigint) FROM PUBLIC"),
    ("red_db", "CREATE EXTENSION IF NOT EXISTS citext"),
    (
        "red_db",
        "SET ROLE red_owner; CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'; GRANT EXECUTE ON FUNCTION twice(int) TO red_ro; RESET ROLE",
    ),
    (
        "red_db",
        "SET ROLE red_owner; CREATE FUNCTION safe() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS 'SELECT 1'; RESET ROLE",
    ),
    (
        "red_db",
        "SET ROLE red_owner; CREATE VIEW names AS SELECT name FROM item; GRANT SELECT ON names TO red_ro; RESET ROLE",
    ),
    (
        "red_db",
        "SET ROLE red_owner; CREATE TABLE kept (t text); ALTER TABLE kept ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON kept USING (true); RESET ROLE",
    ),
    ("red_db", "SET ROLE red_owner; CREATE SCHEMA extra; CREATE TABLE extra.t (n int); RESET ROLE"),
    (
        "red_db",
        "SET ROLE red_owner; CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER stamp BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION stamp(); RESET ROLE",
    ),
    (
        "red_db",
        "SET ROLE red_owner; CREATE STATISTICS s ON id, name FROM item; CREATE COLLATION c FROM \"C\"; CREATE PUBLICATION feed FOR TABLE item; RESET ROLE",
    ),
    (
        "red_db",
        "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch()",
    ),
    ("postgres", "CREATE ROLE red_group; GRANT red_group TO red_app, red_ro"),
    ("postgres", "ALTER ROLE red_app SET work_mem = '64MB'"),
    ("postgres", "ALTER ROLE red_app SET statement_timeout = '30s'"),
    (
        "postgres",
        "CREATE ROLE watcher LOGIN CONNECTION LIMIT 3; GRANT pg_monitor TO watcher; GRANT CONNECT ON DATABASE postgres TO watcher",
    ),
    ("postgres", "CREATE ROLE unrelated LOGIN"),
    ("postgres", "CREATE ROLE dba LOGIN SUPERUSER"),
    ("postgres", "CREATE ROLE red_app_2 LOGIN"),
    ("postgres", "CREATE ROLE \"Quoted \"\"Role\"; COMMENT ON ROLE \"Quoted \"\"Role\" IS 'x'"),
    ("postgres", "CREATE DATABASE archive ALLOW_CONNECTIONS false"),
    ("postgres", "CREATE DATABASE elsewhere ALLOW_CONNECTIONS false"),
    ("elsewhere-", "REVOKE ALL ON DATABASE elsewhere FROM PUBLIC"),
    ("elsewhere-", "ALTER DATABASE elsewhere ALLOW_CONNECTIONS true"),
    ("elsewhere", "CREATE TABLE theirs (n int); GRANT SELECT ON theirs TO PUBLIC"),
    ("red_db", "CREATE EXTENSION pg_stat_statements"),
];

#[test]
fn harmless_changes_stay_green() {
    let pair = Pair::new();
    for (database, sql) in HARMLESS {
        let database = database.strip_suffix('-').map_or(*database, |_| "postgres");
        pair.server.sql(database, sql);
        let done = pair.project.run(&["verify-isolation", "--probes", "none", "-o", "json"]);
        assert_eq!(Pair::grave(&done.json()), Vec::<String>::new(), "{sql}");
        done.expect(0);
    }
    let result = pair.verify(&["--probes", "full"], 0);
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    assert_eq!(result["summary"]["breaches"], 0);
}

#[test]
fn similar_and_quoted_names_stay_apart() {
    let server = crate::support::Server::start();
    let project = crate::support::Project::with_manifest(&format!(
        "version: 1\nproject: names\nservers:\n  main: {{ url: \"{}\" }}\nservices:\n  csca:\n  csca_2:\n  csca-2: {{ database: 'My \"Data\"; DROP' }}\n  pkd: {{ roles: {{ app: 'App of \"PKD\"', readonly: csca_ro_x }} }}\n",
        server.url()
    ));
    project.run(&["apply", "--all", "-y"]).expect(0);
    let result = project.json(&["verify-isolation"], 0);
    assert_eq!(
        Pair::found(&result),
        ["low | connection-limits-exceed-server | - | PUBLIC | - | setting max_connections"]
    );
    assert_eq!(result["summary"]["logins"], 12);
}
