//! With the source closed from the copy on.

use super::{LEGACY, Split};
use crate::support::ask;

const REFUSED: &str = "25006";

#[test]
fn a_service_is_cut_over_rolled_back_and_cut_over_again() {
    let split = Split::new();
    split.split(&["copy"]).expect(0);
    assert_eq!((split.phase("orders").as_str(), split.phase("users").as_str()), ("copied", "copied"));
    assert_eq!(split.at_source("INSERT INTO orders (n) VALUES (9001)").unwrap_err(), REFUSED);
    assert_eq!(split.at_target("orders", "INSERT INTO orders (n) VALUES (9001)").unwrap_err(), REFUSED);

    // Before its cutover a service is given up without more.
    let said = split.split(&["rollback", "--service", "users"]).expect(0).stdout;
    assert!(said.contains("the copy was discarded"), "{said}");
    assert_eq!(split.phase("users"), "planned");
    split.at_source("INSERT INTO users (name) VALUES ('later')").unwrap();
    assert_eq!(split.target.value("users", "SELECT count(*) FROM users"), "0");
    assert!(split.leftovers(&split.target, "users").is_empty());

    let done = split.split(&["cutover", "--service", "orders"]).expect(0).stdout;
    assert!(done.contains("Writes of orders now go to database orders.\n"), "{done}");
    assert!(done.contains("postgresql://orders_app@127.0.0.1"), "{done}");
    split.assert_equal();
    assert_eq!(split.phase("orders"), "cut_over");
    // The first rows at the new place: numbers, triggers and foreign keys are as they were.
    let id = split.at_target("orders", "INSERT INTO orders (n) VALUES (9001) RETURNING id").unwrap();
    assert_eq!(id, [["501"]]);
    assert_eq!(split.target.value("orders", "SELECT count(*) FROM order_log WHERE n = 9001"), "1");
    assert_eq!(
        split.at_target("orders", "INSERT INTO order_items (order_id) VALUES (77777)").unwrap_err(),
        "23503"
    );
    assert_eq!(split.at_target("orders", "INSERT INTO orders (id, n) VALUES (1, 1)").unwrap_err(), "428C9");
    // The old place says where it is, and what referred to it is gone.
    let refused = split.at_source("UPDATE orders SET note = 'x' WHERE id = 1").unwrap_err();
    assert_eq!(refused, REFUSED);
    split.at_source("DELETE FROM users WHERE id = 1").unwrap();
    split.split(&["cutover", "--service", "orders"]).expect(0);

    // Rows written there would be lost.
    let refused = split.split(&["rollback", "--service", "orders"]).expect(3).stderr;
    assert!(
        refused.contains("rows were written into the database of orders since it was opened"),
        "{refused}"
    );
    assert!(
        refused.contains("table public.orders has 500 rows at the source and 501 rows at the target"),
        "{refused}"
    );
    split.at_target("orders", "INSERT INTO orders (n) VALUES (9002)").unwrap();
    split
        .at_target("orders", "DELETE FROM orders WHERE n > 9000; DELETE FROM order_log WHERE n > 9000")
        .unwrap();
    let back = split.split(&["rollback", "--service", "orders"]).expect(0).stdout;
    assert!(back.contains("Writes of orders go to database legacy again"), "{back}");
    assert_eq!(split.phase("orders"), "rolled_back");
    assert_eq!(
        split.at_target("orders", "INSERT INTO orders (n) VALUES (9001)"),
        Ok(vec![]),
        "it is as a new one"
    );
    split.target.sql("orders", "TRUNCATE orders, order_items, order_log, order_days");
    // Numbers that were given there are not given again.
    let id = split.at_source("INSERT INTO orders (n) VALUES (9003) RETURNING id").unwrap();
    assert_eq!(id, [["503"]]);
    assert_eq!(split.at_source("INSERT INTO orders (user_id, n) VALUES (4711, 9004)").unwrap_err(), "23503");

    // All of it, to the end.
    insta::assert_snapshot!(split
            .split(&["finish", "--confirm", LEGACY])
            .expect(2).shown(), @r#"
            server old: 127.0.0.1:PORT, PostgreSQL VERSION
            error: cannot finish the split: not every service is cut over
            caused by: service "orders" is rolled_back
            caused by: service "users" is planned
            hint: run `martydb split cutover --service NAME` for each
            "#);
    split.split(&["copy"]).expect(0);
    for service in ["orders", "users"] {
        split.split(&["cutover", "--service", service]).expect(0);
    }
    split.assert_equal();
    let before = split.source.catalog(LEGACY);
    let shown = split.split(&["finish", "--dry-run"]).expect(0).stdout;
    assert!(
        shown.contains("7 tables and 1 view of database legacy:\n")
            && shown.contains("  view public.user_orders\n"),
        "{shown}"
    );
    let refused = split.split(&["finish", "-y"]).expect(2).stderr;
    assert!(refused.contains("needs its name, nothing was touched"), "{refused}");
    split.split(&["finish", "--confirm", "other"]).expect(2);
    assert!(before.differences(&split.source.catalog(LEGACY)).is_empty());
    let done = split.split(&["finish", "--confirm", LEGACY]);
    insta::assert_snapshot!(done.shown(), @r"
    Removed 7 tables and 1 view from database legacy.

    Remaining in database legacy:
      function public.note_order()

    Logins that reach it:
      legacy_app: reaches legacy, postgres; 0 tables here

    2 services at 4 databases: every login connected to its own and was denied at all others (--matrix shows them)
    skipped (no connections allowed): template0

    low: server main: setting max_connections [connection-limits-exceed-server]
      seen: the limits of all services add up to 130; the server has 100 connections, 3 of them reserved

    2 services, 6 logins, 24 probes: 24 passed, 0 breaches, 0 inconclusive, plus N extra probes

    found: 1 note (low)
    --- stderr
    server old: 127.0.0.1:PORT, PostgreSQL VERSION
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    ");
    assert!(done.stdout.contains("robes"), "{}", done.said());
    done.expect(0);
    assert_eq!(
        split
            .source
            .value(LEGACY, "SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace"),
        "0"
    );
    for (server, database) in [(&split.source, LEGACY), (&split.target, "orders"), (&split.target, "users")] {
        assert!(
            split.leftovers(server, database).is_empty(),
            "{database} {:?}",
            split.leftovers(server, database)
        );
    }
    let again = split.split(&["finish", "--confirm", LEGACY]).expect(0).stdout;
    assert!(again.contains("The split is finished: database legacy has no table of the map"), "{again}");
    split.project.run(&["plan", "--all"]).expect(0);
}

#[test]
fn a_row_that_differs_stops_the_cutover() {
    let split = Split::new();
    insta::assert_snapshot!(split
            .split(&["cutover", "--service", "orders"])
            .expect(2).shown(), @r"
            server old: 127.0.0.1:PORT, PostgreSQL VERSION
            error: no split of this database has begun
            hint: `martydb split copy` begins one
            ");
    split.split(&["copy"]).expect(0);
    split.target.sql(
        "orders",
        "SET session_replication_role = replica; UPDATE orders SET note = 'it''s 8' WHERE n = 7",
    );
    let refused = split.split(&["cutover", "--service", "orders"]).expect(3).stderr;
    assert!(
        refused.contains("table public.orders has 500 rows at both sides, but with different values"),
        "{refused}"
    );
    assert_eq!(split.phase("orders"), "copied");
    split.target.sql(
        "orders",
        "SET session_replication_role = replica; UPDATE orders SET note = 'it''s 7' WHERE n = 7",
    );
    // A table was opened by hand.
    split.source.sql(LEGACY, "DROP TRIGGER martydb_split_closed ON order_days_2");
    let refused = split.split(&["cutover", "--service", "orders"]).expect(3).stderr;
    assert!(refused.contains("public.order_days_2 has lost the trigger that closes it"), "{refused}");
}

/// The server ends the last statement of a command that was killed, and until then its locks are held, at both sides.
#[test]
fn a_switch_waits_for_statements_of_a_killed_one() {
    let split = Split::new();
    split.split(&["copy"]).expect(0);
    super::super::stream::block(async {
        let mut last = split.target.admin("orders").await;
        let (class, key) = (0x6d72_7479, 0x7370_6c74);
        ask(&mut last, &format!("SELECT pg_advisory_lock({class}, {key})")).await.unwrap();
        for step in ["cutover", "rollback"] {
            let held = split.split(&[step, "--service", "orders", "--lock-wait", "300ms"]).expect(6).stderr;
            assert!(
                held.contains("another run of martydb works on the split into database \"orders\""),
                "{held}"
            );
        }
    });
    assert_eq!(split.phase("orders"), "copied");
    split.split(&["cutover", "--service", "orders"]).expect(0);
}

/// Of the service's logins the migrator alone may delay a switch, as it could with a lock of a table, and is named. The others' locks
/// count for nothing.
#[test]
fn a_services_login_holding_the_lock_of_a_switch_is_named_or_ignored() {
    let split = Split::new();
    split.split(&["copy"]).expect(0);
    let open = async |role: &str| {
        let mut session = split.target.connect(role, &split.project.password(role), "orders").await;
        let (class, key) = (0x6d72_7479, 0x7370_6c74);
        ask(&mut session, &format!("SELECT pg_advisory_lock({class}, {key})")).await.unwrap();
        session
    };
    super::super::stream::block(async {
        let migrator = open("orders_migrator").await;
        let refused =
            split.split(&["cutover", "--service", "orders", "--lock-wait", "300ms"]).expect(6).stderr;
        assert!(refused.contains("orders_migrator"), "{refused}");
        drop(migrator);

        let _app = open("orders_app").await;
        let done = split.split(&["cutover", "--service", "orders", "--lock-wait", "5s"]).expect(0).stderr;
        assert!(done.contains("orders_app"), "{done}");
    });
    assert_eq!(split.phase("orders"), "cut_over");
}

/// Rows that lost what they referenced while their key was gone are counted, and the key can be validated later.
#[test]
fn a_rollback_counts_the_rows_that_violate_a_foreign_key() {
    let split = Split::new();
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    split.split(&["cutover", "--service", "orders"]).expect(0);
    split.at_source("DELETE FROM users WHERE id = 7").unwrap();
    let back = split.project.json(&["split", "rollback", "--service", "orders"], 0);
    let warning = "foreign key orders_user is restored, but not validated: public.orders has 10 rows without a match in public.users; \
                   correct them, then run `ALTER TABLE public.orders VALIDATE CONSTRAINT orders_user`, or roll back again";
    assert_eq!(back["warnings"], serde_json::json!([warning]));
    assert_eq!(split.at_source("INSERT INTO orders (user_id, n) VALUES (7, 9005)").unwrap_err(), "23503");
    split.at_source("UPDATE orders SET user_id = NULL WHERE user_id = 7").unwrap();
    let back = split.project.json(&["split", "rollback", "--service", "orders"], 0);
    assert_eq!(back["warnings"], serde_json::json!([]));
    let valid = "SELECT convalidated FROM pg_constraint WHERE conname = 'orders_user'";
    assert_eq!(split.source.value(LEGACY, valid), "t");
}
