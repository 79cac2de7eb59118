//! The server's own views and functions, replaced with a superuser's rights.

use super::support::Pair;

const VIEW: &str = "SET allow_system_table_mods = on; CREATE OR REPLACE VIEW pg_catalog.pg_group AS SELECT a.rolname AS groname, a.oid AS grosysid, ARRAY(SELECT m.member FROM pg_auth_members m WHERE m.roleid = a.oid AND m.member > 0) AS grolist FROM pg_authid a WHERE NOT a.rolcanlogin";
const FUNCTION: &str = "CREATE OR REPLACE FUNCTION pg_catalog.bit_length(text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT 7'";

fn found(pair: &Pair, code: i32) -> Vec<String> {
    Pair::grave(&pair.verify(&[], code))
}

#[test]
fn a_redefined_view_or_function_is_found_and_freezing_hides_nothing() {
    let pair = Pair::new();
    let line = |service: &str, database: &str, object: &str| {
        format!("critical | redefined-builtin | {service} | PUBLIC | {database} | {object}")
    };
    pair.server.sql("red_db", VIEW);
    pair.server.sql("red_db", "VACUUM FREEZE");
    pair.server.sql("red_db", "VACUUM FULL pg_catalog.pg_rewrite");
    let view = line("red", "red_db", "view pg_group");
    assert_eq!(found(&pair, 4), std::slice::from_ref(&view));
    pair.server.sql("blue_db", FUNCTION);
    // A change of its privileges does not excuse it: the other databases have it as it was.
    pair.server.sql("blue_db", "REVOKE EXECUTE ON FUNCTION pg_catalog.bit_length(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION pg_catalog.bit_length(text) TO PUBLIC");
    let function = line("blue", "blue_db", "function bit_length(text)");
    assert_eq!(found(&pair, 4), [function.clone(), view.clone()]);
    let rule = "SET allow_system_table_mods = on; CREATE RULE look AS ON INSERT TO pg_catalog.pg_group DO INSTEAD NOTHING";
    pair.server.sql("postgres", rule);
    assert_eq!(found(&pair, 4), [function, line("-", "postgres", "rule look on view pg_group"), view]);
}

#[test]
fn a_template_that_was_changed_is_found_in_it_and_in_its_copies() {
    let pair = Pair::new();
    pair.server.sql("template1", FUNCTION);
    pair.server.sql("postgres", "CREATE DATABASE copied");
    pair.server.sql("postgres", "REVOKE ALL ON DATABASE copied FROM PUBLIC");
    let line = |database: &str| {
        format!("critical | redefined-builtin | - | PUBLIC | {database} | function bit_length(text)")
    };
    assert_eq!(found(&pair, 4), ["copied", "template1"].map(line));
}

#[test]
fn privileges_costs_comments_and_maintenance_are_no_redefinition() {
    let pair = Pair::new();
    let first = |sql: &str| pair.server.sql("red_db", sql);
    first(
        "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_relation_size(regclass), pg_catalog.pg_sleep(double precision) FROM PUBLIC",
    );
    first("GRANT SELECT ON pg_catalog.pg_group TO red_ro; ALTER FUNCTION pg_catalog.bit_length(text) COST 2");
    first(
        "COMMENT ON VIEW pg_catalog.pg_group IS 'groups'; REVOKE SELECT ON pg_catalog.pg_tables FROM PUBLIC",
    );
    for sql in
        ["VACUUM FREEZE", "VACUUM FULL pg_catalog.pg_proc", "REINDEX TABLE pg_catalog.pg_proc", "ANALYZE"]
    {
        first(sql);
    }
    let lines = found(&pair, 0);
    assert_eq!(lines, Vec::<String>::new());
    assert!(!Pair::found(&pair.verify(&[], 0)).iter().any(|line| line.contains("redefined-builtin")));
}
