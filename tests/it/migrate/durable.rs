//! A server that crashes keeps all that a run has reported, and nothing of the rest, with its history.

use std::io::Read;
use std::process::Stdio;

use crate::support::{Project, Server, until};

/// The server's own writer comes too late for anything that a COMMIT does not wait for.
const SETTINGS: &[&str] = &["wal_writer_delay=10000"];

fn project(server: &Server, prefix: &str, last: &str) -> Project {
    let text = format!(
        "version: 1\nproject: {prefix}\nservers: {{ main: {{ url: {} }} }}\nservices: {{ {prefix}: }}\n",
        server.url()
    );
    let project = Project::with_manifest(&text);
    for version in 1..=4 {
        let sql = format!("CREATE TABLE t{version} (id int);\n");
        project.write(&format!("{prefix}/migrations/V{version}__t.sql"), &sql);
    }
    project.write(&format!("{prefix}/migrations/V5__last.sql"), last);
    project.run(&["apply", "--all", "-y"]).expect(0);
    // Whatever was before is on the disk.
    server.value("postgres", "CHECKPOINT; SELECT 1");
    project
}

/// The versions in both histories and those of the tables that are there.
fn state(server: &Server, database: &str) -> [String; 3] {
    let has = server.value(database, "SELECT (to_regclass('martydb.history') IS NOT NULL)::text") == "true";
    let list = |sql: &str| server.value(database, sql);
    let tables = "SELECT coalesce(string_agg(substr(relname, 2), ',' ORDER BY relname), '') FROM pg_class \
                  WHERE relkind = 'r' AND relname ~ '^t[0-9]$'";
    if !has {
        return [String::new(), String::new(), list(tables)];
    }
    [
        list(
            "SELECT coalesce(string_agg(version::text, ',' ORDER BY version), '') FROM martydb.refinery_schema_history",
        ),
        list(
            "SELECT coalesce(string_agg(version::text, ',' ORDER BY version), '') FROM martydb.history WHERE outcome = 'ok'",
        ),
        list(tables),
    ]
}

#[test]
fn reported_migrations_survive_a_crash() {
    let mut server = Server::start_with(SETTINGS);
    let good = project(&server, "du_good", "CREATE TABLE t5 (id int);\n");
    let bad = project(&server, "du_bad", "SELECT nope;\n");
    good.run(&["upgrade", "--all"]).expect(0);
    bad.run(&["upgrade", "--all"]).expect(1);
    server.crash();
    server.launch();
    assert_eq!(state(&server, "du_good"), ["1,2,3,4,5"; 3]);
    assert_eq!(state(&server, "du_bad"), ["1,2,3,4"; 3]);
    assert_eq!(
        server.value("du_bad", "SELECT version::text FROM martydb.history WHERE outcome = 'failed'"),
        "5"
    );
}

#[test]
fn migrations_interrupted_by_a_crash_are_lost_with_their_history_and_repeated() {
    let mut server = Server::start_with(SETTINGS);
    let project = project(&server, "du_cut", "SELECT pg_sleep(600);\nCREATE TABLE t5 (id int);\n");
    let mut command = project.command(&["upgrade", "--all"]);
    let mut run = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let sleeps =
        "SELECT count(*)::text FROM pg_stat_activity WHERE datname = 'du_cut' AND wait_event = 'PgSleep'";
    until("the last file runs", || server.value("postgres", sleeps) == "1");
    server.crash();
    let mut said = String::new();
    run.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(5), "{said}");
    assert!(said.contains("may be lost with their history"), "{said}");
    server.launch();
    let found = state(&server, "du_cut");
    assert_eq!(found[0], found[1], "{found:?}");
    assert_eq!(found[0], found[2], "{found:?}");
    assert_ne!(found[0], "1,2,3,4", "the files' commits waited for the disk one by one");
    project.write("du_cut/migrations/V5__last.sql", "CREATE TABLE t5 (id int);\n");
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(state(&server, "du_cut"), ["1,2,3,4,5"; 3]);
}
