//! `downgrade`, `upgrade --dry-run`, `baseline` and `repair` as a person and a script meet them.

use crate::support::{Project, Server};

#[test]
fn a_downgrade_needs_confirmation_and_a_dry_run_shows_its_files() {
    let server = Server::start();
    let project = Project::new(&server, "back");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let dry = project.run(&["upgrade", "--all", "--dry-run"]).expect(0);
    insta::assert_snapshot!(dry.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    back_a  -  2  2  would be applied
    back_b  -  2  2  would be applied

    -- back_a V1 create_item, in a transaction: FOLDER/back_a/migrations/V1__create_item.sql
    CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);

    -- back_a V2 name_index, in a transaction: FOLDER/back_a/migrations/V2__name_index.sql
    CREATE INDEX item_name_idx ON item (name);

    -- back_b V1 create_item, in a transaction: FOLDER/back_b/migrations/V1__create_item.sql
    CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);

    -- back_b V2 name_index, in a transaction: FOLDER/back_b/migrations/V2__name_index.sql
    CREATE INDEX item_name_idx ON item (name);
    ");
    assert!(dry.stdout.contains("CREATE INDEX item_name_idx ON item (name);"), "{}", dry.stdout);
    assert_eq!(server.value("back_a", "SELECT to_regnamespace('martydb')"), "");
    project.run(&["upgrade", "--all"]).expect(0);

    let refused = project.run(&["downgrade", "--all"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    -- back_a V2 name_index, in a transaction: FOLDER/back_a/migrations/V2__name_index.down.sql
    DROP INDEX item_name_idx;

    -- back_b V2 name_index, in a transaction: FOLDER/back_b/migrations/V2__name_index.down.sql
    DROP INDEX item_name_idx;
    error: these changes need a confirmation, nothing was touched
    caused by: 2 migrations of back_a, back_b would be reverted, and data may be lost, and this is not a terminal, so no confirmation could be asked
    hint: see them with --dry-run, then add -y
    ");
    assert!(refused.stderr.contains("DROP INDEX item_name_idx;"), "{}", refused.stderr);
    assert_eq!(project.json(&["current"], 0)["services"][0]["current"], 2);
    project.run(&["downgrade"]).expect(2);
    project.run(&["downgrade", "--all", "--steps", "1", "--to", "1"]).expect(2);

    let dry = project.json(&["downgrade", "--service", "back_a", "--to", "0", "--dry-run"], 0);
    let planned = dry["services"][0]["planned"].as_array().unwrap();
    assert_eq!(
        (planned[0]["version"].as_i64(), planned[1]["sql"].as_str()),
        (Some(2), Some("DROP TABLE item;\n"))
    );

    let down = project.json(&["downgrade", "--all", "-y"], 0);
    for service in down["services"].as_array().unwrap() {
        assert_eq!(
            (&service["from"], &service["to"], &service["outcome"]),
            (&2.into(), &1.into(), &"ok".into())
        );
        assert_eq!(service["applied"][0]["version"], 2);
    }
    let other = project.run(&["downgrade", "--all", "--to", "2"]).expect(2);
    insta::assert_snapshot!(other.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    back_a  1  1  0  failed
    back_b  1  1  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    back_a:
    error: back_a is at V1, below V2
    hint: to go forward, run `martydb upgrade --service back_a --to 2`

    back_b:
    error: back_b is at V1, below V2
    hint: to go forward, run `martydb upgrade --service back_b --to 2`
    ");
    let other = project.run(&["upgrade", "--all", "--to", "0"]).expect(2);
    insta::assert_snapshot!(other.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    back_a  1  1  0  failed
    back_b  1  1  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    back_a:
    error: back_a is at V1, above V0
    hint: to go back, run `martydb downgrade --service back_a --to 0`

    back_b:
    error: back_b is at V1, above V0
    hint: to go back, run `martydb downgrade --service back_b --to 0`
    ");
}

#[test]
fn a_downgrade_of_all_stops_if_one_service_cannot() {
    let server = Server::start();
    let project = Project::new(&server, "none");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    std::fs::remove_file(project.path().join("none_b/migrations/V2__name_index.down.sql")).unwrap();
    let down = project.json(&["downgrade", "--all", "-y"], 2);
    assert_eq!(down["services"][0]["outcome"], "skipped");
    assert_eq!(down["services"][1]["error"]["kind"], "migration_file");
    assert_eq!(project.json(&["current"], 0)["services"][0]["current"], 2);
}

#[test]
fn repair_shows_a_diff_asks_and_records_why() {
    let server = Server::start();
    let project = Project::new(&server, "mend");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["baseline", "--service", "mend_a", "--at", "1"]).expect(0);
    project.run(&["baseline", "--service", "mend_a", "--at", "2"]).expect(2);
    project.write("mend_a/migrations/V1__create_item.sql", "CREATE TABLE item (id bigint);\n");
    project.run(&["upgrade", "--service", "mend_a"]).expect(3);
    let status = project.json(&["status", "--service", "mend_a"], 0);
    assert_eq!(status["services"][0]["divergences"][0]["version"], 1);
    let query = project.run(&["repair", "--service", "mend_a", "--reason", "it was so"]).expect(2);
    insta::assert_snapshot!(query.shown(), @r"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    mend_a: warning: the database is not as the files leave it, and stays so: table public.item
      hint: `martydb diff -s mend_a --from files --to database` shows each difference
    V1__create_item: new text
    --- as applied
    +++ in the folder
    @@ -1 +1 @@
    -CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    +CREATE TABLE item (id bigint);
    error: these changes need a confirmation, nothing was touched
    caused by: the above would be accepted for 1 migration of mend_a, and this is not a terminal, so no confirmation could be asked
    hint: review the above, then add -y
    ");
    project.run(&["repair", "--service", "mend_a", "--reason", "it was so", "-y"]).expect(0);
    let history = project.json(&["history", "--service", "mend_a"], 0);
    let events = history["services"][0]["events"].as_array().unwrap();
    assert_eq!((&events[1]["action"], &events[1]["note"]), (&"repair".into(), &"it was so".into()));
    let again = project.run(&["repair", "--service", "mend_a", "--reason", "x"]).expect(0);
    assert_eq!(again.stdout, "Nothing to repair in mend_a.\n");
}
