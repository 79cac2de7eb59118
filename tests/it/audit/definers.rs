//! SECURITY DEFINER functions of superusers: those that read passwords, in databases of no service, and those of triggers.

use super::support::Pair;

/// A row's columns have the types of the service's table, whose casts would run with the superuser's privileges.
#[test]
fn a_superusers_trigger_is_a_finding_only_if_it_uses_the_row() {
    let pair = Pair::new();
    let write = |what: &str| {
        let source = format!("BEGIN INSERT INTO ops.writes VALUES ({what}); RETURN NULL; END");
        format!(
            "CREATE OR REPLACE FUNCTION ops.written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS '{source}'"
        )
    };
    pair.server.sql("red_db", "CREATE SCHEMA ops; CREATE TABLE ops.writes (what text)");
    pair.server.sql("red_db", &format!("{}; REVOKE ALL ON FUNCTION ops.written FROM PUBLIC", write("TG_OP")));
    pair.server.sql(
        "red_db",
        "CREATE TRIGGER written AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION ops.written()",
    );
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    pair.server.sql("red_db", &write("to_jsonb(\"new\")"));
    let expected = "medium | definer-function | red | red_app | red_db | function ops.written()";
    assert_eq!(Pair::grave(&pair.verify(&[], 4)), [expected]);
}

/// A value of `%s` may be a statement of its own.
#[test]
fn a_superusers_statement_is_a_finding_only_if_a_value_is_not_quoted() {
    let pair = Pair::new();
    let analyze = |spec: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION ops.tidy(t text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN EXECUTE format('ANALYZE public.{spec}', t); END$$"
        )
    };
    pair.server.sql("red_db", "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO red_app");
    pair.server.sql("red_db", &analyze("%I"));
    pair.server.sql(
        "red_db",
        "REVOKE ALL ON FUNCTION ops.tidy FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.tidy TO red_app",
    );
    assert_eq!(Pair::grave(&pair.verify(&["--probes", "full"], 0)), Vec::<String>::new());
    pair.server.sql("red_db", &analyze("%s"));
    let expected = "critical | definer-function | red | red_app | red_db | function ops.tidy(text)";
    let found = Pair::grave(&pair.verify(&[], 4));
    assert!(found.iter().any(|line| line == expected), "{found:#?}");
}

/// Whatever runs when a row is written or read runs as the superuser, with what its caller wrote.
#[test]
fn a_superusers_function_is_a_note_only_while_nothing_runs_on_its_table() {
    let pair = Pair::new();
    pair.server.sql(
        "red_db",
        "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO red_app; CREATE TABLE ops.log (id bigserial, at date DEFAULT now(), what text) PARTITION BY RANGE (at); CREATE TABLE ops.wish (id bigserial PRIMARY KEY, what text CHECK (length(what) < 99));
         CREATE FUNCTION ops.run(q text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN EXECUTE q; RETURN q; END'; REVOKE ALL ON FUNCTION ops.run FROM PUBLIC;
         CREATE FUNCTION ops.put(x text) RETURNS SETOF ops.wish LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN INSERT INTO ops.wish (what) VALUES (put.x); DELETE FROM ops.wish WHERE what = x AND id < 9; RETURN QUERY SELECT * FROM ops.wish w WHERE w.what = x; END$$;
         CREATE FUNCTION ops.month(d date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS ops.%I PARTITION OF ops.log FOR VALUES FROM (%L) TO (%L)', 'log_' || d, d, d + 1); END$$;
         CREATE FUNCTION ops.days() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'WITH days AS (SELECT DISTINCT at FROM ops.log) SELECT count(*) FROM days';
         REVOKE ALL ON FUNCTION ops.put, ops.month, ops.days FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.put, ops.month, ops.days TO red_app",
    );
    let without_probes = &["--probes", "none"];
    assert_eq!(Pair::grave(&pair.verify(without_probes, 0)), Vec::<String>::new());
    let long = format!("CHECK ({} what <> ops.run(what))", "what <> 'x' AND ".repeat(200));
    let long = format!("ALTER TABLE ops.wish ADD CONSTRAINT c {long}");
    for (open, close) in [
        (
            "ALTER TABLE ops.wish ADD CONSTRAINT c CHECK (what <> ops.run(what))",
            "ALTER TABLE ops.wish DROP CONSTRAINT c",
        ),
        (&long, "ALTER TABLE ops.wish DROP CONSTRAINT c"),
        (
            "ALTER TABLE ops.wish ADD y text; ALTER TABLE ops.wish ALTER y SET DEFAULT ops.run(current_setting('a.b'))",
            "ALTER TABLE ops.wish DROP y",
        ),
        (
            "ALTER TABLE ops.wish ADD y text GENERATED ALWAYS AS (ops.run(what)) STORED",
            "ALTER TABLE ops.wish DROP y",
        ),
        ("CREATE INDEX i ON ops.wish (id) WHERE ops.run(what) = 'x'", "DROP INDEX ops.i"),
        (
            "CREATE DOMAIN ops.checked AS text CHECK (ops.run(VALUE) <> ''); ALTER TABLE ops.wish ADD y ops.checked",
            "DROP DOMAIN ops.checked CASCADE",
        ),
        (
            "ALTER TABLE item ADD wish bigint REFERENCES ops.wish ON DELETE CASCADE",
            "ALTER TABLE item DROP wish",
        ),
        ("CREATE TABLE part () INHERITS (ops.wish); ALTER TABLE part OWNER TO red_owner", "DROP TABLE part"),
        ("GRANT CREATE ON SCHEMA ops TO red_owner", "REVOKE CREATE ON SCHEMA ops FROM red_owner"),
    ] {
        pair.server.sql("red_db", open);
        let found = Pair::grave(&pair.verify(without_probes, 4));
        let expected = "critical | definer-function | red | red_app | red_db | function ops.put(text)";
        assert!(found.iter().any(|line| line == expected), "{open}\n{found:#?}");
        pair.server.sql("red_db", close);
    }
    assert_eq!(Pair::grave(&pair.verify(without_probes, 0)), Vec::<String>::new());
}

/// An operator needs no USAGE on the schema of its function.
#[test]
fn a_function_in_a_superusers_schema_is_a_finding_only_if_something_outside_uses_it() {
    let pair = Pair::new();
    pair.server.sql(
        "red_db",
        "CREATE SCHEMA dba_only; CREATE FUNCTION dba_only.run(q text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE q; RETURN 1; END'",
    );
    assert_eq!(Pair::grave(&pair.verify(&["--probes", "full"], 0)), Vec::<String>::new());
    pair.server.sql("red_db", "CREATE OPERATOR public.### (RIGHTARG = text, FUNCTION = dba_only.run)");
    let expected = "critical | definer-function | red | PUBLIC | red_db | function dba_only.run(text)";
    let found = Pair::grave(&pair.verify(&[], 4));
    assert!(found.iter().any(|line| line == expected), "{found:#?}");
}

/// A pooler's own login is meant to have them; what every role may call, any login of its database may.
#[test]
fn a_lookup_of_passwords_that_every_role_may_call_is_critical() {
    let pair = Pair::new();
    for sql in [
        "CREATE DATABASE lobby",
        "CREATE ROLE pooler LOGIN CONNECTION LIMIT 3",
        "REVOKE ALL ON DATABASE lobby FROM PUBLIC; GRANT CONNECT ON DATABASE lobby TO pooler",
    ] {
        pair.server.sql("postgres", sql);
    }
    let source = "BEGIN SELECT usename, passwd FROM pg_shadow WHERE usename = login INTO name, verifier; END";
    let lookup = format!(
        "CREATE SCHEMA lookup; GRANT USAGE ON SCHEMA lookup TO PUBLIC; CREATE FUNCTION lookup.get_auth(login text, OUT name text, OUT verifier text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS '{source}'"
    );
    pair.server.sql("lobby", &lookup);
    let expected = "critical | definer-function | - | PUBLIC | lobby | function lookup.get_auth(text)";
    let found = Pair::grave(&pair.verify(&[], 4));
    assert!(found.iter().any(|line| line.starts_with(expected)), "{found:#?}");
    let close = "REVOKE ALL ON FUNCTION lookup.get_auth FROM PUBLIC; GRANT EXECUTE ON FUNCTION lookup.get_auth TO pooler";
    pair.server.sql("lobby", close);
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
}

/// The last text of each pair opens what the first one keeps closed.
const BODIES: &[(&str, &str, &str, &str)] = &[
    (
        "ops.sorted(p text) RETURNS SETOF ops.job LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
        "DECLARE d text := CASE WHEN p = 'x' THEN 'DESC' ELSE 'ASC' END; BEGIN IF p NOT IN ('id', 'what') THEN RAISE EXCEPTION 'no'; END IF; RETURN QUERY EXECUTE 'SELECT * FROM ops.job ORDER BY ' || p || format(' %s, %I ', d, p); END",
        "DECLARE d text := CASE WHEN p = 'x' THEN 'DESC' ELSE 'ASC' END; BEGIN IF p NOT IN ('id', 'what') THEN RAISE WARNING 'no'; END IF; RETURN QUERY EXECUTE 'SELECT * FROM ops.job ORDER BY ' || p || format(' %s, %I ', d, p); END",
        "ops.sorted(text)",
    ),
    (
        "ops.take() RETURNS SETOF ops.job LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
        "DECLARE v ops.job; BEGIN SELECT * INTO v FROM ops.job FOR UPDATE SKIP LOCKED LIMIT 1; RETURN QUERY UPDATE ops.job SET what = 'x' WHERE id = v.id RETURNING *; END",
        "DECLARE v public.item; BEGIN SELECT * INTO v FROM ops.job FOR UPDATE SKIP LOCKED LIMIT 1; RETURN QUERY UPDATE ops.job SET what = 'x' WHERE id = v.id RETURNING *; END",
        "ops.take()",
    ),
    (
        "ops.touch(p text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''",
        "WITH up AS (INSERT INTO ops.job AS j (id, what) VALUES (1, p) ON CONFLICT (id) DO UPDATE SET what = excluded.what RETURNING j.id), gone AS (DELETE FROM ops.job WHERE what = 'y') SELECT id FROM up",
        "WITH up AS (INSERT INTO ops.job AS j (id, what) VALUES (1, p::text) ON CONFLICT (id) DO UPDATE SET what = excluded.what RETURNING j.id), gone AS (DELETE FROM ops.job WHERE what = 'y') SELECT id FROM up",
        "ops.touch(text)",
    ),
    (
        "ops.named(p text) RETURNS SETOF ops.job LANGUAGE plpgsql SECURITY DEFINER SET search_path = ops, pg_temp",
        "DECLARE v job%ROWTYPE; BEGIN RETURN QUERY SELECT job.* FROM job WHERE job.what = p; END",
        "DECLARE v job%ROWTYPE; BEGIN RETURN QUERY SELECT job.* FROM job WHERE job.what @@@ p; END",
        "ops.named(text)",
    ),
    (
        "ops.slow(p int) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
        "SELECT set_config('maintenance_work_mem', least(p, 64) || 'MB', true)",
        "SELECT set_config('temp_file_limit', least(p, 64) || 'MB', true)",
        "ops.slow(integer)",
    ),
];

/// A superuser's own rows are what these functions give, and each word more is another matter.
#[test]
fn a_superusers_function_sorts_queues_and_limits_what_is_its_own() {
    let pair = Pair::new();
    let make = |head: &str, text: &str| {
        pair.server.sql("red_db", &format!("CREATE OR REPLACE FUNCTION {head} AS $body$ {text} $body$"));
    };
    pair.server.sql(
        "red_db",
        "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO red_app; CREATE TABLE ops.job (id bigint PRIMARY KEY, what text);
         CREATE FUNCTION ops.run(a text, b text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN EXECUTE b; RETURN true; END'; REVOKE ALL ON FUNCTION ops.run FROM PUBLIC",
    );
    for (head, text, ..) in BODIES {
        make(head, text);
    }
    let grants = "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ops FROM PUBLIC; GRANT EXECUTE ON FUNCTION ops.sorted, ops.take, ops.touch, ops.named, ops.slow TO red_app";
    pair.server.sql("red_db", grants);
    let without_probes = &["--probes", "none"];
    assert_eq!(Pair::grave(&pair.verify(without_probes, 0)), Vec::<String>::new());
    pair.server
        .sql("red_db", "CREATE OPERATOR ops.@@@ (LEFTARG = text, RIGHTARG = text, FUNCTION = ops.run)");
    for (head, _, text, _) in BODIES {
        make(head, text);
    }
    let found = Pair::grave(&pair.verify(without_probes, 4));
    for (.., shown) in BODIES {
        let expected = format!("critical | definer-function | red | red_app | red_db | function {shown}");
        assert!(found.contains(&expected), "{expected}\n{found:#?}");
    }
}

/// A materialized view shows what its owner computed, and a superuser computes anything.
#[test]
fn a_superusers_materialized_view_is_a_finding_only_if_it_shows_more_than_its_own_rows() {
    let pair = Pair::new();
    pair.server.sql(
        "red_db",
        "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO red_ro; CREATE TABLE ops.visit (at date, page text) PARTITION BY RANGE (at);
         CREATE MATERIALIZED VIEW ops.daily AS SELECT at, count(*) AS n FROM ops.visit GROUP BY at; CREATE VIEW ops.top AS SELECT max(n) AS n FROM ops.daily;
         GRANT SELECT ON ops.daily, ops.top TO red_ro",
    );
    let without_probes = &["--probes", "none"];
    assert_eq!(Pair::grave(&pair.verify(without_probes, 0)), Vec::<String>::new());
    for query in [
        "SELECT pg_read_file('PG_VERSION') AS f, at FROM ops.visit",
        "SELECT secret FROM hidden",
        "SELECT rolpassword FROM pg_authid",
        "SELECT ops.read() AS f, at FROM ops.visit",
    ] {
        pair.server.sql(
            "red_db",
            &format!(
                "CREATE OR REPLACE FUNCTION ops.read() RETURNS text LANGUAGE sql AS $$SELECT pg_read_file('PG_VERSION')$$; REVOKE ALL ON FUNCTION ops.read FROM PUBLIC;
                 CREATE MATERIALIZED VIEW ops.more AS {query}; GRANT SELECT ON ops.more TO red_ro"
            ),
        );
        let expected = "high | definer-view | red | red_ro | red_db | materialized view ops.more";
        let found = Pair::grave(&pair.verify(without_probes, 4));
        assert!(found.iter().any(|line| line == expected), "{query}\n{found:#?}");
        pair.server.sql("red_db", "DROP MATERIALIZED VIEW ops.more");
    }
}

#[test]
fn a_superusers_rules_are_a_finding_only_if_they_do_something() {
    let pair = Pair::new();
    pair.server.sql(
        "red_db",
        "CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO red_app; CREATE TABLE ops.notice (at timestamptz DEFAULT now(), body text);
         CREATE RULE no_update AS ON UPDATE TO ops.notice DO INSTEAD NOTHING; CREATE RULE no_delete AS ON DELETE TO ops.notice DO INSTEAD NOTHING;
         GRANT SELECT, INSERT ON ops.notice TO red_app",
    );
    let without_probes = &["--probes", "none"];
    assert_eq!(Pair::grave(&pair.verify(without_probes, 0)), Vec::<String>::new());
    for rule in [
        "ON INSERT TO ops.notice DO ALSO DELETE FROM hidden",
        "ON INSERT TO ops.notice WHERE EXISTS (SELECT FROM hidden WHERE secret = NEW.body) DO INSTEAD NOTHING",
    ] {
        pair.server.sql("red_db", &format!("CREATE RULE more AS {rule}"));
        let expected = "high | definer-view | red | red_app | red_db | table ops.notice";
        let found = Pair::grave(&pair.verify(without_probes, 4));
        assert!(found.iter().any(|line| line == expected), "{rule}\n{found:#?}");
        pair.server.sql("red_db", "DROP RULE more ON ops.notice");
    }
}

/// A login as the pooler has the verifiers of all logins.
#[test]
fn a_poolers_login_has_the_power_of_what_it_looks_up() {
    let pair = Pair::new();
    for sql in [
        "CREATE DATABASE lobby",
        "CREATE ROLE pooler LOGIN PASSWORD 'V9-kpw2-Lq0z-77Xa' CONNECTION LIMIT 3",
        "REVOKE ALL ON DATABASE lobby FROM PUBLIC; GRANT CONNECT ON DATABASE lobby TO pooler",
    ] {
        pair.server.sql("postgres", sql);
    }
    pair.server.sql(
        "lobby",
        "CREATE SCHEMA lookup; GRANT USAGE ON SCHEMA lookup TO pooler; CREATE FUNCTION lookup.get_auth(login text, OUT name text, OUT verifier text) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT usename, passwd FROM pg_shadow WHERE usename = $1';
         REVOKE ALL ON FUNCTION lookup.get_auth FROM PUBLIC; GRANT EXECUTE ON FUNCTION lookup.get_auth TO pooler",
    );
    assert_eq!(Pair::grave(&pair.verify(&[], 0)), Vec::<String>::new());
    pair.server.sql("postgres", "ALTER ROLE pooler PASSWORD 'pooler'");
    let found = Pair::grave(&pair.verify(&["--probes", "full"], 4));
    assert!(
        found.iter().any(|line| line.starts_with("critical | guessable-password | - | pooler")),
        "{found:#?}"
    );
    pair.server.sql("postgres", "ALTER ROLE pooler PASSWORD 'V9-kpw2-Lq0z-77Xa'");
    pair.server.let_in("host lobby pooler 127.0.0.1/32 trust\n");
    let found = Pair::grave(&pair.verify(&[], 4));
    assert!(found.iter().any(|line| line.starts_with("critical | hba-trust")), "{found:#?}");
}
