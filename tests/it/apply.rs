//! plan and apply on a real server: converge, stay, notice, repair.

use crate::support::{Project, Server};

#[test]
fn the_second_apply_writes_nothing_and_reads_do_not_write() {
    let server = Server::start();
    let project = Project::new(&server, "twice");
    let first = project.json(&["apply", "--all", "-y"], 0);
    assert!(first["changes"].as_array().unwrap().iter().all(|change| change["outcome"] == "ok"), "{first:#}");

    let xmax = || server.value("postgres", "SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
    let (before, mark) = (xmax(), server.log().len());
    for arguments in [vec!["plan", "--check"], vec!["apply", "--all"], vec!["plan"]] {
        let done = project.run(&arguments).expect(0);
        assert_eq!(done.stdout, "Nothing to do: the servers match the manifest.\n");
    }
    assert_eq!(before, xmax());
    let log = server.log_since(mark);
    for word in ["CREATE ", "ALTER ", "GRANT ", "REVOKE ", "COMMENT ", "BEGIN"] {
        assert!(!log.contains(&format!("statement: {word}")), "{word} in {log}");
    }
}

#[test]
fn apply_names_and_revokes_a_manual_grant() {
    let server = Server::start();
    let project = Project::new(&server, "drift");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "GRANT CONNECT ON DATABASE drift_a TO drift_b_app");
    let plan = project.json(&["plan", "--check"], 3);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan:#}");
    assert_eq!(plan["changes"][0]["action"], "revoke");
    assert_eq!(plan["changes"][0]["service"], "drift_a");
    assert_eq!(
        plan["changes"][0]["sql"],
        "REVOKE CONNECT ON DATABASE \"drift_a\" FROM \"drift_b_app\" CASCADE"
    );
    project.run(&["apply", "--all"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn services_are_named_by_repeated_flags_or_by_commas() {
    let server = Server::start();
    let project = Project::new(&server, "cm");
    project.run(&["apply", "-s", "cm_a,cm_b", "-y"]).expect(0);
    assert_eq!(
        server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname IN ('cm_a', 'cm_b')"),
        "2"
    );
    let unknown = project.run(&["plan", "-s", "cm_a,cm_x"]).expect(2);
    insta::assert_snapshot!(unknown.shown(), @r#"
    error: unknown service "cm_x"
    hint: did you mean "cm_a"?
    "#);
}

#[test]
fn the_next_apply_drops_the_scratch_database_of_a_killed_run() {
    let server = Server::start();
    let project = Project::new(&server, "swept");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "CREATE DATABASE martydb_scratch_0badc0de00000000");
    server.sql("postgres", "CREATE DATABASE martydb_scratch_0badc0de00000001 OWNER swept_a_owner");
    // The service's team can keep one: by a prepared transaction, say.
    server.sql("postgres", "CREATE DATABASE martydb_scratch_0badc0dd00000000 IS_TEMPLATE true");
    project.run(&["plan"]).expect(0);
    let checks = project.json(&["doctor"], 0)["servers"][0]["checks"].clone();
    let named = checks.as_array().unwrap().iter().find(|check| check["name"] == "scratch databases");
    let detail = named.unwrap()["detail"].as_str().unwrap();
    assert!(
        detail.contains("martydb_scratch_0badc0dd00000000, ") && detail.contains("`martydb apply` drops"),
        "{detail}"
    );
    let left = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'martydb\\_scratch\\_%'";
    assert_eq!(server.value("postgres", left).split(' ').count(), 3);
    let done = project.run(&["apply", "--all"]).expect(0);
    assert!(done.stderr.contains("martydb_scratch_0badc0dd00000000"), "{}", done.stderr);
    // The other one that is left is another role's.
    let expected = "martydb_scratch_0badc0dd00000000 martydb_scratch_0badc0de00000001";
    assert_eq!(server.value("postgres", left), expected);
}
