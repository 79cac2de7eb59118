//! Objects that a finish leaves in the shared database, and the roles that still reach them.

use super::{LEGACY, Split};

/// Objects of no table that tables use.
const APART: &str = "
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TYPE pair AS (a int, b text);
CREATE SEQUENCE order_numbers;
CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.orders';
ALTER TABLE orders ADD state mood, ADD both_of pair, ADD number bigint DEFAULT nextval('order_numbers');
CREATE ROLE legacy_report LOGIN NOINHERIT; CREATE ROLE legacy_group; CREATE TABLE kept_note (n int);
";

#[test]
fn a_finish_names_remaining_objects_and_their_privileges() {
    let split = Split::new();
    split.source.sql(LEGACY, APART);
    let more = "CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE TYPE pair AS (a int, b text); CREATE SEQUENCE order_numbers;
        ALTER TABLE orders ADD state mood, ADD both_of pair, ADD number bigint DEFAULT nextval('order_numbers');";
    split.project.write("orders/migrations/V2__more.sql", more);
    split.project.write("orders/migrations/V2__more.down.sql", "-- martydb: irreversible: it is a test\n");
    split.project.run(&["upgrade", "--all"]).expect(0);
    let map = std::fs::read_to_string(split.project.path().join("split.yaml")).unwrap();
    split.project.write("split.yaml", &format!("{map}ignore: [public.kept_note]\n"));
    split.split(&["copy"]).expect(0);
    for service in ["orders", "users"] {
        split.split(&["cutover", "--service", service]).expect(0);
    }
    let stays = [
        ("function", "public.count_orders()"),
        ("function", "public.note_order()"),
        ("sequence", "public.order_numbers"),
        ("table", "public.kept_note"),
        ("type", "public.mood"),
        ("type", "public.pair"),
    ];
    let document = split.project.json(&["split", "finish", "--dry-run"], 0);
    let found: Vec<(&str, &str)> = document["stays"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["name"].as_str().unwrap()))
        .collect();
    assert_eq!(found, stays);
    let login = |role: &str| {
        let logins = document["logins"].as_array().unwrap();
        logins.iter().find(|one| one["role"] == role).cloned().unwrap_or_default()
    };
    assert_eq!(login("legacy_app")["tables"], 8, "seven tables and a view: {document}");
    assert_eq!(login("legacy_report")["tables"], 0);
    assert!(login("legacy_report")["databases"].as_array().unwrap().contains(&LEGACY.into()), "{document}");
    assert!(login("legacy_group").is_null() && login("postgres").is_null(), "{document}");

    // While another login reaches the service, it is not separate yet.
    split.target.sql("postgres", "GRANT CONNECT ON DATABASE orders TO PUBLIC");
    let refused = split.split(&["finish", "--confirm", LEGACY]).expect(4).stdout;
    assert!(refused.contains("Nothing was removed: the services are not isolated."), "{refused}");
    assert_eq!(split.source.value(LEGACY, "SELECT to_regclass('orders') IS NOT NULL"), "t");
    assert_eq!(split.phase("orders"), "cut_over");
    split.target.sql("postgres", "REVOKE CONNECT ON DATABASE orders FROM PUBLIC");

    let done = split.split(&["finish", "--confirm", LEGACY]).expect(0).stdout;
    for (kind, name) in stays {
        assert!(done.contains(&format!("  {kind} {name}\n")), "{name}\n{done}");
    }
    assert!(done.contains("  legacy_app: reaches legacy"), "{done}");
    let there = "SELECT to_regclass('order_numbers') IS NOT NULL AND to_regtype('mood') IS NOT NULL AND to_regproc('count_orders') IS NOT NULL";
    assert_eq!(split.source.value(LEGACY, there), "t");
}
