//! Deferrable keys, constraints that are NOT VALID, estimates, and schemas that a service lacks.

use crate::support::{Project, Server};

const SHARED: &str = "
CREATE SCHEMA lists;
CREATE TYPE public.mood AS ENUM ('ok', 'bad');
CREATE TABLE lists.entry (place int PRIMARY KEY DEFERRABLE, what text, m public.mood);
INSERT INTO lists.entry VALUES (1, 'a', 'ok'), (2, 'b', 'ok'), (3, 'c', 'bad');
CREATE TABLE lists.amount (id int PRIMARY KEY, n int);
INSERT INTO lists.amount VALUES (1, -1), (2, 1);
ALTER TABLE lists.amount ADD CONSTRAINT positive CHECK (n > 0) NOT VALID;
COMMENT ON CONSTRAINT positive ON lists.amount IS 'since then';
CREATE TABLE lists.day (at date) PARTITION BY RANGE (at);
CREATE TABLE lists.day_1 PARTITION OF lists.day FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO lists.day SELECT '2026-03-01' FROM generate_series(1, 1000);
CREATE UNLOGGED TABLE lists.seen (id int PRIMARY KEY);
ANALYZE;
CREATE TABLE public.other (id int PRIMARY KEY);
";

#[test]
fn deferrable_keys_and_old_rows_are_copied_and_followed() {
    let server = Server::start_with(&["wal_level=logical", "max_replication_slots=20", "max_wal_senders=20"]);
    server.sql("postgres", "CREATE DATABASE shared");
    server.sql("shared", SHARED);
    let manifest = |schemas: &str| {
        format!(
            "version: 1\nproject: dfk\nservers:\n  main:\n    url: {}\nservices:\n  dfk_lists: {{ schemas: [{schemas}] }}\n  dfk_other:\n",
            server.url()
        )
    };
    let project = Project::with_manifest(&manifest("lists"));
    let map = "source: { server: main, database: shared }\nservices:\n  dfk_lists: { tables: [lists.*] }\n  dfk_other: { tables: [public.other] }\n";
    project.write("split.yaml", map);
    let planned = project.json(&["split", "plan"], 0);
    let tables = planned["services"][0]["tables"].as_array().unwrap();
    let days = tables.iter().find(|table| table["table"] == "lists.day").unwrap();
    assert_eq!(days["rows"], 1000, "{days:#}");
    let text = planned.to_string();
    for words in [
        "table lists.entry: its primary key is DEFERRABLE",
        "`split copy --online` refuses: table lists.seen is unlogged",
        "add public to its `schemas:`",
    ] {
        assert!(text.contains(words), "{words}: {planned:#}");
    }
    project.write("martydb.yaml", &manifest("lists, public"));
    project.write(
        "split.yaml",
        &format!("{map}ignore: [lists.seen]\n").replace("lists.*", "lists.entry, lists.amount, lists.day"),
    );
    assert!(!project.json(&["split", "plan"], 0).to_string().contains("add public"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["split", "schema"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let copy = ["split", "copy", "--online", "--until-caught-up"];
    project.run(&copy).expect(0);
    // As an application that keeps an order: the key is checked at the end of the statement.
    server.sql(
        "shared",
        "UPDATE lists.entry SET place = place + 1; UPDATE lists.entry SET what = 'x' WHERE place = 3",
    );
    project.run(&copy).expect(0);
    project.run(&["split", "verify"]).expect(0);
    let done = project.run(&["split", "cutover", "--service", "dfk_lists", "-y"]).expect(0);
    assert!(done.stderr.contains("dfk_lists accepts writes at postgresql://"), "{done:?}");
    let valid = "SELECT convalidated::text || obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'positive'";
    assert_eq!(server.value("dfk_lists", valid), "falsesince then");
    let entries = "SELECT string_agg(place || what, ',' ORDER BY place) FROM lists.entry";
    assert_eq!(server.value("dfk_lists", entries), "2a,3x,4c");
}
