//! Repeatable migrations and files without a way back, as a person and a script meet them.

use crate::support::{Project, Server};

#[test]
fn every_result_lists_repeatable_migrations_with_the_versions() {
    let server = Server::start();
    let project = Project::new(&server, "again");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
        .write("again_a/migrations/R__names.sql", "CREATE OR REPLACE VIEW names AS SELECT name FROM item;\n");
    project.run(&["validate"]).expect(0);
    let dry = project.run(&["upgrade", "-s", "again_a", "--dry-run"]).expect(0).stdout;
    assert!(
        dry.contains("again_a R names, in a transaction") && dry.contains("CREATE OR REPLACE VIEW names"),
        "{dry}"
    );
    let status = project.json(&["status"], 0);
    assert_eq!(status["services"][0]["repeatable_pending"][0]["name"], "names");
    assert_eq!(status["services"][1]["repeatable_pending"], serde_json::json!([]));

    let done = project.json(&["upgrade", "--all"], 0);
    let first = &done["services"][0];
    assert_eq!((first["applied"].as_array().unwrap().len(), &first["to"]), (2, &2.into()));
    assert_eq!(first["repeatable"][0]["name"], "names");
    assert!(
        first["repeatable"][0]["duration_ms"].is_u64() && first["repeatable"][0].get("version").is_none()
    );
    assert_eq!(project.json(&["status"], 0)["services"][0]["state"], "up_to_date");
    let events = project.json(&["history", "-s", "again_a"], 0)["services"][0]["events"].clone();
    let last = events.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["version"], &last["name"], &last["action"]),
        (&().into(), &"names".into(), &"upgrade".into())
    );

    project
        .write("again_a/migrations/R__names.sql", "CREATE OR REPLACE VIEW names AS SELECT nope FROM item;\n");
    let pending = project.run(&["status"]).expect(0).stdout;
    assert!(pending.contains("again_a: 1 repeatable migration due: names"), "{pending}");
    project.run(&["status", "--check"]).expect(3);
    let failed = project.run(&["upgrade", "-s", "again_a"]).expect(1);
    assert!(
        failed.stderr.contains("error: R__names failed at") && !failed.stdout.contains("error:"),
        "{failed:?}"
    );
    let past = project.run(&["history", "-s", "again_a"]).expect(0).stdout;
    assert!(past.contains("again_a R__names upgrade:"), "{past}");
    let proof = project.json(&["verify-down", "-s", "again_a", "--every"], 0);
    assert_eq!(proof["services"][0]["migrations"].as_array().unwrap().len(), 2);
    // The app's login may use what they make, and nothing of this is open to others.
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["verify-isolation", "--service", "again_a"]).expect(0);
}

#[test]
fn irreversible_files_are_skipped_with_a_note() {
    let server = Server::start();
    let project = Project::new(&server, "oneway");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let folder = "oneway_a/migrations";
    project.write(
        &format!("{folder}/V3__mail.sql"),
        "-- martydb: irreversible: the mails are sent\nSELECT 1;\n",
    );
    project.run(&["validate"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let proof = project.json(&["verify-down", "-s", "oneway_a", "--every"], 0);
    let outcomes: Vec<_> = proof["services"][0]["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["ok", "ok", "skipped"]);
    let refused = project.run(&["downgrade", "--all", "-y"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    oneway_a  3  3  0  failed
    oneway_b  2  1  0  skipped
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    oneway_a:
    error: oneway_a: cannot downgrade: a migration is irreversible
    caused by: FOLDER/oneway_a/migrations/V3__mail.sql: is irreversible: the mails are sent
    hint: downgrade no further than this version, or restore a backup
    ");
    assert_eq!(
        project.json(&["current"], 0)["services"][1]["current"],
        2,
        "where one cannot go back, none does"
    );

    let manifest =
        project.read("martydb.yaml").replace("oneway_b:", "oneway_b: { migrations: { down: none } }");
    project.write("martydb.yaml", &manifest);
    let refused = project.run(&["downgrade", "-s", "oneway_b", "-y"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    oneway_b  2  2  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    oneway_b:
    error: oneway_b: cannot downgrade: the manifest has `down: none`
    hint: write a new migration that reverts this one
    hint: or write down files, and set `migrations: { down: optional }` in the manifest
    ");
    let revision = project.json(&["revision", "-s", "oneway_b", "-m", "next"], 0);
    assert!(revision["down"].is_null() && revision["version"] == 3, "{revision}");
}

#[test]
fn a_service_that_was_never_applied_gets_a_hint() {
    let server = Server::start();
    let project = Project::new(&server, "unmade");
    let done = project.run(&["verify-down", "-s", "unmade_a", "--every"]).expect(1);
    insta::assert_snapshot!(done.shown(), @r#"
    unmade_a:
    error: cannot make a scratch database
    caused by: the server refused: ALTER ROLE "unmade_a_migrator" IN DATABASE "martydb_scratch_RANDOM" SET "role" = 'unmade_a_owner'
    caused by: role "unmade_a_migrator" does not exist (SQLSTATE 42704)
    hint: the roles of the service are missing: run `martydb apply --service unmade_a`
    "#);
}
