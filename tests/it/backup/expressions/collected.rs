//! Expressions of PostgreSQL's own tests and of public projects: none of them is a difference after a round trip.
//!
//! A file has blocks between blank lines. A block of `-- source:` names the file that the blocks after it are from, and
//! makes their schema; the others are one statement each, with its line and the first major that knows it.

use super::super::newer_server::programs;
use super::super::{Kept, OBJECTS};
use crate::support::{Admin, Project, Server, can_dump};

/// `src/test/regress/sql` of PostgreSQL; a query of it is in a view and a change in a procedure.
const SUITE: &str = include_str!("suite.sql");
/// Expressions that public projects ship to their users.
const PROJECTS: &str = include_str!("projects.sql");

/// Counts the different expressions in a database, as the server prints them.
const PRINTED: &str = include_str!("printed.sql");

/// Sources and statements of both files, in their order.
fn blocks() -> impl Iterator<Item = &'static str> {
    [SUITE, PROJECTS].into_iter().flat_map(|file| file.trim_end().split("\n\n"))
}

fn is_source(block: &str) -> bool {
    block.starts_with("-- source: ")
}

/// The schema that a block makes.
fn schema(block: &str) -> Option<&str> {
    block.lines().find_map(|line| line.strip_prefix("CREATE SCHEMA ")?.split(';').next())
}

/// The first major that knows a statement; 13 if the block does not say so.
fn first_major(block: &str) -> u32 {
    let mark = block.lines().next().and_then(|line| line.split_once(", from: "));
    mark.map_or(13, |(_, major)| major.parse().unwrap())
}

/// Returns the expressions that this major accepts, as one script.
fn script(major: u32) -> String {
    let known: Vec<&str> = blocks().filter(|block| first_major(block) <= major).collect();
    format!("{}\nSET LOCAL search_path = public;\n", known.join("\n"))
}

/// A service whose database holds them all.
fn kept(server: Server, admin: Admin, prefix: &str) -> Kept {
    let objects = format!("{OBJECTS}{}", script(server.major()));
    Kept::with(server, admin, prefix, &objects)
}

#[test]
fn each_statement_names_its_source() {
    assert!(blocks().next().is_some_and(is_source));
    for block in blocks().filter(|block| !is_source(block)) {
        let line = block.strip_prefix("-- line: ").unwrap_or_else(|| panic!("no line: {block}"));
        assert!(line.starts_with(|digit: char| digit.is_ascii_digit()), "{block}");
    }
}

#[test]
fn a_backup_of_a_thousand_expressions_is_restored_without_a_difference() {
    let kept = kept(Server::with_both_admins(), Admin::Limited, "bkc");
    let (service, server) = (kept.service(), &kept.server);
    let count: u32 = server.value(&service, PRINTED).parse().unwrap();
    assert!(count >= 1000, "{count} expressions");
    if !kept.can_dump() {
        return;
    }
    let before = server.catalog(&service);
    let id = kept.backup();
    kept.project.run(&["backup", "verify", &id]).expect(0);
    assert_eq!(kept.restore(&id).json()["database"], service);
    // The test is worth something only where the server prints some of them in another form.
    let other = before.differences(&server.catalog(&service));
    assert!(!other.is_empty());
    assert_eq!(server.value(&service, PRINTED).parse(), Ok(count));
    kept.project.run(&["diff", &service, "--from", "database", "--to", "files"]).expect(0);
    kept.project.run(&["backup", "verify", &kept.backup()]).expect(0);
    kept.expect_clean(2);
}

#[test]
#[ignore = "a minute: scripts/test --all-majors"]
fn a_backup_of_expressions_from_13_is_restored_into_18() {
    let (Some(old), Some(new)) = (programs(13), programs(18)) else {
        eprintln!("SKIPPED: no servers 13 and 18 on this machine");
        return;
    };
    let kept = kept(Server::start_from(&old), Admin::Super, "bkn");
    if !kept.can_dump() {
        return;
    }
    let (id, newer) = (kept.backup(), Server::start_from(&new));
    let port = |server: &Server| format!(":{}/", server.port);
    let text = kept.project.read("martydb.yaml").replace(&port(&kept.server), &port(&newer));
    kept.project.write("martydb.yaml", &text);
    kept.project.run(&["apply", "--all", "-y"]).expect(0);
    let report = kept.restore(&id).json();
    assert_eq!(
        (&report["database"], &report["plan_changes"]),
        (&kept.service().into(), &0.into()),
        "{report:#}"
    );
}

#[test]
#[ignore = "a minute: scripts/test --all-majors"]
fn a_checkpoint_makes_the_same_expressions_as_the_migrations() {
    let server = Server::start();
    let project = Project::new(&server, "bkq");
    project.write("bkq_a/migrations/V3__all.sql", &script(server.major()));
    project.write("bkq_a/migrations/V3__all.down.sql", "-- martydb: irreversible: a test\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    if can_dump(&server) {
        project.run(&["squash", "--service", "bkq_a", "--to", "3"]).expect(0);
        assert!(project.path().join("bkq_a/migrations/C3__checkpoint.sql").exists());
    }
}

#[test]
#[ignore = "a minute: scripts/test --all-majors"]
fn a_generated_first_migration_makes_the_same_expressions() {
    let server = Server::start();
    server.sql("postgres", "CREATE DATABASE bkf");
    server.sql("bkf", &format!("BEGIN;\n{}COMMIT;", script(server.major())));
    let schemas: Vec<&str> = blocks().filter_map(schema).collect();
    let url = server.url();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: bkf\nservers:\n  main:\n    url: {url}\nservices:\n  bkf: {{ schemas: [public, {}] }}\n",
        schemas.join(", ")
    ));
    project.run(&["apply", "--all", "-y"]).expect(0);
    if can_dump(&server) {
        project.run(&["baseline", "--service", "bkf", "--from-database"]).expect(0);
        assert!(project.path().join("bkf/migrations/V1__before_martydb.sql").exists());
    }
}
