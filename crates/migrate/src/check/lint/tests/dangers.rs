//! martydb's own rules about single statements.

use std::sync::Arc;

use super::*;
use martydb_model::{DeclaredRoles, RoleKind};

/// A file that violates the rule, and one that does not.
const CASES: &[(&str, &[&str], &[&str])] = &[
    (
        "truncate-table",
        &["TRUNCATE a, b;", "TRUNCATE TABLE n.a RESTART IDENTITY;"],
        &["CREATE TABLE a (); TRUNCATE a;"],
    ),
    (
        "cluster-table",
        &["CLUSTER a USING i;", "CLUSTER a;", "CLUSTER i ON a;"],
        &["ALTER TABLE a CLUSTER ON i;", "CREATE TABLE a (b int); CLUSTER a USING i;"],
    ),
    (
        "vacuum-full",
        &[
            "-- martydb: no-transaction\nVACUUM FULL a;",
            "-- martydb: no-transaction\nVACUUM (FULL, ANALYZE) a;",
        ],
        &["-- martydb: no-transaction\nVACUUM a;", "-- martydb: no-transaction\nVACUUM (FULL false) a;"],
    ),
    (
        "changing-persistence",
        &["ALTER TABLE a SET UNLOGGED;", "ALTER TABLE a SET LOGGED;"],
        &["CREATE UNLOGGED TABLE a (); ALTER TABLE a SET LOGGED;"],
    ),
    (
        "changing-tablespace",
        &["ALTER TABLE a SET TABLESPACE t;", "ALTER INDEX i SET TABLESPACE t;"],
        &["CREATE TABLE a () TABLESPACE t;"],
    ),
    (
        "changing-access-method",
        &["ALTER TABLE a SET ACCESS METHOD heap;"],
        &["CREATE TABLE a () USING heap;"],
    ),
    (
        "changing-generated-expression",
        &["ALTER TABLE a ALTER b SET EXPRESSION AS (c * 2);"],
        &["ALTER TABLE a ALTER b DROP EXPRESSION;"],
    ),
    (
        "require-concurrent-refresh",
        &["REFRESH MATERIALIZED VIEW m;", "REFRESH MATERIALIZED VIEW n.m WITH NO DATA;"],
        &[
            "REFRESH MATERIALIZED VIEW CONCURRENTLY m;",
            "CREATE MATERIALIZED VIEW m AS SELECT 1; REFRESH MATERIALIZED VIEW m;",
        ],
    ),
    (
        "lock-table",
        &[
            "LOCK a;",
            "LOCK TABLE a IN SHARE MODE;",
            "LOCK a IN EXCLUSIVE MODE NOWAIT;",
            "LOCK TABLE a, b IN SHARE ROW EXCLUSIVE MODE;",
        ],
        &[
            "LOCK a IN ACCESS SHARE MODE;",
            "LOCK a IN ROW EXCLUSIVE MODE;",
            "LOCK a IN SHARE UPDATE EXCLUSIVE MODE;",
            "CREATE TABLE a (); LOCK a;",
        ],
    ),
    (
        "update-all-rows",
        &[
            "UPDATE a SET b = 1;",
            "UPDATE a SET b = c.b FROM c;",
            "UPDATE ONLY n.a SET b = 1 WHERE (TRUE);",
            "UPDATE a SET b = 1 WHERE 1 = 1;",
            "WITH x AS (UPDATE a SET b = 1 RETURNING *) SELECT * FROM x;",
        ],
        &[
            "UPDATE a SET b = 1 WHERE c = 2;",
            "CREATE TABLE a (b int); UPDATE a SET b = 1;",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE a SET b = 1; END;",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'UPDATE a SET b = 1';",
            "CREATE RULE r AS ON INSERT TO a DO ALSO UPDATE b SET c = 1;",
            "INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET b = 2;",
        ],
    ),
    (
        "delete-all-rows",
        &[
            "DELETE FROM a;",
            "DELETE FROM a WHERE true;",
            "DELETE FROM a USING b;",
            "WITH x AS (DELETE FROM a RETURNING *) INSERT INTO c SELECT * FROM x;",
        ],
        &["DELETE FROM a WHERE b = 1;", "CREATE TEMP TABLE a (b int); DELETE FROM a;"],
    ),
    (
        "using-new-enum-value",
        &["ALTER TYPE e ADD VALUE 'x'; UPDATE a SET b = 'x' WHERE b = 'y';"],
        &[
            "ALTER TYPE e ADD VALUE 'x';",
            "CREATE TYPE e AS ENUM ('y'); ALTER TYPE e ADD VALUE 'x'; CREATE TABLE t (b e DEFAULT 'x');",
        ],
    ),
    (
        "adding-numbered-field",
        &["ALTER TABLE a ADD COLUMN b serial;", "ALTER TABLE a ADD b bigint GENERATED ALWAYS AS IDENTITY;"],
        &["ALTER TABLE a ADD COLUMN b bigint;", "CREATE TABLE a (b serial);"],
    ),
    (
        "adding-checked-field",
        &[
            "ALTER TABLE a ADD COLUMN b text DEFAULT 'x' CHECK (b <> '');",
            "CREATE DOMAIN d AS int CHECK (VALUE > 0); ALTER TABLE a ADD b d;",
            "CREATE DOMAIN d int NOT NULL; CREATE DOMAIN n.e AS d; ALTER TABLE a ADD COLUMN b n.e DEFAULT 1;",
            "CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID; ALTER TABLE a ADD b d;",
        ],
        &[
            "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;",
            "CREATE TABLE a (b int CHECK (b > 0));",
            "CREATE DOMAIN d AS int; ALTER TABLE a ADD b d;",
            "CREATE DOMAIN d AS int CHECK (VALUE > 0); ALTER TABLE a ADD b d[];",
        ],
    ),
    (
        "adding-json-field",
        &["ALTER TABLE a ADD COLUMN b json;"],
        &["ALTER TABLE a ADD COLUMN b jsonb;", "CREATE TABLE a (b json);"],
    ),
    (
        "changing-forced-rows",
        &[
            "ALTER TABLE a FORCE ROW LEVEL SECURITY; UPDATE a SET b = 1 WHERE b = 2;",
            "ALTER TABLE n.a FORCE ROW LEVEL SECURITY; WITH x AS (DELETE FROM n.a WHERE b = 2 RETURNING b) SELECT * FROM x;",
        ],
        &[
            "UPDATE a SET b = 1 WHERE b = 2;",
            "ALTER TABLE a FORCE ROW LEVEL SECURITY; ALTER TABLE a NO FORCE ROW LEVEL SECURITY; UPDATE a SET b = 1 WHERE b = 2; \
             ALTER TABLE a FORCE ROW LEVEL SECURITY;",
        ],
    ),
    (
        "row-security-without-policy",
        &[
            "ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
            "CREATE POLICY p ON b; ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
        ],
        &[
            "ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON a;",
            "CREATE TABLE a (); ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
        ],
    ),
    ("drop-owned", &["DROP OWNED BY x;"], &["DROP TABLE IF EXISTS x;"]),
    (
        "grant-to-other-service",
        &[
            "GRANT SELECT ON a TO stock_app;",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO shop_app, stock_app;",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO stock_app;",
            "DO $$ BEGIN GRANT SELECT ON a TO stock_app; END $$;",
            "DO $$ BEGIN EXECUTE format('GRANT SELECT ON %I TO stock_app', 'a'); END $$;",
        ],
        &[
            "GRANT SELECT ON a TO shop_app;",
            "REVOKE SELECT ON a FROM stock_app;",
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM stock_app;",
        ],
    ),
    (
        "grant-beyond-role",
        &[
            "GRANT TRUNCATE ON a TO shop_app;",
            "GRANT ALL ON TABLE a TO shop_app;",
            "GRANT SELECT, INSERT (b) ON a TO shop_ro;",
            "GRANT ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA public TO shop_app;",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO shop_app;",
            "GRANT CREATE ON SCHEMA public TO shop_app;",
            "GRANT SELECT ON a TO shop_app WITH GRANT OPTION;",
            "DO $$ BEGIN EXECUTE 'GRANT TRUNCATE ON a TO shop_app'; END $$;",
        ],
        &[
            "GRANT SELECT, INSERT, UPDATE (b), DELETE ON a TO shop_app;",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO shop_app;",
            "GRANT EXECUTE ON FUNCTION f(int, text) TO shop_ro;",
            "GRANT USAGE ON SCHEMA x TO shop_app, shop_ro;",
            "REVOKE ALL ON a FROM shop_app;",
            "REVOKE GRANT OPTION FOR SELECT ON a FROM shop_app;",
            "GRANT ALL ON a TO shop_owner;",
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM shop_app;",
        ],
    ),
    (
        "grant-to-public",
        &["GRANT SELECT ON a TO PUBLIC;", "GRANT EXECUTE ON FUNCTION f() TO shop_app, public;"],
        &["REVOKE ALL ON a FROM PUBLIC;"],
    ),
];

fn is_found(sql: &str, rule: &str) -> bool {
    let all = Arc::new([("stock_app".to_owned(), "stock".to_owned())].into());
    let kinds = [("owner", RoleKind::Owner), ("app", RoleKind::App), ("ro", RoleKind::Readonly)];
    let kinds = kinds.map(|(role, kind)| (format!("shop_{role}"), kind)).into();
    let roles = DeclaredRoles { all, kinds, ..DeclaredRoles::default() };
    let rules = LintRules { roles, ..LintRules::default() };
    rules_of(&[sql], 0, &rules).iter().any(|one| one == rule)
}

#[test]
fn each_rule_has_a_file_that_violates_it_and_one_that_does_not() {
    for (rule, violating, others) in CASES {
        for sql in *violating {
            assert!(is_found(sql, rule), "{rule}: {sql}");
            let (head, body) = match sql.split_once('\n') {
                Some((head, body)) => (format!("{head}\n"), body),
                None => (String::new(), *sql),
            };
            assert!(
                !is_found(&format!("{head}-- martydb: allow {rule}: x\n{body}"), rule),
                "allowed {rule}: {sql}"
            );
        }
        for sql in *others {
            assert!(!is_found(sql, rule), "not {rule}: {sql}");
        }
    }
    let tried: Vec<&str> = CASES.iter().map(|row| row.0).collect();
    let elsewhere = ["syntax-error", "unreadable", "standby-conflict", "definer-executes-argument"];
    for (rule, _) in martydb_manifest::lint_rules::OWN {
        let of_partitions = rule.contains("partition") || *rule == "attach-without-check";
        assert!(tried.contains(rule) || elsewhere.contains(rule) || of_partitions, "{rule} has no case");
    }
}

#[test]
fn a_rewrite_of_a_small_table_is_a_note() {
    let mut sizes = TableSizes::default();
    sizes.add("public".into(), "a".into(), TableSize { rows: None, bytes: 8192 });
    for (sql, severity) in [
        ("UPDATE a SET b = 1;", LintSeverity::Note),
        ("ALTER TABLE a SET UNLOGGED;", LintSeverity::Note),
        ("UPDATE n.a SET b = 1;", LintSeverity::Danger),
        ("TRUNCATE a;", LintSeverity::Danger),
        ("DELETE FROM a;", LintSeverity::Danger),
    ] {
        let all = lint(&[], &[&migration(1, sql)], &LintRules::default(), &sizes);
        assert_eq!(all.iter().map(|one| one.severity).collect::<Vec<_>>(), [severity], "{sql}");
    }
}

#[test]
fn statements_inside_blocks_are_found_by_the_same_rules_at_their_places() {
    let sql = "DO $$\nBEGIN\n  CREATE INDEX i ON orders (a);\n  IF true THEN\n    EXECUTE 'DROP TABLE ' || quote_ident('x');\n  END IF;\n  \
               EXECUTE format('ALTER TABLE %I DROP COLUMN b', 'orders');\n  PERFORM 1;\n  EXECUTE some_text;\n  DO 'BEGIN TRUNCATE t; END';\nEND $$;";
    let all = lint(&[], &[&migration(1, sql)], &LintRules::default(), &TableSizes::default());
    let placed: Vec<_> = all.iter().map(|one| (one.position.line, one.rule.as_str())).collect();
    assert_eq!(
        placed,
        [
            (3, "require-concurrent-index-creation"),
            (5, "ban-drop-table"),
            (7, "ban-drop-column"),
            (10, "truncate-table")
        ]
    );
    let other = "DO LANGUAGE plpython3u $$ x = 'DROP TABLE t' $$;";
    assert_eq!(found(&[other], 0), Vec::<String>::new());
    let own = "DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM t; CREATE TABLE u (a int); DROP TABLE u; END $$;";
    assert_eq!(found(&[own], 0), Vec::<String>::new());
}

#[test]
fn a_definer_that_executes_its_argument_is_found() {
    let function = |kind: &str, arguments: &str, body: &str| {
        format!(
            "CREATE FUNCTION f({arguments}) RETURNS void LANGUAGE plpgsql SECURITY {kind} AS $b$ {body} $b$;"
        )
    };
    let says = |sql: &str| is_found(sql, "definer-executes-argument");
    for (arguments, body) in [
        ("q text", "BEGIN EXECUTE q; END"),
        ("text", "BEGIN EXECUTE $1; END"),
        ("q text", "BEGIN EXECUTE 'SELECT * FROM ' || q; END"),
        ("q text", "BEGIN EXECUTE format('SELECT * FROM %s', q); END"),
        ("t text, q text", "BEGIN EXECUTE format('SELECT * FROM %I WHERE %s', t, q); END"),
        ("q text", "BEGIN EXECUTE format('SELECT * FROM %1$I WHERE %1$s', q); END"),
        ("q text", "DECLARE s text := 'SELECT ' || q; BEGIN EXECUTE s; END"),
        ("q text", "DECLARE s text; BEGIN s := 'SELECT '; s := s || q; EXECUTE s; END"),
        ("q text", "BEGIN FOR r IN EXECUTE q LOOP NULL; END LOOP; END"),
        ("q text", "BEGIN RETURN QUERY EXECUTE q; END"),
        ("q text", "BEGIN PERFORM query_to_xml(q, true, true, ''); END"),
        ("q varchar(10)", "BEGIN EXECUTE upper(q); END"),
    ] {
        assert!(says(&function("DEFINER", arguments, body)), "{arguments}: {body}");
        assert!(!says(&function("INVOKER", arguments, body)), "{arguments}: {body}");
    }
    for (arguments, body) in [
        ("q text", "BEGIN EXECUTE format('SELECT * FROM %I', q); END"),
        ("q text", "BEGIN EXECUTE format('SELECT * FROM %1$I WHERE a = %1$L', q); END"),
        ("q text", "BEGIN EXECUTE 'SELECT ' || quote_literal(q); END"),
        ("q text", "BEGIN EXECUTE 'SELECT $1' USING q; END"),
        ("q regclass", "BEGIN EXECUTE 'SELECT * FROM ' || q; END"),
        ("q text", "BEGIN EXECUTE 'SELECT * FROM ' || q::regclass; END"),
        ("q integer", "BEGIN EXECUTE 'SELECT ' || q; END"),
        ("q text", "BEGIN EXECUTE 'SELECT ' || (q = 'x'); END"),
        ("q text", "BEGIN INSERT INTO t VALUES (q); END"),
    ] {
        assert!(!says(&function("DEFINER", arguments, body)), "{arguments}: {body}");
    }
}
