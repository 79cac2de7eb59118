//! The server's own objects, replaced by a superuser, in comparison with what initdb makes.

use std::collections::BTreeSet;

use super::support::Pair;

const VIEW: &str = "SET allow_system_table_mods = on; CREATE OR REPLACE VIEW pg_catalog.pg_group AS SELECT a.rolname AS groname, a.oid AS grosysid, ARRAY(SELECT m.member FROM pg_auth_members m WHERE m.roleid = a.oid AND m.member > 0) AS grolist FROM pg_authid a WHERE NOT a.rolcanlogin";
const FUNCTION: &str = "CREATE OR REPLACE FUNCTION pg_catalog.bit_length(text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT 7'";

/// Changes of objects that no query of the audit uses, and the finding of each in red's database.
#[rustfmt::skip]
const CHANGES: &[(&str, &str)] = &[
    ("CREATE OR REPLACE FUNCTION pg_catalog.rpad(text, integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1'", "critical | function rpad(text,integer)"),
    ("ALTER FUNCTION pg_catalog.lpad(text, integer) SECURITY DEFINER", "critical | function lpad(text,integer)"),
    ("UPDATE pg_catalog.pg_operator SET oprcode = 'pg_catalog.text_pattern_le' WHERE oprcode = 'pg_catalog.text_pattern_lt'::regproc", "critical | operator ~<~(text,text)"),
    ("UPDATE pg_catalog.pg_cast SET castcontext = 'i' WHERE castsource = 'box'::regtype AND casttarget = 'circle'::regtype", "critical | cast from box to circle"),
    ("UPDATE pg_catalog.pg_aggregate SET agginitval = '5' WHERE aggfnoid = 'pg_catalog.regr_count'::regproc", "critical | function regr_count(double precision,double precision)"),
    ("UPDATE pg_catalog.pg_language SET lanvalidator = 0 WHERE lanname = 'sql'", "critical | language sql"),
    ("UPDATE pg_catalog.pg_opclass SET opcdefault = false WHERE opcname = 'macaddr8_ops' AND opcmethod = 403", "critical | operator class macaddr8_ops for access method btree"),
    ("UPDATE pg_catalog.pg_amproc SET amproc = 'pg_catalog.macaddr_eq' WHERE amproc = 'pg_catalog.macaddr_cmp'::regproc AND amproclefttype = 829", "critical | function 1 (macaddr, macaddr) of operator family macaddr_ops for access method btree: macaddr_eq(macaddr,macaddr)"),
    ("UPDATE pg_catalog.pg_type SET typoutput = 'pg_catalog.textout' WHERE typname = 'tid'", "critical | type tid"),
    ("UPDATE pg_catalog.pg_range SET rngsubdiff = 'pg_catalog.int4range_subdiff' WHERE rngtypid = 'numrange'::regtype", "critical | type numrange"),
    ("UPDATE pg_catalog.pg_conversion SET condefault = false WHERE conname = 'big5_to_mic'", "critical | conversion big5_to_mic"),
    ("DELETE FROM pg_catalog.pg_init_privs WHERE objoid = 'pg_catalog.pg_read_file(text)'::regprocedure", "critical | initial privileges of table pg_init_privs"),
    ("UPDATE pg_catalog.pg_init_privs SET initprivs = initprivs || '=X/postgres'::aclitem WHERE objoid = 'pg_catalog.pg_ls_dir(text)'::regprocedure", "critical | initial privileges of function pg_ls_dir(text)"),
    ("CREATE FUNCTION pg_catalog.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT 1::text'", "high | function lower(character varying)"),
    ("CREATE OPERATOR pg_catalog.=== (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text)", "high | operator ===(text,text)"),
    ("CREATE TRIGGER note BEFORE UPDATE ON pg_catalog.pg_description FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", "medium | trigger note on table pg_description"),
    ("CREATE TABLE pg_catalog.notes (line text)", "medium | table notes"),
];

/// Severity and object of each finding about a built-in object in a database.
fn redefined(pair: &Pair, database: &str) -> Vec<String> {
    let arguments = ["verify-isolation", "--probes", "none", "--only", "redefined-builtin"];
    let run = pair.project.run(&[&arguments[..], &["-o", "json"]].concat());
    let result: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let all = result["findings"].as_array().unwrap().iter();
    let mut lines: Vec<String> = all
        .filter(|found| text(&found["database"]) == database)
        .map(|found| format!("{} | {}", text(&found["severity"]), text(&found["object"])))
        .collect();
    lines.sort();
    lines
}

#[test]
fn each_kind_of_catalog_change_is_found() {
    let pair = Pair::new();
    for (sql, _) in CHANGES {
        pair.server.sql("red_db", &format!("SET allow_system_table_mods = on; {sql}"));
    }
    // It was the mark of the end of initdb.
    pair.server.sql("red_db", "DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql");
    pair.server.sql("blue_db", "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    let mut expected: Vec<String> = CHANGES.iter().map(|(_, line)| (*line).to_owned()).collect();
    expected.sort();
    assert_eq!(redefined(&pair, "red_db"), expected);
    assert_eq!(redefined(&pair, "blue_db"), Vec::<String>::new());
    pair.server
        .sql("postgres", "UPDATE pg_catalog.pg_authid SET rolcreatedb = true WHERE rolname = 'pg_monitor'");
    pair.server.sql("postgres", "GRANT pg_execute_server_program TO pg_monitor");
    let shared = ["critical | memberships of role pg_monitor", "critical | role pg_monitor"];
    assert_eq!(redefined(&pair, "-"), shared);
}

#[test]
fn random_catalog_changes_are_all_found() {
    let pair = Pair::new();
    // Objects for geometry, which the audit does not use: columns that decide what they do, in random rows.
    let geometry = "'{point,lseg,path,box,polygon,line,circle}'::regtype[]";
    #[rustfmt::skip]
    let columns = [
        ("pg_proc", format!("prorettype = ANY ({geometry}) AND prokind = 'f'"), "prosecdef = NOT prosecdef"),
        ("pg_proc", format!("prorettype = ANY ({geometry}) AND prokind = 'f'"), "prosrc = prosrc || ' '"),
        ("pg_proc", format!("prorettype = ANY ({geometry}) AND prokind = 'f'"), "proleakproof = NOT proleakproof"),
        ("pg_proc", format!("prorettype = ANY ({geometry}) AND prokind = 'f'"), "proconfig = '{work_mem=1MB}'"),
        ("pg_operator", format!("oprleft = ANY ({geometry})"), "oprcode = 'pg_catalog.point_eq'"),
        ("pg_operator", format!("oprleft = ANY ({geometry})"), "oprjoin = 'pg_catalog.neqjoinsel'"),
        ("pg_cast", format!("castsource = ANY ({geometry})"), "castfunc = 1"),
        ("pg_type", format!("oid = ANY ({geometry})"), "typinput = 'pg_catalog.tidin'"),
        ("pg_amop", format!("amoplefttype = ANY ({geometry})"), "amopsortfamily = 1976"),
        ("pg_amproc", format!("amproclefttype = ANY ({geometry})"), "amproc = 'pg_catalog.int4eq'"),
    ];
    let mut changed = BTreeSet::new();
    for (seed, (table, which, change)) in columns.iter().enumerate() {
        let rows = format!(
            "SELECT oid FROM {table} WHERE oid < 16384 AND {which} ORDER BY md5(oid || '{seed}') LIMIT 6"
        );
        let sql = format!("UPDATE {table} SET {change} WHERE oid IN ({rows}) RETURNING '{table} ' || oid");
        changed.extend(pair.server.sql("red_db", &sql).into_iter().flatten());
    }
    let found = redefined(&pair, "red_db");
    assert!(changed.len() > 40, "{changed:?}");
    assert_eq!(found.len(), changed.len(), "{found:#?}\n{changed:#?}");
}

#[test]
fn database_settings_and_what_is_made_again_are_not_findings() {
    let pair = Pair::new();
    for setting in [
        "standard_conforming_strings = off",
        "extra_float_digits = -15",
        "bytea_output = escape",
        "intervalstyle = iso_8601",
        "datestyle = 'SQL, DMY'",
        "xmlbinary = hex",
        "timezone = 'Asia/Tokyo'",
    ] {
        pair.server.sql("postgres", &format!("ALTER DATABASE red_db SET {setting}"));
    }
    pair.server.sql("red_db", "DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql");
    pair.server.sql("blue_db", "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    for database in ["red_db", "blue_db", "postgres", "template1", "-"] {
        assert_eq!(redefined(&pair, database), Vec::<String>::new(), "{database}");
    }
}

fn found(pair: &Pair, code: i32) -> Vec<String> {
    Pair::grave(&pair.verify(&[], code))
}

#[test]
fn a_redefined_view_or_function_is_found_even_if_frozen() {
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
fn a_changed_template_is_found_in_itself_and_its_copies() {
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
fn privileges_costs_comments_and_maintenance_are_not_redefinitions() {
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

#[test]
fn objects_in_template1_are_findings_before_a_database_copies_them() {
    let pair = Pair::new();
    let grant = "ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO PUBLIC";
    pair.server.sql("template1", grant);
    let line =
        "medium | default-privilege | - | PUBLIC | template1 | default privileges of postgres on TABLES";
    assert_eq!(found(&pair, 4), [line]);
    pair.server.sql("template1", &grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM "));
    assert_eq!(found(&pair, 0), Vec::<String>::new());
    pair.server.sql("postgres", "ALTER DATABASE template0 ALLOW_CONNECTIONS true");
    let found = found(&pair, 4);
    assert!(found.iter().any(|line| line.contains("| template0 |")), "{found:#?}");
}

#[test]
fn a_setting_pending_a_reload_or_restart_is_a_finding() {
    let pair = Pair::new();
    let settings =
        [("dynamic_library_path", "/tmp"), ("lo_compat_privileges", "yes"), ("password_encryption", "md5")];
    // MD5 is what initdb of 13 leaves.
    let due = &settings[..if pair.server.major() < 14 { 2 } else { 3 }];
    for (name, value) in due {
        pair.server.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
    }
    let result = pair.verify(&[], 4);
    let line =
        |(name, _): &(&str, &str)| format!("medium | server-setting | - | PUBLIC | - | setting {name}");
    assert_eq!(Pair::grave(&result), due.iter().map(line).collect::<Vec<_>>());
    let all = result["findings"].as_array().unwrap().iter().filter(|one| one["id"] == "server-setting");
    for found in all {
        let evidence = found["evidence"].as_str().unwrap();
        assert!(evidence.contains("after the next reload or restart"), "{evidence}");
    }
    for (name, _) in due {
        pair.server.sql("postgres", &format!("ALTER SYSTEM RESET {name}"));
    }
    assert_eq!(found(&pair, 0), Vec::<String>::new());
}
