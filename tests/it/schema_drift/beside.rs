//! Events beside the runs of a service: a kill between two files, an update of an extension, a tool that makes partitions.

use super::{add, drift, migrated, same};
use crate::support::{Server, until};

#[test]
fn a_run_killed_between_two_files_is_unknown_until_the_next_one() {
    let server = Server::start();
    let project = migrated(&server, "sdx");
    server.sql("sdx_a", "SET ROLE sdx_a_owner; ALTER TABLE item ADD hand int");
    for (version, up) in [
        (3, "CREATE TABLE three (id int);\n"),
        (4, "CREATE TABLE four (id int); SELECT pg_sleep(60);\n"),
        (5, "CREATE TABLE five (id int);\n"),
    ] {
        project.write(&format!("sdx_a/migrations/V{version}__x.sql"), up);
        project.write(&format!("sdx_a/migrations/V{version}__x.down.sql"), "SELECT 1;\n");
    }
    let mut child = project.command(&["upgrade", "sdx_a"]).spawn().unwrap();
    let sleeping =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND wait_event = 'PgSleep'";
    until("the second file runs", || server.value("postgres", sleeping) == "1");
    child.kill().unwrap();
    child.wait().unwrap();
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    until("the session is gone", || server.value("postgres", sleeping) == "0");
    assert_eq!(drift(&project, "sdx_a"), ("unknown".to_owned(), vec![]));
    project.write("sdx_a/migrations/V4__x.sql", "CREATE TABLE four (id int);\n");
    let _ = project.run(&["upgrade", "sdx_a"]).expect(0);
    let expected = ("drifted".to_owned(), vec!["added column public.item.hand".to_owned()]);
    assert_eq!(drift(&project, "sdx_a"), expected);
    assert_eq!(drift(&project, "sdx_b"), same());
}

#[test]
fn schemas_and_extensions_that_apply_makes_are_no_drift() {
    let server = Server::start();
    let project = migrated(&server, "sdo");
    let declared = "  sdo_a: { extensions: [hstore, pg_trgm], schemas: [public, more] }\n";
    let manifest = project.read("martydb.yaml").replace("  sdo_a:\n", declared);
    project.write("martydb.yaml", &manifest);
    server.sql("sdo_a", "CREATE EXTENSION hstore VERSION '1.6'");
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(drift(&project, "sdo_a"), same());
    add(&project, "sdo", 3, "ALTER TABLE item ADD more hstore;\n", "ALTER TABLE item DROP more;\n");
    assert_eq!(drift(&project, "sdo_a"), same());
    server.sql("sdo_a", "ALTER EXTENSION hstore UPDATE TO '1.7'");
    assert_eq!(drift(&project, "sdo_a"), same());
    let _ = project.run(&["plan", "--check"]).expect(0);
}

/// As pg_partman makes them: a table like the parent with a template's options and keys, attached, with the parent's privileges.
#[test]
fn partitions_that_another_tool_makes_are_no_drift() {
    let server = Server::start();
    let project = migrated(&server, "sdp");
    add(
        &project,
        "sdp",
        3,
        "CREATE TABLE ev (id bigint, at timestamptz NOT NULL, note text DEFAULT 'none' CHECK (note <> ''), UNIQUE (id, at)) PARTITION BY RANGE (at);
         CREATE INDEX ev_note ON ev (note);\n",
        "DROP TABLE ev;\n",
    );
    for (name, from, to) in
        [("p20260101", "2026-01-01", "2026-02-01"), ("p20260201", "2026-02-01", "2026-03-01")]
    {
        let make = format!(
            "SET ROLE sdp_a_owner; CREATE TABLE ev_{name} (LIKE ev INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE \
             INCLUDING COMMENTS INCLUDING GENERATED); GRANT SELECT ON ev_{name} TO sdp_a_ro; \
             ALTER TABLE ev ATTACH PARTITION ev_{name} FOR VALUES FROM ('{from}') TO ('{to}')"
        );
        server.sql("sdp_a", &make);
        assert_eq!(drift(&project, "sdp_a"), same());
    }
    add(&project, "sdp", 4, "ALTER TABLE ev ADD kind int;\n", "ALTER TABLE ev DROP kind;\n");
    server.sql(
        "sdp_a",
        "SET ROLE sdp_a_owner; ALTER TABLE ev DETACH PARTITION ev_p20260101; DROP TABLE ev_p20260101",
    );
    assert_eq!(drift(&project, "sdp_a"), same());
}
