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
