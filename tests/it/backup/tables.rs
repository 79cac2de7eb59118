//! Some tables of a backup, restored into another database.

use serde_json::{Value, json};

use super::Kept;
use crate::support::{Admin, Done, Server, as_both_admins};

/// A service with tables that need each other.
fn kept(admin: Admin, prefix: &str) -> Kept {
    let objects = format!("{}{}", super::OBJECTS, include_str!("tables.sql"));
    Kept::with(Server::for_admin(admin), admin, prefix, &objects)
}

/// Restores tables into `{prefix}_look`.
fn restore(kept: &Kept, id: &str, tables: &[&str]) -> Done {
    let (service, look) = (kept.service(), format!("{}_look", kept.prefix));
    let mut arguments = vec!["restore", &service, "--from", id, "--as", &look, "-o", "json"];
    arguments.extend(tables.iter().flat_map(|table| ["--table", table]));
    kept.project.run(&arguments)
}

fn lines(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

const TABLES: &str = "SELECT coalesce(string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid::regclass::text COLLATE \"C\"), '') FROM pg_class c
     WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'";

as_both_admins!(tables_are_restored_with_their_dependents, |admin| {
    let kept = kept(admin, "bta");
    if !kept.can_dump() {
        return;
    }
    let (service, id, look) = (kept.service(), kept.backup(), "bta_look");
    let before = kept.everything(&service);
    let report = restore(&kept, &id, &["own.ticket", "other.part"]).expect(0).json();
    let tables = json!([
        {"table": "other.part", "rows": null}, {"table": "other.part_1", "rows": 2},
        {"table": "other.part_2", "rows": 1}, {"table": "own.ticket", "rows": 3},
    ]);
    let mut found = report["tables"].as_array().unwrap().clone();
    found.sort_by_key(|table| table["table"].as_str().unwrap().to_owned());
    assert_eq!(Value::from(found), tables, "{report:#}");
    let left_out = lines(&report["left_out"]);
    for named in [
        "foreign key ticket_person_fkey of table own.ticket",
        "trigger stamped of table own.ticket",
        "rule kept of table own.ticket",
        "policy of_person of table own.ticket",
        "row security of table own.ticket",
    ] {
        assert!(left_out.contains(&named), "{named}: {left_out:?}");
    }
    assert_eq!(
        (left_out.len(), &report["notes"], &report["kept"]),
        (5, &json!([]), &Value::Null),
        "{report:#}"
    );

    let value = |sql: &str| kept.server.value(look, sql);
    assert_eq!(value(TABLES), "other.part other.part_1 other.part_2 own.ticket");
    for (sql, expected) in [
        (
            "SELECT string_agg(concat_ws('/', id, person, mood, few, note, size), ' ' ORDER BY id) FROM own.ticket",
            "1/1/good/5/one/3 2/1/good 3/2/good/7/three/5",
        ),
        ("SELECT count(*) FROM other.part WHERE at < 10", "2"),
        ("SELECT nextval(pg_get_serial_sequence('own.ticket', 'id'))", "4"),
        ("SELECT enum_range(NULL::public.mood)::text", "{good,\"so so\",worse,bad}"),
        (
            "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text COLLATE \"C\") FROM pg_index WHERE indrelid = 'own.ticket'::regclass",
            "own.ticket_doubled_idx own.ticket_pkey",
        ),
        (
            "SELECT string_agg(contype::text, '' ORDER BY contype) FROM pg_constraint WHERE conrelid = 'own.ticket'::regclass AND contype <> 'n'",
            "cp",
        ),
        ("SELECT col_description('own.ticket'::regclass, 3)", "of its person"),
        (
            "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'own.ticket'::regclass",
            "bta_a_owner",
        ),
    ] {
        assert_eq!(value(sql), expected, "{sql}");
    }
    // The service itself is untouched, and its logins cannot connect to the other database.
    assert_eq!(kept.everything(&service), before);
    for login in ["app", "migrator", "ro"] {
        let role = format!("{service}_{login}");
        let refused = kept.server.sql_as(&role, &kept.project.password(&role), look, "SELECT 1");
        assert_eq!(refused.unwrap_err(), "42501", "{role}");
    }
    kept.expect_clean(1);
    kept.project.run(&["plan", "--check"]).expect(0);
});

#[test]
fn tables_that_need_each_other_are_restored_together() {
    let kept = kept(Admin::Super, "btb");
    if !kept.can_dump() {
        return;
    }
    let id = kept.project.json(&["backup", &kept.service(), "--no-hashes"], 0)["backups"][0]["id"].clone();
    let id = id.as_str().unwrap();
    let report = restore(&kept, id, &["own.ticket", "person", "public.person"]);
    assert_eq!(report.code, Some(2), "{report:?}");
    let report = restore(&kept, id, &["own.ticket", "public.person", "public.person"]).expect(0).json();
    assert!(!report["left_out"].to_string().contains("foreign key"), "{report:#}");
    assert_eq!(report["rows_compared"], "counts", "{report:#}");
    let refused = "INSERT INTO own.ticket (person) VALUES (9)";
    let refused = kept.server.sql_as("postgres", crate::support::ADMIN_PASSWORD, "btb_look", refused);
    assert_eq!(refused.unwrap_err(), "23503");
    let citext = "SELECT count(*) FROM public.person WHERE email = 'a@EXAMPLE.org'";
    assert_eq!(kept.server.value("btb_look", citext), "1");
    kept.server.sql("postgres", "DROP DATABASE btb_look");

    // A table that another one inherits from has no rows, and names may be quoted.
    let report = restore(&kept, id, &["public.child", "own.Odd one"]).expect(0).json();
    assert_eq!(
        lines(&report["notes"]),
        ["table public.parent is empty: only its definition is needed here"],
        "{report:#}"
    );
    assert_eq!(kept.server.value("btb_look", "SELECT count(*) FROM ONLY public.parent"), "0");
    assert_eq!(kept.server.value("btb_look", TABLES), "child own.\"Odd one\" parent");
    kept.expect_clean(1);
}

#[test]
fn a_table_that_the_backup_lacks_is_refused_before_anything_is_made() {
    let kept = kept(Admin::Super, "btc");
    if !kept.can_dump() {
        return;
    }
    let (service, id) = (kept.service(), kept.backup());
    let mark = kept.server.log().len();
    for (table, said) in [
        ("own.tikcet", "did you mean \"own.ticket\"?"),
        ("ticket", "did you mean \"own.ticket\"?"),
        ("public.names", "unknown table \"public.names\""),
        ("nowhere.anything_else_at_all", "its first tables: "),
        ("own.ticket; DROP TABLE x", "unknown table"),
    ] {
        let done = restore(&kept, &id, &["own.ticket", table]).expect(2);
        assert!(done.said().contains(&said.replace('"', "\\\"")), "{table}: {done:?}");
    }
    let arguments = ["restore", &service, "--from", &id, "--table", "own.ticket", "-y"];
    let done = kept.project.run(&arguments).expect(2);
    insta::assert_snapshot!(done.shown(), @r"
    error: the following required arguments were not provided:
      --as <NAME>

    Usage: martydb restore --as <NAME> --from <ID> --table <SCHEMA.NAME> --yes <SERVICE>

    For more information, try '--help'.
    ");
    assert!(!kept.server.log_since(mark).contains("CREATE DATABASE"), "something was made");
    // A name that is taken, and a table whose check reads another one.
    let mut taken = arguments.to_vec();
    taken.extend(["--as", "postgres"]);
    let done = kept.project.run(&taken).expect(1);
    insta::assert_snapshot!(done.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: service "btc_a" was not restored
    caused by: the server refused: ALTER DATABASE "martydb_scratch_RANDOM" RENAME TO "postgres"
    caused by: database "postgres" already exists (SQLSTATE 42P04)
    "#);
    let done = restore(&kept, &id, &["own.checked"]).expect(1);
    assert!(done.said().contains("public.person"), "{done:?}");
    assert_eq!(
        kept.server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'btc_look'"),
        "0"
    );
    kept.expect_clean(1);
}
