//! Changes that must not turn the verifier red.

use super::support::Pair;
use crate::support::is_due;

const HARMLESS: &[(&str, &str)] = &[
    (
        "red_db",
        "CREATE ROLE auditor; CREATE SCHEMA audit AUTHORIZATION auditor; CREATE TABLE audit.log (what jsonb); ALTER TABLE audit.log OWNER TO auditor; CREATE FUNCTION audit.write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN INSERT INTO audit.log VALUES (to_jsonb(NEW)); RETURN NEW; END'; ALTER FUNCTION audit.write() OWNER TO auditor; REVOKE ALL ON FUNCTION audit.write() FROM PUBLIC; CREATE TRIGGER log AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION audit.write()",
    ),
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
    (
        "red_db",
        "SET ROLE red_owner; CREATE FUNCTION plain() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1'; CREATE FUNCTION builtin() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'; RESET ROLE",
    ),
    (
        "postgres",
        "CREATE ROLE pooler LOGIN CONNECTION LIMIT 3; CREATE SCHEMA pooler; CREATE FUNCTION pooler.lookup(text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT rolpassword FROM pg_authid WHERE rolname = $1'; REVOKE ALL ON FUNCTION pooler.lookup(text) FROM PUBLIC; GRANT USAGE ON SCHEMA pooler TO pooler; GRANT EXECUTE ON FUNCTION pooler.lookup(text) TO pooler",
    ),
    (
        "postgres",
        "ALTER ROLE red_app SET myapp.region = 'red'; ALTER ROLE red_app SET check_function_bodies = on",
    ),
    ("postgres", "ALTER ROLE red_ro SET log_statement = 'all'; ALTER ROLE red_ro SET role = 'none'"),
    (
        "postgres",
        "ALTER DATABASE red_db SET myapp.git_sha = '9fceb02d0ae598e95dc970b74767f19372d61af8'; ALTER DATABASE red_db SET search_path = public",
    ),
    ("postgres", "CREATE ROLE backup LOGIN CONNECTION LIMIT 2; GRANT pg_read_all_settings TO backup"),
    ("postgres", "CREATE ROLE kc LOGIN CONNECTION LIMIT 2; CREATE ROLE kc_ro LOGIN CONNECTION LIMIT 2"),
    ("postgres", "CREATE DATABASE keycloak ALLOW_CONNECTIONS false"),
    (
        "keycloak-",
        "REVOKE ALL ON DATABASE keycloak FROM PUBLIC; ALTER DATABASE keycloak OWNER TO kc; GRANT CONNECT ON DATABASE keycloak TO kc_ro; ALTER DATABASE keycloak ALLOW_CONNECTIONS true",
    ),
    (
        "keycloak",
        "SET ROLE kc; CREATE SCHEMA kc; CREATE VIEW kc.v AS SELECT 1 AS a; GRANT SELECT ON kc.v TO kc_ro, PUBLIC; CREATE FUNCTION kc.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO kc_ro; RESET ROLE",
    ),
    (
        "red_db",
        "SET ROLE red_owner; CREATE FUNCTION gap(a numeric, b numeric) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (a - b)::float8'; CREATE TYPE price AS RANGE (SUBTYPE = numeric, SUBTYPE_DIFF = gap); RESET ROLE",
    ),
    (
        "red_db",
        "SET ROLE red_owner; CREATE TYPE mood AS ENUM ('a'); GRANT USAGE ON TYPE mood TO red_app; RESET ROLE",
    ),
    ("red_db", "SET ROLE red_owner; GRANT SELECT ON ALL TABLES IN SCHEMA public TO red_ro; RESET ROLE"),
    ("postgres", "GRANT red_ro TO red_app"),
    ("postgres", "COMMENT ON ROLE red_ro IS 'token: n/a'"),
    ("postgres", "ALTER ROLE red_app IN DATABASE red_db SET search_path = public, pg_catalog"),
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
    // A restored copy that only superusers may enter.
    ("postgres", "CREATE DATABASE restored TEMPLATE red_db ALLOW_CONNECTIONS false"),
    (
        "postgres",
        "REVOKE ALL ON DATABASE restored FROM PUBLIC; ALTER DATABASE restored ALLOW_CONNECTIONS true",
    ),
    // A login's own way out of its own closed database.
    (
        "elsewhere",
        "CREATE ROLE traveller LOGIN; GRANT CONNECT ON DATABASE elsewhere TO traveller; CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.example', dbname 'reports'); CREATE USER MAPPING FOR traveller SERVER far",
    ),
    ("red_db", "CREATE EXTENSION pg_stat_statements"),
    // A superuser's helpers whose text gives nothing away.
    (
        "red_db",
        "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO red_app; CREATE TABLE ops.notes (at timestamptz DEFAULT now(), who name DEFAULT session_user, what varchar(200)); CREATE FUNCTION ops.load() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT pg_read_file('/proc/loadavg')$$; CREATE FUNCTION ops.note(x text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN INSERT INTO ops.notes (what) VALUES (left(x, 200)); END'; REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ops FROM PUBLIC; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ops TO red_app",
    ),
    (
        "red_db",
        "CREATE VIEW ops.activity AS SELECT a.pid, n.nspname FROM pg_stat_activity a, pg_namespace n; GRANT SELECT ON ops.activity TO red_app; CREATE EXTENSION file_fdw SCHEMA ops; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE ops.meminfo (l text) SERVER files OPTIONS (filename '/proc/meminfo'); GRANT SELECT ON ops.meminfo TO red_app",
    ),
    (
        "red_db",
        "CREATE FUNCTION ops.lag() RETURNS numeric LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT coalesce(max(pg_wal_lsn_diff(sent_lsn, replay_lsn)), 0) FROM pg_stat_replication'; GRANT USAGE ON SCHEMA ops TO PUBLIC; CREATE VIEW ops.logins AS SELECT rolname, rolcanlogin FROM pg_authid; GRANT SELECT ON ops.logins TO PUBLIC",
    ),
    (
        "red_db",
        "CREATE FUNCTION ops.size(of regclass) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT pg_size_pretty(pg_total_relation_size(of))'; REVOKE ALL ON FUNCTION ops.size FROM PUBLIC; GRANT USAGE ON SCHEMA ops TO red_ro; GRANT EXECUTE ON FUNCTION ops.size TO red_app, red_ro",
    ),
    // Sessions of the caller's own login, rows of its own, and types that everybody may use.
    (
        "red_db",
        "CREATE FUNCTION ops.cancel(p int) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = p AND usename = session_user'; REVOKE ALL ON FUNCTION ops.cancel FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.cancel TO red_app; CREATE DOMAIN ops.email AS text; CREATE TABLE ops.account (login text, contact text); CREATE VIEW ops.contact WITH (security_barrier) AS SELECT contact FROM ops.account WHERE login = session_user; GRANT SELECT ON ops.contact TO red_app",
    ),
    // A superuser's trigger that writes its own table, and nothing of the row.
    (
        "red_db",
        "CREATE TABLE ops.writes (who text, rel text, op text); CREATE FUNCTION ops.written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN INSERT INTO ops.writes (who, rel, op) VALUES (session_user, format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME), TG_OP); RETURN NULL; END$$; REVOKE ALL ON FUNCTION ops.written FROM PUBLIC; CREATE TRIGGER written AFTER INSERT ON item EXECUTE FUNCTION ops.written()",
    ),
    // Default privileges on the owner's future tables apply to a superuser's tables.
    (
        "red_db",
        "CREATE SCHEMA reference; ALTER DEFAULT PRIVILEGES IN SCHEMA reference GRANT SELECT ON TABLES TO red_app, red_ro",
    ),
    // An archive of a role without members or anything elsewhere.
    (
        "red_db",
        "CREATE ROLE keeper; CREATE SCHEMA archive AUTHORIZATION keeper; CREATE TABLE archive.past (n int); ALTER TABLE archive.past OWNER TO keeper; CREATE VIEW archive.all_past AS SELECT n FROM archive.past; ALTER VIEW archive.all_past OWNER TO keeper; GRANT USAGE ON SCHEMA archive TO red_ro; GRANT SELECT ON archive.all_past TO red_ro",
    ),
    // A superuser's statements whose text is known, and whose values are quoted.
    (
        "red_db",
        "CREATE FUNCTION ops.refresh(v text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN EXECUTE format('REFRESH MATERIALIZED VIEW public.%I', v); EXECUTE 'ANALYZE public.item'; PERFORM pg_notify('refreshed', v); INSERT INTO ops.writes (who, rel, op) VALUES (session_user, v, 'refresh'); END$$; REVOKE ALL ON FUNCTION ops.refresh FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.refresh TO red_app",
    ),
    (
        "red_db",
        "CREATE FUNCTION ops.tuples() RETURNS TABLE (name name, tuples bigint) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT relname, n_live_tup FROM pg_stat_user_tables'; REVOKE ALL ON FUNCTION ops.tuples FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.tuples TO red_app",
    ),
    // A superuser's own schema, which no other role may use.
    (
        "red_db",
        "CREATE SCHEMA dba_only; CREATE TABLE dba_only.note (what text); GRANT SELECT ON dba_only.note TO PUBLIC; CREATE FUNCTION dba_only.run(q text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; RETURN 1; END'",
    ),
    ("postgres", "COMMENT ON DATABASE blue_db IS 'psql \"host=db user=blue_ro password=<from vault>\"'"),
    // A library that only observes, and a wrapper that connects nothing.
    (
        "postgres",
        "ALTER DATABASE red_db SET session_preload_libraries = 'auto_explain'; ALTER DATABASE red_db SET auto_explain.log_min_duration = '3s'",
    ),
    (
        "red_db",
        "CREATE FOREIGN DATA WRAPPER dummy; CREATE SERVER nowhere FOREIGN DATA WRAPPER dummy OPTIONS (dbname 'blue_db'); CREATE USER MAPPING FOR red_app SERVER nowhere OPTIONS (user 'red_far'); GRANT USAGE ON FOREIGN SERVER nowhere TO red_app",
    ),
    ("postgres", "ALTER ROLE red_app IN DATABASE red_db SET search_path = public, ops"),
    // A service's way back to its own database.
    (
        "red_db",
        "CREATE EXTENSION postgres_fdw SCHEMA ops; CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', dbname 'red_db'); CREATE USER MAPPING FOR red_app SERVER self OPTIONS (user 'red_app', password 'x'); GRANT USAGE ON FOREIGN SERVER self TO red_app; CREATE FOREIGN TABLE ops.same (id int, name text) SERVER self OPTIONS (schema_name 'public', table_name 'item'); GRANT SELECT ON ops.same TO red_app",
    ),
    // Views of a superuser over what their readers read without them.
    (
        "red_db",
        "CREATE VIEW ops.per_name AS SELECT name, count(*) AS n FROM item GROUP BY name; GRANT SELECT ON ops.per_name TO red_ro; CREATE VIEW ops.slow AS SELECT calls, query FROM public.pg_stat_statements; GRANT SELECT ON ops.slow TO red_ro",
    ),
    // Paths: a superuser's schema before the service's, one with members of extensions behind it, a login with nothing
    // but its own database, and superusers with a path of their own.
    ("red_db", "CREATE SCHEMA parts; CREATE EXTENSION hstore SCHEMA parts"),
    ("postgres", "ALTER DATABASE red_db SET search_path = ops, public"),
    ("postgres", "ALTER DATABASE red_db SET search_path = public, parts"),
    (
        "elsewhere",
        "CREATE ROLE guest LOGIN CONNECTION LIMIT 2; GRANT CONNECT ON DATABASE elsewhere TO guest; CREATE SCHEMA box AUTHORIZATION guest; ALTER ROLE traveller SET search_path = box, pg_catalog",
    ),
    (
        "postgres",
        "ALTER ROLE postgres IN DATABASE red_db SET search_path = pg_catalog; ALTER ROLE dba SET search_path = pg_catalog; ALTER DATABASE red_db SET search_path = public, ops",
    ),
];

/// Most changes between two looks; all stay.
const TOGETHER: usize = 12;

/// Returns what the statements set, such as `ALTER ROLE red_app SET work_mem`: a later change replaces it.
fn sets(sql: &str) -> impl Iterator<Item = &str> {
    let statements = sql.split(';').map(str::trim).filter(|one| one.starts_with("ALTER "));
    statements.filter_map(|one| one.split_once(" = ").map(|(what, _)| what))
}

#[test]
fn harmless_changes_are_not_findings() {
    let pair = Pair::new();
    let look = |unseen: &mut Vec<&str>| {
        let done = pair.project.run(&["verify-isolation", "--probes", "none", "-o", "json"]);
        assert_eq!(Pair::grave(&done.json()), Vec::<String>::new(), "{unseen:#?}");
        done.expect(0);
        unseen.clear();
    };
    let mut unseen: Vec<&str> = vec![];
    for (number, (database, sql)) in HARMLESS.iter().enumerate() {
        let is_replaced =
            unseen.iter().any(|before| sets(before).any(|one| sets(sql).any(|other| one == other)));
        if is_replaced || unseen.len() == TOGETHER {
            look(&mut unseen);
        }
        pair.server.sql(database.strip_suffix('-').map_or(*database, |_| "postgres"), sql);
        // The last verification sees the others; a later row may need one.
        if is_due(number, HARMLESS.len(), pair.server.major()) {
            unseen.push(sql);
        }
    }
    let result = pair.verify(&["--probes", "full"], 0);
    assert_eq!(Pair::grave(&result), Vec::<String>::new());
    assert_eq!(result["summary"]["breaches"], 0);
    for note in [
        "low | other-superuser | - | dba | - | -",
        "low | shared-group | red | red_app | - | role red_group",
        "low | undeclared-extension | red | red_app | red_db | extension citext",
    ] {
        assert!(Pair::found(&result).iter().any(|line| line == note), "{note}\n{:#?}", Pair::found(&result));
    }
}

#[test]
fn similar_and_quoted_names_are_not_confused() {
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

/// Everything that a service's owner can make, in one migration.
const EVERY_KIND: &str = r#"
CREATE TYPE span AS RANGE (subtype = int);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE TABLE "odd ""name""" (id int GENERATED ALWAYS AS IDENTITY, s span, m mood, p pair, d short,
  twice int GENERATED ALWAYS AS (length(d) * 2) STORED, EXCLUDE USING gist (s WITH &&));
CREATE TABLE event (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE event_new PARTITION OF event DEFAULT;
CREATE TABLE child (n int) INHERITS (item);
CREATE SEQUENCE counter;
CREATE VIEW names WITH (security_barrier) AS SELECT name FROM item;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM item;
CREATE UNIQUE INDEX ON counted (count);
CREATE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE AGGREGATE total (int) (SFUNC = plus, STYPE = int, INITCOND = '0');
CREATE OPERATOR |+| (LEFTARG = int, RIGHTARG = int, FUNCTION = plus);
CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE FUNCTION mood_of(int) RETURNS mood LANGUAGE sql IMMUTABLE AS $$SELECT CASE WHEN $1 > 0 THEN 'good' ELSE 'bad' END::mood$$;
CREATE CAST (pair AS text) WITH INOUT;
CREATE RULE quiet AS ON DELETE TO child DO INSTEAD NOTHING;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamp BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE child ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON child USING (name = current_user);
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION search (PARSER = "default");
CREATE COLLATION plain FROM "C";
CREATE STATISTICS both_columns ON id, name FROM item;
CREATE PUBLICATION feed FOR TABLE item;
CREATE SCHEMA more;
CREATE TABLE more."order" (n int);
SELECT lo_from_bytea(0, 'x');
"#;

#[test]
fn objects_of_a_migration_are_neither_findings_nor_drift() {
    let pair = Pair::new();
    pair.project.write("red/migrations/V2__every_kind.sql", EVERY_KIND);
    pair.project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(Pair::found(&pair.verify(&["--probes", "full"], 0)), Vec::<String>::new());
    let plan = pair.project.json(&["plan", "--check"], 0);
    assert_eq!(plan["prunable"].as_array().unwrap().len(), 0, "{plan:#}");
    let uses = [
        "INSERT INTO \"odd \"\"name\"\"\" (s, m, p, d) VALUES (span(1, 2), 'good', ROW(1, 'x'), 'short')",
        "SELECT total(3), 1 |+| 2, mood_of(1)",
        "CALL tidy()",
        "SELECT * FROM more.\"order\", names, counted, event",
    ];
    for sql in uses {
        let done = pair.server.sql_as("red_app", &pair.project.password("red_app"), "red_db", sql);
        assert!(done.is_ok(), "{sql}: {done:?}");
    }
}
