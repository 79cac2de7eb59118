//! `verify-down`, and the down files of the four services that come with martydb.

mod all_migrations;
mod attack;
mod expressions;
mod options;
mod scratch;

use martydb_migrate::history::Catalog;

use crate::support::{Project, Server};

const SERVICES: [&str; 4] = ["document_signer", "csca", "pkd_service", "passport_engine"];

/// A project with the four services as they are shipped.
fn shipped(server: &Server) -> Project {
    let names: String = SERVICES.iter().map(|name| format!("  {name}:\n")).collect();
    let url = server.url();
    let text = format!("version: 1\nproject: shipped\nservers:\n  main:\n    url: {url}\nservices:\n{names}");
    let project = Project::with_manifest(&text);
    for name in SERVICES {
        let from = format!("{}/services/{name}/migrations", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(from).unwrap().map(|file| file.unwrap().path()) {
            let name = format!("{name}/migrations/{}", file.file_name().unwrap().to_str().unwrap());
            project.write(&name, &std::fs::read_to_string(&file).unwrap());
        }
    }
    project
}

fn databases(server: &Server) -> Vec<Vec<String>> {
    server.sql("postgres", "SELECT datname FROM pg_database ORDER BY 1")
}

#[test]
fn the_shipped_services_migrate_up_down_and_up_again() {
    let server = Server::start();
    let project = shipped(&server);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let look = || -> Vec<Catalog> { SERVICES.iter().map(|name| server.catalog(name)).collect() };
    let empty = look();
    project.run(&["upgrade", "--all"]).expect(0);
    let first = look();
    project.run(&["downgrade", "--all", "--to", "0", "-y"]).expect(0);
    let undone = look();
    project.run(&["upgrade", "--all"]).expect(0);
    for ((name, first), again) in SERVICES.iter().zip(&first).zip(&look()) {
        assert!(first.0.len() > 20, "{name}: {first:?}");
        assert_eq!(first.differences(again), [], "{name}");
    }
    for ((name, before), after) in SERVICES.iter().zip(&empty).zip(&undone) {
        assert_eq!(before.differences(after), [], "{name}");
    }
    let before = databases(&server);
    let proof = project.json(&["verify-down", "--every"], 0);
    let proofs: Vec<_> = proof["services"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|s| s["migrations"].as_array().unwrap())
        .collect();
    assert!(proofs.len() >= 17 && proofs.iter().all(|proof| proof["outcome"] == "ok"), "{proof:#}");
    assert_eq!(databases(&server), before);
}

#[test]
fn an_incomplete_down_file_is_reported_with_its_remains() {
    let server = Server::start();
    let project = Project::new(&server, "forget");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let folder = "forget_a/migrations";
    project.write(
        &format!("{folder}/V3__more.sql"),
        "CREATE TABLE more (a int); ALTER TABLE item ADD note text;",
    );
    project.write(&format!("{folder}/V3__more.down.sql"), "ALTER TABLE item DROP note;");
    project.run(&["upgrade", "--service", "forget_a", "--to", "2"]).expect(0);

    // A killed run leaves only the name of its database.
    server.sql("postgres", "CREATE DATABASE martydb_scratch_00000000deadbeef");
    let before = databases(&server).len();
    let done = project.run(&["verify-down", "--service", "forget_a"]).expect(1);
    insta::assert_snapshot!(done.shown(), @r#"
    SERVICE  VERSION  NAME  PROOF
    forget_a  3  more  failed

    forget_a V3__more, after the down file:
      table public.more is left over

    forget_a V3__more:
    error: it cannot be applied again
    caused by: V3__more failed at FOLDER/forget_a/migrations/V3__more.sql:1:1
    caused by: relation "more" already exists (SQLSTATE 42P07)
    caused by: LINE 1: CREATE TABLE more (a int); ALTER TABLE item ADD note text;
      ^
    "#);
    assert_eq!(databases(&server).len(), before - 1);

    project.write(
        &format!("{folder}/V3__more.sql"),
        "CREATE TABLE IF NOT EXISTS more (a int); ALTER TABLE item ADD note text;",
    );
    let proof = project.json(&["verify-down", "--service", "forget_a"], 3);
    let one = &proof["services"][0]["migrations"][0];
    assert_eq!((&one["version"], &one["outcome"]), (&3.into(), &"differs".into()));
    let left = one["after_down"].as_array().unwrap();
    assert!(left.iter().any(|d| d["kind"] == "table" && d["name"] == "public.more"), "{one:#}");
    assert!(one["after_up"].as_array().unwrap().is_empty(), "{one:#}");

    // A column that is recreated in another position is not a difference.
    project.write(&format!("{folder}/V3__more.sql"), "ALTER TABLE item DROP name;");
    project.write(
        &format!("{folder}/V3__more.down.sql"),
        "ALTER TABLE item ADD name text NOT NULL; CREATE INDEX item_name_idx ON item (name);",
    );
    project.run(&["verify-down", "--service", "forget_a"]).expect(0);
    let nothing = project.run(&["verify-down", "--service", "forget_a", "--version", "9"]).expect(2);
    insta::assert_snapshot!(nothing.shown(), @r"
    forget_a:
    error: forget_a has no migration V9
    hint: it has V1, V2, V3
    ");
    project.run(&["verify-down", "--service", "forget_b", "--version", "2"]).expect(0);
}
