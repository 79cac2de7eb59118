//! `split copy`, `split status`: the offline way.

use super::sample::{SOURCE, TABLES, equal, ready};
use crate::support::{ADMIN_PASSWORD, Admin, Project, Server, as_both_admins, psql};

/// Objects of a target that a copy takes away and makes again.
const INSIDE: &str = "SELECT string_agg(what, E'\n' ORDER BY what) FROM (
    SELECT pg_get_indexdef(i.oid) || ' ' || coalesce(obj_description(i.oid, 'pg_class'), '') || ' ' || i.relispartition AS what
    FROM pg_class i JOIN pg_namespace n ON n.oid = i.relnamespace WHERE i.relkind IN ('i', 'I') AND n.nspname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || pg_get_constraintdef(oid) || ' ' || convalidated || conislocal || coninhcount
        || coalesce(obj_description(oid, 'pg_constraint'), '') FROM pg_constraint WHERE connamespace = 'public'::regnamespace) x";

/// What a statement of an application is refused with.
fn refusal(server: &Server, database: &str, sql: &str) -> String {
    let url = server.url().replace("//postgres@", &format!("//postgres:{ADMIN_PASSWORD}@")).replace("/postgres", &format!("/{database}"));
    let done = std::process::Command::new(psql()).args(["-X", "-d", &url, "-c", sql]).output().unwrap();
    assert!(!done.status.success(), "{sql}");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

fn status(project: &Project) -> Vec<serde_json::Value> {
    project.json(&["split", "status"], 0)["services"].as_array().unwrap().clone()
}

as_both_admins!(everything_arrives_once_and_as_it_was, |admin| {
    let server = Server::for_admin(admin);
    let project = ready(&server, admin);
    if admin == Admin::Limited {
        // Whose tables these are in the shared database: the admin is a member, and row security that is forced stands in its way.
        server.sql("postgres", "CREATE ROLE shop_team; GRANT shop_team TO adm");
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
    assert_eq!((&standing[0]["tables_done"], &standing[0]["tables"]), (&11.into(), &11.into()), "{standing:?}");
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
    // Sequences stand where the source's stand.
    assert_eq!(server.value("shop_orders", "SELECT last_value FROM orders_down"), "-5");
    assert_eq!(server.value("shop_orders", "SELECT last_value FROM orders_main_id_seq"), "8000");
    // A second copy finds nothing to do.
    assert_eq!(project.json(&["split", "copy"], 0)["rows"], 0);
});
