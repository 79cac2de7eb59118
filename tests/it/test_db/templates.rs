//! The template: made once for each content, by one run, and never half.

use std::process::Stdio;

use super::{databases, made, provisioned, text};
use crate::support::{Server, until};

#[test]
fn changed_files_make_a_new_template_and_the_former_one_goes_with_its_last_copy() {
    let server = Server::start();
    let project = provisioned(&server, "tdt");
    let first = made(&project, "tdt_a");
    project.write("tdt_a/migrations/V3__more.sql", "ALTER TABLE item ADD note text;");
    let second = made(&project, "tdt_a");
    assert_eq!(second["reused"], false);
    assert_ne!(first["template"], second["template"]);
    assert_eq!(server.value(text(&second, "database"), "SELECT count(note) FROM item"), "0");
    // The first is still a copy's origin.
    assert_eq!(databases(&server, "martydb_template_").len(), 2);
    project.run(&["test-db", "-s", "tdt_a", "--drop", text(&first, "database")]).expect(0);
    project.run(&["test-db", "-s", "tdt_a", "--drop", text(&second, "database")]).expect(0);
    // The other service has its own template, and does not affect these.
    made(&project, "tdt_b");
    assert_eq!(databases(&server, "martydb_template_").len(), 3);
    project.write("tdt_a/migrations/R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;");
    let third = made(&project, "tdt_a");
    assert_eq!(third["reused"], false);
    let templates = databases(&server, "martydb_template_");
    assert!(
        templates.len() == 2 && templates.contains(&text(&third, "template").to_owned()),
        "{templates:?}"
    );
    // A down file makes no other schema.
    project.write("tdt_a/migrations/V3__more.down.sql", "ALTER TABLE item DROP note;");
    assert_eq!(made(&project, "tdt_a")["reused"], true);
}

#[test]
fn a_migration_that_fails_leaves_no_template() {
    let server = Server::start();
    let project = provisioned(&server, "tdf");
    project.write("tdf_a/migrations/V3__wrong.sql", "SELECT nothing FROM item;");
    let done = project.run(&["test-db", "-s", "tdf_a"]).expect(1);
    assert!(done.stderr.contains("V3__wrong.sql:1:8") && done.stdout.is_empty(), "{done:?}");
    assert!(done.stderr.contains("cannot make the template of the test databases"), "{done:?}");
    assert_eq!(databases(&server, "martydb_"), Vec::<String>::new());
    project.write("tdf_a/migrations/V3__wrong.sql", "COMMIT;");
    project.run(&["test-db", "-s", "tdf_a"]).expect(2);
    assert_eq!(databases(&server, "martydb_"), Vec::<String>::new());
}

#[test]
fn one_of_several_concurrent_runs_makes_the_template() {
    let server = Server::start();
    let project = provisioned(&server, "tdc");
    project.write("tdc_a/migrations/V3__slow.sql", "SELECT pg_sleep(1);");
    let all: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| made(&project, "tdc_a"))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let makers = all.iter().filter(|made| made["reused"] == false).count();
    assert_eq!(makers, 1, "{all:#?}");
    assert_eq!(databases(&server, "martydb_template_").len(), 1);
    assert_eq!(databases(&server, "martydb_test_").len(), 4);
    assert_eq!(databases(&server, "martydb_scratch_").len(), 0);
}

#[test]
fn a_killed_run_leaves_no_usable_template() {
    let server = Server::start();
    let project = provisioned(&server, "tdk");
    let slow = "tdk_a/migrations/V3__slow.sql";
    project.write(slow, "SELECT pg_sleep(60);");
    let mut command = project.command(&["test-db", "-s", "tdk_a"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let at_work = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep|pg_sleep.60' AND usename = 'tdk_a_migrator'";
    until("a migration runs", || server.value("postgres", at_work) != "0");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(databases(&server, "martydb_scratch_").len(), 1);
    assert_eq!(databases(&server, "martydb_template_").len(), 0);
    project.write(slow, "SELECT 1;");
    assert_eq!(made(&project, "tdk_a")["reused"], false);
    assert_eq!(databases(&server, "martydb_scratch_").len(), 0);
    assert_eq!(databases(&server, "martydb_template_").len(), 1);
}

/// The name is not a proof: it is predictable.
#[test]
fn an_unmarked_database_with_the_templates_name_is_not_copied() {
    let server = Server::start();
    let project = provisioned(&server, "tdp");
    let template = text(&made(&project, "tdp_a"), "template").to_owned();
    server.sql("postgres", &format!("COMMENT ON DATABASE {template} IS NULL"));
    let done = project.run(&["test-db", "-s", "tdp_a"]).expect(1);
    assert!(done.stderr.contains("cannot keep") && done.stderr.contains("already exists"), "{done:?}");
    assert_eq!(databases(&server, "martydb_scratch_").len(), 0);
    server.sql("postgres", &format!("DROP DATABASE {template}"));
    assert_eq!(made(&project, "tdp_a")["reused"], false);
}
