//! One run reports every migration, whatever those before it did.

use serde_json::Value;

use crate::support::{Project, Server};

fn write(project: &Project, service: &str, version: i64, up: &str, down: &str) {
    project.write(&format!("{service}/migrations/V{version}__m{version}.sql"), up);
    project.write(&format!("{service}/migrations/V{version}__m{version}.down.sql"), down);
}

fn outcomes(proof: &Value, service: usize) -> Vec<(i64, String)> {
    let all = proof["services"][service]["migrations"].as_array().unwrap();
    all.iter()
        .map(|one| (one["version"].as_i64().unwrap(), one["outcome"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn verify_down_reports_every_migration_in_one_run() {
    let server = Server::start();
    let project = Project::new(&server, "vdg");
    project.run(&["apply", "--all", "-y"]).expect(0);
    // The down file fails and is rolled back.
    write(&project, "vdg_a", 3, "CREATE TABLE c (i int);", "DROP TABLE c; DROP TABLE nothing;");
    // The down file forgets the table.
    write(&project, "vdg_a", 4, "CREATE TABLE d (i int);", "SELECT 1;");
    // The migration whose second up failed made its prerequisite.
    write(
        &project,
        "vdg_a",
        5,
        "ALTER TABLE d ADD j int; ALTER TABLE c ADD j int;",
        "ALTER TABLE d DROP j; ALTER TABLE c DROP j;",
    );
    // The second up makes something else.
    write(
        &project,
        "vdg_a",
        6,
        "CREATE TABLE IF NOT EXISTS e (i int NOT NULL);",
        "ALTER TABLE e ALTER i DROP NOT NULL;",
    );
    write(&project, "vdg_a", 7, "ALTER TABLE e ADD j int;", "ALTER TABLE e DROP j;");
    // Half of it is undone outside a transaction.
    write(
        &project,
        "vdg_a",
        8,
        "CREATE TABLE f (i int);",
        "-- martydb: no-transaction\nDROP TABLE f;\nDROP TABLE nothing;",
    );
    write(&project, "vdg_a", 9, "ALTER TABLE f ADD j int;", "ALTER TABLE f DROP j;");
    let before = server.sql("postgres", "SELECT datname FROM pg_database ORDER BY 1");
    let proof = project.json(&["verify-down", "--every", "--all"], 1);
    let expected = ["ok", "ok", "failed", "failed", "ok", "differs", "ok", "failed", "ok"];
    let expected: Vec<_> = (1..).zip(expected.map(str::to_owned)).collect();
    assert_eq!(outcomes(&proof, 0), expected, "{proof:#}");
    assert_eq!(outcomes(&proof, 1), [(1, "ok".into()), (2, "ok".into())]);
    // The remains after the down file are reported with the failure of the second up.
    let fourth = &proof["services"][0]["migrations"][3];
    let left = fourth["after_down"].as_array().unwrap();
    assert!(left.iter().any(|one| one["kind"] == "table" && one["name"] == "public.d"), "{fourth:#}");
    assert!(fourth["error"]["message"].as_str().unwrap().contains("cannot be applied again"), "{fourth:#}");
    assert_eq!(server.sql("postgres", "SELECT datname FROM pg_database ORDER BY 1"), before);

    // Some of them, with gaps.
    let some = ["verify-down", "-s", "vdg_a", "--version", "2", "--version", "5", "--version", "9"];
    let proof = project.json(&some, 0);
    assert_eq!(outcomes(&proof, 0), [(2, "ok".into()), (5, "ok".into()), (9, "ok".into())]);

    // Nothing comes after what cannot be applied at all.
    write(&project, "vdg_a", 4, "CREATE TABLE c (i int);", "DROP TABLE c;");
    let proof = project.json(&["verify-down", "--every", "-s", "vdg_a"], 1);
    let found = outcomes(&proof, 0);
    assert_eq!(found[3], (4, "failed".into()));
    assert!(found[4..].iter().all(|(_, outcome)| outcome == "skipped"), "{found:?}");
    assert_eq!(proof["services"][0]["migrations"][8]["skipped"], "V4 before it cannot be applied");
}

#[test]
fn clock_values_and_column_order_are_not_differences() {
    let server = Server::start();
    let project = Project::new(&server, "vdc");
    project.run(&["apply", "--all", "-y"]).expect(0);
    write(
        &project,
        "vdc_a",
        3,
        "CREATE VIEW fresh AS SELECT id FROM item WHERE 'now'::timestamp > '2020-01-01'::timestamp AND 'now'::timestamptz > now();",
        "DROP VIEW fresh;",
    );
    write(
        &project,
        "vdc_a",
        4,
        "ALTER TABLE item ADD more int; CREATE VIEW every AS SELECT * FROM item;",
        "DROP VIEW every; ALTER TABLE item DROP more;",
    );
    write(
        &project,
        "vdc_a",
        5,
        "DROP VIEW every; ALTER TABLE item DROP name;",
        "ALTER TABLE item ADD name text NOT NULL;
         CREATE INDEX item_name_idx ON item (name); CREATE VIEW every AS SELECT * FROM item;",
    );
    // A view of other columns, and another constant, are a difference.
    write(
        &project,
        "vdc_a",
        6,
        "CREATE VIEW old AS SELECT id, more FROM item WHERE '2020-01-01'::timestamp < now();",
        "CREATE OR REPLACE VIEW old AS SELECT id, more FROM item WHERE '2020-01-02'::timestamp < now();",
    );
    let proof = project.json(&["verify-down", "--every", "-s", "vdc_a"], 1);
    let found = outcomes(&proof, 0);
    assert!(found[..5].iter().all(|(_, outcome)| outcome == "ok"), "{proof:#}");
    let last = &proof["services"][0]["migrations"][5];
    let left = last["after_down"].as_array().unwrap();
    assert!(left.iter().any(|one| one["kind"] == "view" && one["name"] == "public.old"), "{last:#}");
}
