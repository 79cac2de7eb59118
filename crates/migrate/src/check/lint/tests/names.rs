//! Objects by kind, schema and name: what a pending file creates hides nothing else.

use super::*;

/// A statement of each kind that creates an object called `orders`, or one that belongs to the table `orders`. A test of
/// `objects::kinds` knows all kinds of the grammar; this list has one for each, but for those that make a table and those that no migration
/// may run.
const CREATIONS: &[&str] = &[
    "CREATE ACCESS METHOD orders TYPE INDEX HANDLER h",
    "CREATE AGGREGATE orders(int) (SFUNC = f, STYPE = int)",
    "CREATE CAST (orders AS text) WITHOUT FUNCTION",
    "CREATE COLLATION orders (LOCALE = 'C')",
    "CREATE CONVERSION orders FOR 'UTF8' TO 'LATIN1' FROM f",
    "CREATE DOMAIN orders AS text",
    "CREATE EVENT TRIGGER orders ON ddl_command_end EXECUTE FUNCTION f()",
    "CREATE EXTENSION orders",
    "CREATE FOREIGN DATA WRAPPER orders",
    "CREATE FUNCTION orders() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE GROUP orders",
    "CREATE INDEX CONCURRENTLY orders ON other (a)",
    "CREATE LANGUAGE orders",
    "CREATE MATERIALIZED VIEW orders AS SELECT 1",
    "CREATE OPERATOR + (FUNCTION = orders, LEFTARG = int)",
    "CREATE OPERATOR CLASS orders FOR TYPE int USING btree AS OPERATOR 1 <",
    "CREATE OPERATOR FAMILY orders USING btree",
    "CREATE POLICY orders ON orders",
    "CREATE PROCEDURE orders() LANGUAGE sql AS 'SELECT 1'",
    "CREATE PROPERTY GRAPH orders",
    "CREATE PUBLICATION orders FOR TABLE orders",
    "CREATE ROLE orders",
    "CREATE RULE orders AS ON INSERT TO orders DO NOTHING",
    "CREATE SCHEMA orders",
    "CREATE SEQUENCE orders",
    "CREATE SERVER orders FOREIGN DATA WRAPPER w",
    "CREATE STATISTICS orders ON a, b FROM orders",
    "CREATE SUBSCRIPTION orders CONNECTION '' PUBLICATION p",
    "CREATE TEXT SEARCH CONFIGURATION orders (COPY = simple)",
    "CREATE TEXT SEARCH DICTIONARY orders (TEMPLATE = simple)",
    "CREATE TEXT SEARCH PARSER orders (START = a, GETTOKEN = b, END = c, LEXTYPES = d)",
    "CREATE TEXT SEARCH TEMPLATE orders (LEXIZE = a)",
    "CREATE TRANSFORM FOR orders LANGUAGE sql (FROM SQL WITH FUNCTION f(internal))",
    "CREATE TRIGGER orders AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE TYPE orders AS ENUM ('a')",
    "CREATE USER orders",
    "CREATE USER MAPPING FOR orders SERVER s",
    "CREATE VIEW orders AS SELECT 1",
    // The same kind, but another schema, another name, or perhaps an older object.
    "CREATE TABLE IF NOT EXISTS orders (a int)",
    "CREATE FOREIGN TABLE IF NOT EXISTS orders (a int) SERVER s",
    "CREATE TABLE IF NOT EXISTS orders AS SELECT 1 AS a",
    "CREATE TABLE n.orders (a int)",
    "CREATE TABLE \"Orders\" (a int)",
    "CREATE TABLE n.\"public.orders\" (a int)",
    "SET search_path TO n; CREATE TABLE orders (a int)",
    "SELECT set_config('search_path', 'n', false); SELECT 1 AS a INTO orders",
    "CREATE TEMPORARY TABLE orders (a int)",
    "SELECT 1 AS a INTO TEMP orders",
    "CREATE TABLE orders_new (a int); ALTER TABLE orders_new SET SCHEMA n; ALTER TABLE n.orders_new RENAME TO orders",
    "ALTER TABLE orders RENAME TO o; ALTER TABLE o RENAME TO orders",
    "ALTER TABLE n.orders SET SCHEMA public",
    "CREATE TABLE orders (a int); DROP TABLE orders",
    "DO $$ BEGIN IF true THEN CREATE TABLE orders (a int); END IF; END $$",
    "DO $$ BEGIN CREATE TABLE orders (a int); EXCEPTION WHEN duplicate_table THEN NULL; END $$",
    "ALTER TRIGGER t ON orders RENAME TO u",
    "COMMENT ON TABLE orders IS 'CREATE TABLE orders'",
];

/// Statements that make the table `orders`.
const TABLES: &[&str] = &[
    "CREATE TABLE orders (a int)",
    "CREATE TABLE public.orders (a int)",
    "CREATE UNLOGGED TABLE \"orders\" (a int)",
    "CREATE TABLE orders AS SELECT 1 AS a",
    "SELECT 1 AS a INTO orders",
    "CREATE FOREIGN TABLE orders (a int) SERVER s",
    "CREATE TABLE orders PARTITION OF parent DEFAULT",
    "CREATE TABLE n.orders (a int); ALTER TABLE n.orders SET SCHEMA public",
    "CREATE TABLE o (a int); ALTER TABLE o RENAME TO orders",
    "SET search_path TO n; CREATE TABLE public.orders (a int)",
    "DROP TABLE IF EXISTS orders; CREATE TABLE IF NOT EXISTS orders (a int)",
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE IF NOT EXISTS orders (a int)",
    "DO $$ BEGIN CREATE TABLE orders (a int); END $$",
    "DO $$ BEGIN EXECUTE 'CREATE TABLE orders (a int)'; END $$",
];

const DANGERS: &[(&str, &str)] = &[
    ("DROP TABLE orders", "ban-drop-table"),
    ("DROP TABLE IF EXISTS public.Orders CASCADE", "ban-drop-table"),
    ("ALTER TABLE orders DROP COLUMN a", "ban-drop-column"),
    ("ALTER TABLE orders ALTER COLUMN a TYPE bigint", "changing-column-type"),
    ("ALTER TABLE orders RENAME COLUMN a TO b", "renaming-column"),
    ("ALTER TABLE orders RENAME TO o2", "renaming-table"),
    ("ALTER TABLE ONLY orders ADD CONSTRAINT c CHECK (a > 0)", "constraint-missing-not-valid"),
    ("ALTER TABLE orders ADD CONSTRAINT k UNIQUE (a)", "disallowed-unique-constraint"),
    ("ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES x (a)", "adding-foreign-key-constraint"),
    ("CREATE INDEX i ON orders (a)", "require-concurrent-index-creation"),
    ("TRUNCATE orders", "truncate-table"),
    ("TRUNCATE TABLE ONLY orders", "truncate-table"),
    ("CLUSTER orders USING i", "cluster-table"),
    ("LOCK TABLE orders", "lock-table"),
    ("UPDATE orders SET a = 1", "update-all-rows"),
    ("DELETE FROM orders", "delete-all-rows"),
    ("ALTER TABLE orders SET UNLOGGED", "changing-persistence"),
    ("ALTER TABLE orders SET TABLESPACE fast", "changing-tablespace"),
    ("DO $$ BEGIN DROP TABLE orders; END $$", "ban-drop-table"),
];

/// Returns a file of these statements, outside a transaction where one of them needs that.
fn file(sql: &str) -> String {
    format!("{}{sql};", if sql.contains("CONCURRENTLY") { "-- martydb: no-transaction\n" } else { "" })
}

#[test]
fn an_object_of_a_pending_file_hides_no_namesake() {
    for first in CREATIONS {
        for (danger, rule) in DANGERS {
            let files = [&file(first) as &str, &file(danger)];
            assert!(
                found(&files, 0).contains(&(*rule).to_owned()),
                "{first}; {danger}: {:?}",
                found(&files, 0)
            );
        }
    }
}

#[test]
fn an_object_of_the_same_file_hides_no_namesake() {
    let spared = |first: &str| first.contains("search_path") || first.contains("TEMP");
    for first in CREATIONS.iter().filter(|first| !spared(first)) {
        for (danger, rule) in DANGERS {
            let file = file(&format!("{first}; {danger}"));
            assert!(found(&[&file], 0).contains(&(*rule).to_owned()), "{file}: {:?}", found(&[&file], 0));
        }
    }
}

#[test]
fn a_table_that_a_pending_file_creates_is_not_a_danger() {
    for first in TABLES {
        for (danger, rule) in DANGERS {
            for files in [
                vec![format!("{first};"), format!("{danger};")],
                vec![format!("{first}; SET search_path TO public; {danger};")],
            ] {
                let files: Vec<&str> = files.iter().map(String::as_str).collect();
                let all: Vec<_> = found(&files, 0).into_iter().filter(|one| one == rule).collect();
                // The first statement may drop an older table of the name.
                let allowed = usize::from(first.starts_with("DROP TABLE") && *rule == "ban-drop-table");
                let renames = usize::from(first.contains("RENAME TO") && *rule == "renaming-table");
                assert!(all.len() <= allowed + renames, "{first}; {danger}: {all:?}");
            }
        }
    }
}

#[test]
fn every_creation_is_read() {
    for sql in CREATIONS.iter().chain(TABLES).chain(DANGERS.iter().map(|row| &row.0)) {
        let problems = crate::check::syntax_errors([&migration(1, &file(sql)).up], &LintRules::default());
        assert_eq!(problems, [], "{sql}");
    }
}

#[test]
fn a_server_tells_if_a_table_exists() {
    let files = ["CREATE TABLE IF NOT EXISTS orders (a int);", "DROP TABLE orders;"];
    let all: Vec<_> = (1..).zip(files).map(|(version, sql)| migration(version, sql)).collect();
    let all: Vec<&Migration> = all.iter().collect();
    let with = |sizes: &TableSizes| lint(&[], &all, &LintRules::default(), sizes);
    let unknown = with(&TableSizes::default());
    assert!(
        unknown[0].depends_on_server() && unknown[0].message.contains("only if it does not exist"),
        "{unknown:?}"
    );
    let mut sizes = TableSizes::of_empty_database();
    assert_eq!(with(&sizes), []);
    sizes.add_object("N", "", "public");
    sizes.add_object("r", "n", "orders");
    sizes.add_object("F", "public", "orders");
    assert_eq!(with(&sizes), []);
    sizes.add_object("r", "public", "orders");
    assert_eq!(with(&sizes).len(), 1);
}

#[test]
fn the_search_path_of_the_service_decides_about_plain_names() {
    let rules = LintRules { search_path: vec!["app".into(), "public".into()], ..LintRules::default() };
    let files = |first: &str, then: &str| rules_of(&[&format!("{first};"), &format!("{then};")], 0, &rules);
    let (made, dropped) = ("CREATE TABLE app.t (a int)", "DROP TABLE t");
    assert_eq!(files(made, dropped), Vec::<String>::new());
    assert_eq!(files("CREATE TABLE t (a int)", "DROP TABLE app.t"), Vec::<String>::new());
    assert_eq!(files("CREATE TABLE t (a int)", "DROP TABLE public.t"), ["ban-drop-table"]);
    assert_eq!(files("CREATE TABLE public.t (a int)", dropped), ["ban-drop-table"]);
    assert_eq!(
        files("CREATE SCHEMA n; CREATE TABLE IF NOT EXISTS n.t (a int)", "DROP TABLE n.t"),
        Vec::<String>::new()
    );
    assert_eq!(
        files("CREATE SCHEMA n; ALTER TABLE t SET SCHEMA n", "DROP TABLE n.t"),
        ["ban-set-schema", "ban-drop-table"]
    );
}
