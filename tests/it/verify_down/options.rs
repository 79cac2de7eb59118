//! Values that the server writes into its catalogs by itself, and those of a migration: only the latter are differences.

use martydb_migrate::history::Catalog;

use crate::support::{Project, Server};

fn changed(before: &Catalog, after: &Catalog) -> Vec<String> {
    before.differences(after).iter().map(|d| format!("{} {}", d.kind, d.name)).collect()
}

/// PostgreSQL 15.20 stamps every new column; here columns, relations and indexes are stamped on every release.
#[test]
fn version_stamps_of_the_server_are_not_differences() {
    let server = Server::start();
    server.sql("postgres", "CREATE TABLE t (a int, b text) WITH (fillfactor = 70)");
    server
        .sql("postgres", "CREATE INDEX i ON t (b) WITH (fillfactor = 60); CREATE VIEW v AS SELECT 1 AS one");
    let stamp = |number: u32| {
        for (catalog, options, key) in
            [("pg_attribute", "attoptions", "attrelid"), ("pg_class", "reloptions", "oid")]
        {
            let stamped = format!("UPDATE {catalog} SET {options} = array_append(array_remove({options}, 'pg_ver={}'), 'pg_ver={number}')
                WHERE {key} IN ('t'::regclass, 'i'::regclass, 'v'::regclass)", number - 1);
            let plain =
                if catalog == "pg_attribute" { " AND attnum > 0 AND attrelid <> 'i'::regclass" } else { "" };
            server.sql("postgres", &(stamped + plain));
        }
        server.catalog("postgres")
    };
    let (first, second) = (stamp(1), stamp(2));
    assert_eq!(changed(&first, &second), Vec::<String>::new());
    // A column that is made again has a new stamp, where the server stamps at all.
    server.sql(
        "postgres",
        "ALTER TABLE t DROP b; ALTER TABLE t ADD b text; CREATE INDEX i ON t (b) WITH (fillfactor = 60)",
    );
    let _unstamped = server
        .sql("postgres", "UPDATE pg_class SET reloptions = '{fillfactor=60,pg_ver=3}' WHERE relname = 'i'");
    assert_eq!(changed(&second, &server.catalog("postgres")), Vec::<String>::new());
}

#[test]
fn options_set_by_a_migration_are_differences() {
    let server = Server::start();
    server.sql(
        "postgres",
        "CREATE TABLE t (a int, b text) WITH (fillfactor = 70); CREATE INDEX i ON t (b) WITH (fillfactor = 60);
         CREATE VIEW v AS SELECT 1 AS one; CREATE INDEX g ON t USING gin (to_tsvector('simple', b))",
    );
    let mut before = server.catalog("postgres");
    for (sql, expected) in [
        ("ALTER TABLE t SET (fillfactor = 80)", "table public.t"),
        ("ALTER TABLE t SET (toast.autovacuum_enabled = off)", "table public.t"),
        ("ALTER TABLE t RESET (fillfactor)", "table public.t"),
        ("ALTER INDEX i SET (fillfactor = 65)", "index public.i"),
        ("ALTER INDEX g SET (fastupdate = off)", "index public.g"),
        ("ALTER VIEW v SET (security_barrier)", "view public.v"),
        ("ALTER TABLE t ALTER a SET (n_distinct = 5)", "column public.t.a"),
        ("ALTER TABLE t ALTER a SET STATISTICS 7", "column public.t.a"),
        ("ALTER TABLE t ALTER a SET STATISTICS -1", "column public.t.a"),
        ("ALTER TABLE t ALTER b SET STORAGE EXTERNAL", "column public.t.b"),
        ("ALTER TABLE t ALTER b SET COMPRESSION pglz", "compression public.t.b"),
    ] {
        if sql.contains("COMPRESSION") && server.major() < 14 {
            continue;
        }
        server.sql("postgres", sql);
        let after = server.catalog("postgres");
        assert_eq!(changed(&before, &after), [expected], "{sql}");
        before = after;
    }
}

#[test]
fn a_table_created_twice_is_equal() {
    let server = Server::start();
    let project = Project::new(&server, "vdo");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let proof = project.json(&["verify-down", "--all", "--every"], 0);
    for service in proof["services"].as_array().unwrap() {
        for one in service["migrations"].as_array().unwrap() {
            assert_eq!(one["outcome"], "ok", "{proof:#}");
        }
    }
}
