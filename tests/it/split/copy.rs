//! `split copy`, `split status`: the offline way.

use super::sample::{SOURCE, TABLES, equal, ready};
use crate::support::{ADMIN_PASSWORD, Admin, Project, Server, as_both_admins, psql};

/// Objects of a target that a copy takes away and makes again.
const INSIDE: &str = "SELECT string_agg(what, E'\n' ORDER BY what) FROM (
    SELECT pg_get_indexdef(i.oid) || ' ' || coalesce(obj_description(i.oid, 'pg_class'), '') || ' ' || i.relispartition AS what
    FROM pg_class i JOIN pg_namespace n ON n.oid = i.relnamespace WHERE i.relkind IN ('i', 'I') AND n.nspname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || pg_get_constraintdef(oid) || ' ' || convalidated || conislocal || coninhcount
        || coalesce(obj_description(oid, 'pg_constraint'), '') FROM pg_constraint WHERE connamespace = 'public'::regnamespace) x";

/// Returns the error of a statement of an application.
fn refusal(server: &Server, database: &str, sql: &str) -> String {
    let url = format!(
        "postgresql://postgres:{ADMIN_PASSWORD}@127.0.0.1:{}/{database}?sslmode=disable",
        server.port
    );
    let done = std::process::Command::new(psql()).args(["-X", "-d", &url, "-c", sql]).output().unwrap();
    assert!(!done.status.success(), "{sql}");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

fn status(project: &Project) -> Vec<serde_json::Value> {
    project.json(&["split", "status"], 0)["services"].as_array().unwrap().clone()
}

as_both_admins!(every_row_arrives_once_and_unchanged, |admin| {
    let server = Server::for_admin(admin);
    let project = ready(&server, admin);
    if admin == Admin::Limited {
        // Owner of the tables in the shared database: the admin is a member, and forced row security applies to it.
        server.sql("postgres", "CREATE ROLE shop_team; GRANT shop_team TO adm WITH ADMIN OPTION");
        let all: Vec<String> =
            TABLES.iter().map(|(_, table)| format!("ALTER TABLE {table} OWNER TO shop_team;")).collect();
        server.sql(SOURCE, &(all.concat() + "ALTER TABLE orders_days OWNER TO shop_team; ALTER SEQUENCE orders_down OWNER TO shop_team;
            GRANT CREATE ON DATABASE shop TO adm; ALTER TABLE orders_secret NO FORCE ROW LEVEL SECURITY"));
    }
    let inside = server.value("shop_orders", INSIDE);
    for one in status(&project) {
        assert_eq!(one["phase"], "planned");
    }
    let copied = project.json(&["split", "copy"], 0);
    assert!(copied["services"].as_array().unwrap().iter().all(|one| one["phase"] == "copied"), "{copied}");
    equal(&server, &server);
    assert_eq!(server.value("shop_orders", INSIDE), inside);
    let standing = status(&project);
    assert_eq!(standing[0]["phase"], "copied");
    assert_eq!(
        (&standing[0]["tables_done"], &standing[0]["tables"]),
        (&11.into(), &11.into()),
        "{standing:?}"
    );
    assert_eq!(standing[1]["rows"], 2002);
    assert_eq!(standing[0]["next"], "martydb split cutover --service orders");
    // Nothing of the service's ran but as the service itself, and its trigger not at all.
    assert_eq!(server.value("shop_orders", "SELECT count(*) FROM orders_noted"), "0");
    // Both sides are closed to applications.
    let refused = refusal(&server, SOURCE, "INSERT INTO people_main VALUES (0, 'x')");
    assert!(refused.contains("table public.people_main has moved: INSERT refused"), "{refused}");
    assert!(refused.contains("shop_people"), "{refused}");
    let refused = refusal(&server, SOURCE, "INSERT INTO orders_days_b VALUES ('2026-08-01', -1, '')");
    assert!(refused.contains("has moved"), "{refused}");
    let refused = refusal(&server, "shop_people", "TRUNCATE people_main CASCADE");
    assert!(refused.contains("is not open"), "{refused}");
    // Sequences have the positions of the source's.
    assert_eq!(server.value("shop_orders", "SELECT last_value FROM orders_down"), "-5");
    assert_eq!(server.value("shop_orders", "SELECT last_value FROM orders_main_id_seq"), "8000");
    // A second copy finds nothing to do.
    assert_eq!(project.json(&["split", "copy"], 0)["rows"], 0);
});

#[test]
fn a_differing_row_is_named() {
    let server = Server::start();
    let project = ready(&server, Admin::Super);
    let early = project.run(&["split", "verify"]).expect(1).stderr;
    assert!(
        early.contains("no copy of database \"shop\" has begun") && early.contains("martydb split copy"),
        "{early}"
    );
    project.run(&["split", "copy"]).expect(0);
    let equal = project.json(&["split", "verify"], 0);
    for (at, tables, rows) in [(0, 10, 25083), (1, 3, 2002)] {
        let one = &equal["services"][at];
        assert_eq!(
            (&one["equal"], &one["tables"]),
            (&true.into(), &(tables + usize::from(at == 0)).into()),
            "{equal}"
        );
        assert_eq!(one["rows"], rows, "{equal}");
    }
    let spoil =
        |sql: &str| server.sql("shop_orders", &format!("SET session_replication_role = replica; {sql}"));
    spoil("UPDATE orders_main SET raw = set_byte(raw, 3, get_byte(raw, 3) # 1) WHERE id = 4711");
    spoil("DELETE FROM orders_lines WHERE order_id = 17");
    spoil("INSERT INTO orders_days VALUES ('2026-03-03', -7, 'more')");
    spoil("UPDATE orders_keyless SET v = 'Same' WHERE ctid = (SELECT min(ctid) FROM orders_keyless)");
    let differs = project.json(&["split", "verify", "--service", "orders"], 3);
    let found = differs["services"][0]["differences"].as_array().unwrap();
    let rows: Vec<(String, String)> = found
        .iter()
        .map(|one| (one["table"].as_str().unwrap().to_owned(), one["rows"].to_string()))
        .collect();
    let row = |table: &str, rows: &str| (table.to_owned(), rows.to_owned());
    assert_eq!(
        rows,
        [
            row("public.orders_days_a", r#"[{"key":"(2026-03-03,-7)","what":"extra"}]"#),
            row("public.orders_keyless", "[]"),
            row("public.orders_lines", r#"[{"key":"(1,17)","what":"missing"}]"#),
            row("public.orders_main", r#"[{"key":"(4711)","what":"different"}]"#),
        ]
    );
    let said = project.run(&["split", "verify"]).expect(3).stdout;
    assert!(
        said.contains(
            "orders: public.orders_main differs: 8000 rows at both sides\n  id = (4711) has other values\n"
        ),
        "{said}"
    );
    let wrong = project.run(&["split", "verify", "--service", "order"]).expect(2).stderr;
    assert!(wrong.contains("service \"order\" is not part of the split"), "{wrong}");
    // A table that is reopened behind the split's back makes every comparison worthless.
    server.sql("shop", "DROP TRIGGER martydb_split_closed ON people_main");
    let open = project.run(&["split", "verify", "--service", "people"]).expect(3).stderr;
    assert!(open.contains("public.people_main of the source"), "{open}");
}

#[test]
fn obstacles_are_named_before_the_source_is_closed() {
    let server = Server::start();
    let project = ready(&server, Admin::Super);
    server.sql("shop_people", "INSERT INTO people_main VALUES (1, 'seeded')");
    server.sql("shop_orders", "ALTER TABLE orders_keyless DROP COLUMN v; DROP TABLE orders_empty");
    let refused = project.run(&["split", "copy"]).expect(3).stderr;
    for said in [
        "table public.orders_empty is not in the target",
        "column v of table public.orders_keyless is not in the target",
    ] {
        assert!(refused.contains(said), "{said}\n{refused}");
    }
    server.sql(
        "shop_orders",
        "SET ROLE orders_owner; ALTER TABLE orders_keyless ADD v text; CREATE TABLE orders_empty (id int)",
    );
    let refused = project.run(&["split", "copy"]).expect(3).stderr;
    assert!(refused.contains("table public.people_main of the target contains rows"), "{refused}");
    server.sql("shop", "INSERT INTO people_main VALUES (0, 'open')");
    server.sql("shop_people", "TRUNCATE people_main CASCADE");
    // Another map than the one that a copy began with.
    project.run(&["split", "copy"]).expect(0);
    server.sql("shop", "CREATE TABLE people_late (id int)");
    let other = project.run(&["split", "copy"]).expect(3).stderr;
    assert!(
        other.contains("the copy has begun with another map, or the tables of the source have changed"),
        "{other}"
    );
}

#[test]
fn a_writer_that_does_not_commit_is_named() {
    let server = Server::start();
    let project = ready(&server, Admin::Super);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let writer = runtime.block_on(async {
        let mut writer = server.admin(SOURCE).await;
        sqlx::raw_sql(
            "SET application_name = 'the slow one'; BEGIN; INSERT INTO people_main VALUES (0, 'x')",
        )
        .execute(&mut writer)
        .await
        .unwrap();
        writer
    });
    let refused = project.run(&["split", "copy", "--lock-wait", "1s"]).expect(6).stderr;
    assert!(refused.contains("the slow one") && refused.contains("cannot close the tables"), "{refused}");
    assert_eq!(status(&project)[1]["phase"], "copying");
    runtime.block_on(async move {
        let mut writer = writer;
        sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    });
    project.run(&["split", "copy"]).expect(0);
    equal(&server, &server);
    assert_eq!(server.value("shop_people", "SELECT name FROM people_main WHERE id = 0"), "x");
}
