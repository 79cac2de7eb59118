//! A hostile owner's objects, and whose everything is.

use std::collections::BTreeSet;

use crate::support::{Admin, Server};

/// Every object of one database that belongs to a role that is neither a superuser nor the admin; its key outlives a
/// change of name and owner. `mighty` asks for those that belong to the others.
fn owned(server: &Server, database: &str, mighty: bool) -> BTreeSet<String> {
    const CATALOGUES: &[(&str, &str)] = &[
        ("pg_class", "relowner"),
        ("pg_proc", "proowner"),
        ("pg_type", "typowner"),
        ("pg_namespace", "nspowner"),
        ("pg_operator", "oprowner"),
        ("pg_opclass", "opcowner"),
        ("pg_opfamily", "opfowner"),
        ("pg_collation", "collowner"),
        ("pg_conversion", "conowner"),
        ("pg_ts_dict", "dictowner"),
        ("pg_ts_config", "cfgowner"),
        ("pg_statistic_ext", "stxowner"),
        ("pg_extension", "extowner"),
        ("pg_foreign_server", "srvowner"),
        ("pg_foreign_data_wrapper", "fdwowner"),
        ("pg_language", "lanowner"),
        ("pg_publication", "pubowner"),
        ("pg_event_trigger", "evtowner"),
        ("pg_largeobject_metadata", "lomowner"),
        ("pg_database", "datdba"),
        ("pg_tablespace", "spcowner"),
        ("pg_subscription", "subowner"),
    ];
    let parts: Vec<String> = CATALOGUES
        .iter()
        .map(|(table, owner)| {
            format!(
                "SELECT '{table}:' || c.oid AS key FROM pg_catalog.{table} c JOIN pg_catalog.pg_roles r ON r.oid = c.{owner}
                 WHERE (r.rolsuper OR r.rolname = 'adm') = {mighty}"
            )
        })
        .collect();
    let rows = server.sql(database, &parts.join(" UNION ALL "));
    rows.into_iter().flatten().map(|key| format!("{database}/{key}")).collect()
}

fn databases(server: &Server) -> Vec<String> {
    server
        .sql("postgres", "SELECT datname FROM pg_database WHERE datallowconn")
        .into_iter()
        .flatten()
        .collect()
}

/// Objects that belonged to a role without power at any time.
#[derive(Default)]
pub(crate) struct Weak(BTreeSet<String>);

impl Weak {
    /// Adds what belongs to one now, and checks that nothing of what did belongs to a superuser or the admin.
    pub(crate) fn check(&mut self, server: &Server, after: &str) {
        let all = databases(server);
        let mighty: BTreeSet<String> = all.iter().flat_map(|name| owned(server, name, true)).collect();
        let taken: Vec<&String> = self.0.intersection(&mighty).collect();
        assert!(taken.is_empty(), "{after}: {taken:#?}");
        self.0.extend(all.iter().flat_map(|name| owned(server, name, false)));
    }
}

/// Returns code of every kind that runs with its owner's privileges, in the schema `name`, as the role that executes this.
pub(crate) fn traps(name: &str) -> String {
    format!(
        "CREATE SCHEMA {name};
         CREATE FUNCTION {name}.trojan() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
           AS $$ BEGIN RAISE LOG 'trojan ran as %', current_user; EXECUTE 'ALTER ROLE bob SUPERUSER'; RETURN current_user; END $$;
         CREATE FUNCTION {name}.loud(i int) RETURNS int LANGUAGE plpgsql
           AS $$ BEGIN RAISE LOG 'trap ran as %', current_user; EXECUTE 'ALTER ROLE bob SUPERUSER'; RETURN i;
                EXCEPTION WHEN insufficient_privilege THEN RETURN i; END $$;
         CREATE FUNCTION {name}.quiet(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN {name}.loud(i); END $$;
         CREATE TABLE {name}.trap (id int CHECK ({name}.quiet(id) > 0),
           twice int GENERATED ALWAYS AS ({name}.quiet(id)) STORED);
         CREATE INDEX ON {name}.trap ({name}.quiet(id));
         CREATE TABLE {name}.log (id int);
         CREATE RULE r AS ON INSERT TO {name}.trap DO ALSO INSERT INTO {name}.log VALUES ({name}.quiet(1));
         INSERT INTO {name}.trap (id) SELECT generate_series(1, 3);
         CREATE VIEW {name}.shown AS SELECT {name}.loud(1) AS it;
         CREATE MATERIALIZED VIEW {name}.kept AS SELECT 1 AS it;
         CREATE SEQUENCE {name}.numbers;
         SELECT lo_create(0);
         CREATE TYPE {name}.mood AS ENUM ('a');
         CREATE TYPE {name}.pair AS (a int, b int);
         CREATE DOMAIN {name}.positive AS int CHECK ({name}.quiet(VALUE) > 0);
         CREATE FUNCTION {name}.to_mood(int) RETURNS {name}.mood LANGUAGE sql AS $$ SELECT 'a'::{name}.mood $$;
         CREATE CAST (int AS {name}.mood) WITH FUNCTION {name}.to_mood(int);
         CREATE OPERATOR {name}.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_catalog.int4eq);
         CREATE COLLATION {name}.c (LOCALE = 'C');
         CREATE TEXT SEARCH DICTIONARY {name}.words (TEMPLATE = pg_catalog.simple);
         CREATE TEXT SEARCH CONFIGURATION {name}.search (COPY = pg_catalog.simple);
         CREATE CONVERSION {name}.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
         CREATE STATISTICS {name}.s ON id, twice FROM {name}.trap;
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO bob;
         GRANT USAGE ON SCHEMA {name} TO PUBLIC;"
    )
}

/// The tables of [`traps`] as the superuser's autovacuum meets them, and the attack by an unmanaged role.
pub(crate) fn spring(server: &Server, database: &str, schema: &str) {
    let mark = server.log().len();
    for work in ["ANALYZE", "VACUUM", "REINDEX TABLE"] {
        server.sql(database, &format!("{work} {schema}.trap"));
    }
    // `--fix` may have taken these away.
    server.sql("postgres", &format!("GRANT CONNECT ON DATABASE {database} TO bob"));
    server.sql(
        database,
        &format!("GRANT USAGE ON SCHEMA {schema} TO bob; GRANT EXECUTE ON FUNCTION {schema}.trojan() TO bob"),
    );
    let _refused = server.sql_as("bob", "bob", database, &format!("SELECT {schema}.trojan()"));
    let log = server.log_since(mark);
    assert!(log.contains("trap ran as"), "the trap works: {log}");
    assert!(log.contains("trojan ran as"), "the trojan works: {log}");
    for mighty in ["postgres", "adm"] {
        assert!(!log.contains(&format!("ran as {mighty}")), "{log}");
    }
    assert_eq!(server.value("postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = 'bob'"), "f");
}

/// `bob`, and a database that belongs to the admin.
pub(crate) fn foreign(server: &Server, admin: Admin) {
    server.sql("postgres", "CREATE ROLE bob LOGIN PASSWORD 'bob'");
    server.sql("postgres", &format!("CREATE DATABASE bobs OWNER {}", admin.role()));
}

/// Lets a role make objects in `bobs`, with privileges that the admin granted.
pub(crate) fn admit(server: &Server, admin: Admin, role: &str) {
    let sql = format!("SET ROLE {}; GRANT CREATE ON DATABASE bobs TO {role}", admin.role());
    server.sql("bobs", &sql);
}
