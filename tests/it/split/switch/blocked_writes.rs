//! Writes into the tables of a service after its cutover, from tables that still accept writes at the source.

use std::process::Stdio;

use super::{LEGACY, MAP, SETTINGS, Split};
use crate::split::stream::block;
use crate::support::{Admin, Dice, Server, ask};

/// A trigger and a rule of users write into a table of orders, and its rows go with their user.
const WRITES: &str = "
CREATE FUNCTION note_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.order_log VALUES ('user', NEW.id); RETURN NULL; END $$;
CREATE TRIGGER \"Note user\" AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION note_user();
CREATE RULE gone AS ON DELETE TO users DO ALSO INSERT INTO order_log VALUES ('gone', OLD.id);
ALTER TABLE orders DROP CONSTRAINT orders_user, ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
";

/// As a cutover lists them.
const DISABLED: [&str; 2] = ["rule public.users gone", "trigger public.users Note user"];

/// Answers for all that these tests add to the shared database.
const ANSWERS: &str = "  - { edge: \"trigger *\", answer: drop }
  - { edge: \"rule *\", answer: drop }
  - { edge: \"default *\", answer: drop }
";

fn split(more: &str) -> Split {
    let (source, target) = (Server::start_with(SETTINGS), Server::start_with(SETTINGS));
    let split = Split::between(source, target, Admin::Super, more);
    split
        .project
        .write("split.yaml", &format!("source: {{ server: old, database: {LEGACY} }}{MAP}{ANSWERS}"));
    split
}

/// The state of the trigger and of the rule at the source.
fn states(split: &Split) -> (String, String) {
    let trigger = "SELECT tgenabled FROM pg_trigger WHERE tgname = 'Note user'";
    let rule = "SELECT ev_enabled FROM pg_rewrite WHERE rulename = 'gone'";
    (split.source.value(LEGACY, trigger), split.source.value(LEGACY, rule))
}

fn enabled() -> (String, String) {
    ("O".into(), "O".into())
}

fn disabled() -> (String, String) {
    ("D".into(), "D".into())
}

/// Is the foreign key between both services at the source, and valid?
fn key(split: &Split) -> bool {
    let valid = "SELECT count(*) FROM pg_constraint WHERE conname = 'orders_user' AND convalidated";
    split.source.value(LEGACY, valid) == "1"
}

/// The application of users adds one and removes it; how many rows of the log that made.
fn writes(split: &Split) -> i64 {
    let count = || split.source.value(LEGACY, "SELECT count(*) FROM order_log").parse::<i64>().unwrap();
    let before = count();
    split.at_source("INSERT INTO users (name) VALUES ('a user of these tests')").unwrap();
    split.at_source("DELETE FROM users WHERE name = 'a user of these tests'").unwrap();
    count() - before
}

fn go(split: &Split, step: &str, service: &str) -> serde_json::Value {
    split.project.json(&["split", step, "--service", service], 0)["disabled"].clone()
}

#[test]
fn a_service_before_its_cutover_keeps_writing() {
    let split = split(WRITES);
    let notes = split.project.json(&["split", "plan"], 0)["notes"].to_string();
    for one in ["rule public.users.gone", "trigger public.users.\\\"Note user\\\""] {
        let said =
            format!("{one} writes into public.order_log: the cutover of orders disables it in the source");
        assert!(notes.contains(&said), "{said}\n{notes}");
    }
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    assert_eq!(writes(&split), 2);
    let none = serde_json::json!([]);

    // Between both cutovers.
    let said = split.split(&["cutover", "--service", "orders"]).expect(0).stdout;
    let lines: String = DISABLED.iter().map(|one| format!("  {one}\n")).collect();
    let text = format!(
        "\nDisabled in the shared database, because they write into tables that are closed there:\n{lines}"
    );
    assert!(said.contains(&text), "{said}");
    assert_eq!(writes(&split), 0);
    split.at_source("DELETE FROM users WHERE id = 7").unwrap();
    assert_eq!(split.target.value("orders", "SELECT count(*) FROM orders WHERE user_id = 7"), "10");
    let status = split.project.json(&["split", "status"], 0);
    assert_eq!(status["disabled"], serde_json::json!(DISABLED), "{status}");
    assert_eq!(go(&split, "rollback", "orders"), none);
    assert_eq!((writes(&split), states(&split)), (2, enabled()));

    // The first to leave is the first to come back.
    assert_eq!(go(&split, "cutover", "orders"), serde_json::json!(DISABLED));
    go(&split, "cutover", "users");
    assert_eq!(go(&split, "rollback", "orders"), none);
    assert_eq!(states(&split), disabled(), "rows of users arrive there");
    // The key would act on them.
    split.at_target("users", "DELETE FROM users WHERE id = 8").unwrap();
    assert_eq!(go(&split, "rollback", "users"), none);
    assert_eq!((writes(&split), states(&split)), (2, enabled()));
    assert_eq!(split.source.value(LEGACY, "SELECT count(*) FROM orders WHERE user_id = 8"), "10");
    assert_eq!(split.at_source("INSERT INTO orders (user_id, n) VALUES (8, -8)").unwrap_err(), "23503");

    // And the last.
    go(&split, "cutover", "users");
    assert_eq!(go(&split, "cutover", "orders"), none, "they are disabled with their own table");
    assert_eq!(go(&split, "rollback", "users"), serde_json::json!(DISABLED));
    assert_eq!((writes(&split), states(&split)), (0, disabled()));
    // One that is dropped meanwhile does not stop the way back.
    split.source.sql(LEGACY, "DROP RULE gone ON users");
    assert_eq!(go(&split, "rollback", "orders"), none);
    assert_eq!(writes(&split), 1);
    assert_eq!(
        split.source.value(LEGACY, "SELECT count(*) FROM martydb_split.note WHERE kind = 'held'"),
        "0"
    );
}

#[test]
fn a_killed_cutover_blocks_no_other_service() {
    let split = split(WRITES);
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    let (mut dice, mut kills) = (Dice::seeded("MARTYDB_SPLIT_SEED"), 0);
    for (step, back, after) in [
        ("cutover", "rollback", disabled()),
        ("rollback", "cutover", enabled()),
        ("cutover", "rollback", disabled()),
    ] {
        let mut longest = 1500;
        for _ in 0..6 {
            let mut command = split.project.command(&["split", step, "--service", "orders"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            dice.pause(1, longest);
            let ended = child.try_wait().unwrap().is_some();
            let _gone = child.kill();
            child.wait().unwrap();
            writes(&split);
            if ended {
                longest = longest * 2 / 3;
                go(&split, back, "orders");
            } else {
                kills += 1;
            }
        }
        go(&split, step, "orders");
        assert_eq!((key(&split), states(&split)), (after == enabled(), after));
        writes(&split);
    }
    assert!(kills > 0, "none was killed before it had ended");
}

#[test]
fn a_failed_cutover_reopens_the_source() {
    let split = split(WRITES);
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    block(async {
        let mut reader = split.target.admin("orders").await;
        ask(&mut reader, "BEGIN; SELECT count(*) FROM orders").await.unwrap();
        let failed = split.split(&["cutover", "--service", "orders", "--lock-wait", "1s"]);
        insta::assert_snapshot!(failed.shown(), @r#"
        server old: 127.0.0.1:PORT, PostgreSQL VERSION
        server main: 127.0.0.1:PORT, PostgreSQL VERSION
        error: service "orders" was not cut over
        caused by: the server refused: BEGIN;
        caused by: canceling statement due to lock timeout (SQLSTATE 55P03)
        hint: the source accepts the writes as before
        "#);
    });
    assert_eq!((writes(&split), states(&split), key(&split)), (2, enabled(), true));
    assert_eq!(
        split
            .source
            .value(LEGACY, "SELECT count(*) FROM martydb_split.note WHERE kind IN ('held', 'reflex')"),
        "0"
    );
    go(&split, "cutover", "orders");
    assert_eq!((writes(&split), states(&split), key(&split)), (0, disabled(), false));
}

/// A default of users writes into a table of orders.
const DEFAULT: &str = "
CREATE FUNCTION next_ref() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.order_log VALUES ('ref', 0); RETURN 1; END $$;
ALTER TABLE users ADD COLUMN ref bigint; ALTER TABLE users ALTER COLUMN ref SET DEFAULT next_ref();
";

#[test]
fn a_default_that_writes_stops_the_cutover_and_the_hints_help() {
    let split = split(DEFAULT);
    split.project.write("users/migrations/V2__ref.sql", "ALTER TABLE users ADD COLUMN ref bigint;");
    split.project.write("users/migrations/V2__ref.down.sql", "-- martydb: irreversible: it is a test\n");
    split.project.run(&["upgrade", "--all"]).expect(0);
    let notes = split.project.json(&["split", "plan"], 0)["notes"].to_string();
    let note = "default public.users.ref writes into public.order_log: cut over users before orders";
    assert!(notes.contains(note), "{notes}");
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    let refused = split.split(&["cutover", "--service", "orders"]).expect(3).stderr;
    let remove = "ALTER TABLE public.users ALTER COLUMN ref DROP DEFAULT";
    for said in [
        "without the tables of orders, writes to tables that stay open in the source would fail",
        "default public.users.ref writes into public.order_log",
        "run `martydb split cutover --service users` first",
        remove,
    ] {
        assert!(refused.contains(said), "{said}\n{refused}");
    }
    let add = "INSERT INTO users (name) VALUES ('x'); INSERT INTO orders (n) VALUES (-1); DELETE FROM orders WHERE n = -1";
    split.at_source(add).unwrap();
    for (step, service) in
        [("cutover", "users"), ("cutover", "orders"), ("rollback", "orders"), ("rollback", "users")]
    {
        go(&split, step, service);
    }
    split.at_source(add).unwrap();
    split.source.sql(LEGACY, remove);
    // The map is still the one of the copy.
    split.split(&["copy", "--online", "--until-caught-up"]).expect(0);
    go(&split, "cutover", "orders");
    split.at_source("INSERT INTO users (name) VALUES ('y')").unwrap();
}

/// A table of no service, whose trigger writes into one of orders.
const KEPT: &str = "
CREATE TABLE kept (n int); GRANT ALL ON kept TO legacy_app;
CREATE FUNCTION note_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.order_log VALUES ('kept', NEW.n); RETURN NEW; END $$;
CREATE TRIGGER note_kept BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION note_kept();
";

#[test]
fn a_table_that_stays_is_writable_while_the_source_is_closed() {
    let split = split(KEPT);
    let map = split.project.read("split.yaml");
    split.project.write("split.yaml", &format!("{map}ignore: [public.kept]\n"));
    split.split(&["copy"]).expect(0);
    split.at_source("INSERT INTO kept VALUES (1)").unwrap();
    split.split(&["rollback", "--service", "orders"]).expect(0);
    split.at_source("INSERT INTO kept VALUES (2)").unwrap();
    assert_eq!(split.source.value(LEGACY, "SELECT max(n) FROM order_log WHERE what = 'kept'"), "2");
    split.split(&["copy"]).expect(0);
    for service in ["orders", "users"] {
        go(&split, "cutover", service);
    }
    split.at_source("INSERT INTO kept VALUES (3)").unwrap();
    let shown = split.project.json(&["split", "finish", "--dry-run"], 0);
    assert_eq!(shown["disabled"], serde_json::json!(["trigger public.kept note_kept"]), "{shown}");
    split.split(&["finish", "--confirm", LEGACY]).expect(0);
    split.at_source("INSERT INTO kept VALUES (4)").unwrap();
}
