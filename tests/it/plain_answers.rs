//! Answers of commands when something is missing, and hints that work when they are followed.

use crate::support::{ADMIN_PASSWORD, Admin, Project, Server};

#[test]
fn reports_a_missing_service_without_failing() {
    let server = Server::start();
    let project = Project::new(&server, "absent");
    let current = project.run(&["current"]).expect(0);
    assert_eq!(current.stdout.matches("not provisioned").count(), 2, "{}", current.stdout);
    assert!(
        current.stderr.ends_with(
            "absent_a, absent_b are not provisioned\nhint: run `martydb apply absent_a absent_b`\n"
        ),
        "{}",
        current.stderr
    );
    let document = project.json(&["history"], 0);
    assert_eq!(document["services"][0]["error"]["kind"], "operation");
    // To write there is a failure.
    let upgrade = project.run(&["upgrade", "absent_a"]).expect(1);
    insta::assert_snapshot!(upgrade.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    absent_a  -  -  0  failed
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    absent_a:
    error: absent_a is not provisioned
    caused by: the database or a role does not exist
    hint: run `martydb apply --service absent_a`
    ");
    let _ = project.run(&["apply", "absent_a", "absent_b", "-y"]).expect(0);
    assert_eq!(project.run(&["current"]).expect(0).stderr, "");
}

#[test]
fn an_unfinished_file_stops_only_commands_that_would_run_it() {
    let server = Server::start();
    let project = Project::new(&server, "unwritten");
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    let third = project.json(&["revision", "unwritten_a", "-m", "third"], 0);
    assert_eq!(third["version"], 3);
    let refused = project.run(&["upgrade", "unwritten_a"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    unwritten_a  -  -  0  failed
    --- stderr

    unwritten_a:
    error: unwritten_a: 1 migration file is invalid
    caused by: FOLDER/unwritten_a/migrations/V3__third.sql: comes from a template and is not written yet
    hint: write it, and remove the line `-- martydb: unwritten`; or remove the file
    ");
    let document = project.json(&["upgrade", "unwritten_a", "--to", "2"], 0);
    assert_eq!(document["services"][0]["to"], 2);
    let _ = project.run(&["upgrade", "unwritten_a", "--to", "3"]).expect(2);
    let document = project.json(&["downgrade", "unwritten_a", "-y"], 0);
    assert_eq!(document["services"][0]["to"], 1);
}

#[test]
fn an_admin_that_cannot_log_in_gets_a_hint() {
    let server = Server::with_both_admins();
    let project = Project::new(&server, "loginhint");
    let mut command = project.command(&["doctor"]);
    command.env_remove("DB_PASSWORD").env_remove("PGPASSWORD");
    let none = project.finish(command).expect(5);
    insta::assert_snapshot!(none.shown(), @r#"
    server main:
    error: cannot log in to database "postgres" at 127.0.0.1:PORT as "postgres"
    caused by: the server asks for a password and none is known
    hint: no password was given: set DB_PASSWORD or PGPASSWORD, write it to ~/.pgpass, or name a variable with `password_env` in the manifest
    "#);
    let (right, wrong) = (format!("{}/postgres", server.port), format!("{}/nonesuch", server.port));
    let wrong = project.read("martydb.yaml").replace(&right, &wrong);
    project.write("martydb.yaml", &wrong);
    let missing = project.run(&["plan"]).expect(5);
    insta::assert_snapshot!(missing.shown(), @r#"
    server main:
    error: cannot log in to database "nonesuch" at 127.0.0.1:PORT as "postgres"
    caused by: database "nonesuch" does not exist (SQLSTATE 3D000)
    hint: where the url of the server names that database, correct it; else run `martydb apply --all`
    "#);
    assert!(!missing.stderr.contains(ADMIN_PASSWORD), "{}", missing.stderr);
    let limited = Project::new_as(&server, Admin::Limited, "loginhint");
    server.sql("postgres", "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC");
    let closed = limited.run(&["plan"]).expect(5);
    insta::assert_snapshot!(closed.shown(), @r#"
    server main:
    error: cannot log in to database "postgres" at 127.0.0.1:PORT as "adm"
    caused by: permission denied for database "postgres" (SQLSTATE 42501); User does not have CONNECT privilege.
    hint: ask a DBA for: GRANT CONNECT ON DATABASE "postgres" TO "adm";
    "#);
}

#[test]
fn a_lost_secret_store_is_named_with_its_remedy() {
    let server = Server::start();
    let project = Project::new(&server, "lostkeys");
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    std::fs::remove_dir_all(project.path().join(".martydb/secrets")).unwrap();
    let cure = ["apply", "--all", "--reset-passwords", "-y"];
    let words = format!("martydb {}", cure[..3].join(" "));
    for (arguments, code) in [(&["upgrade", "--all"][..], 5), (&["url", "lostkeys_a"], 1)] {
        let failed = project.run(arguments).expect(code);
        assert!(failed.stderr.contains(&words), "{}", failed.stderr);
    }
    let _ = project.run(&cure).expect(0);
    let _ = project.run(&["upgrade", "--all"]).expect(0);
}

#[test]
fn every_command_reports_a_taken_port_alike() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let project = Project::with_manifest(&format!(
        "version: 1\nservers: {{ main: {{ embedded: true, port: {port} }} }}\nservices: {{ taken: }}\n"
    ));
    std::fs::create_dir_all(project.path().join("taken/migrations")).unwrap();
    for command in [&["plan"][..], &["upgrade", "--all"], &["test-connections"], &["dev", "up"]] {
        let failed = project.run(command).expect(5);
        assert!(
            format!("{}{}", failed.stdout, failed.stderr).contains(&format!("port {port} is taken")),
            "{failed:?}"
        );
        // Found before a cluster is made.
        assert!(!failed.stderr.contains("creating PostgreSQL"), "{failed:?}");
    }
}

/// The same change has the same risk in `apply` and in `verify-isolation --fix`.
#[test]
fn apply_and_fix_revoke_the_same_privilege_without_asking() {
    let server = Server::start();
    let project = Project::new(&server, "sameword");
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    let _ = project.run(&["upgrade", "--all"]).expect(0);
    server.sql("postgres", "GRANT CONNECT ON DATABASE sameword_a TO sameword_b_app");
    let document = project.json(&["plan"], 0);
    assert_eq!(document["changes"][0]["risk"], "safe", "{document}");
    let fixed = project.run(&["verify-isolation", "--fix", "--no-input"]).expect(0);
    insta::assert_snapshot!(fixed.shown(), @r#"
    2 services at 4 databases: every login connected to its own and was denied at all others (--matrix shows them)
    skipped (no connections allowed): template0

    low: server main: setting max_connections [connection-limits-exceed-server]
      seen: the limits of all services add up to 130; the server has 100 connections, 3 of them reserved

    2 services, 6 logins, 24 probes: 24 passed, 0 breaches, 0 inconclusive, plus N extra probes

    SERVICE  ACTION  OBJECT  RISK  WHY
    sameword_a  revoke  database sameword_a  safe  sameword_b_app of sameword_b connected: direct grant of CONNECT

    Fixed: 1 of 1, 0 failed.

    found: 1 note (low)
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    safe: database sameword_a: sameword_b_app of sameword_b connected: direct grant of CONNECT
      in sameword_a: REVOKE CONNECT ON DATABASE "sameword_a" FROM "sameword_b_app";
    "#);
    let again = project.json(&["plan"], 0);
    assert_eq!(again["changes"], serde_json::json!([]));
}

/// Its last checkpoint would go into the control file of the new cluster.
#[test]
fn a_server_without_its_files_is_stopped_before_a_new_one_starts() {
    let project = Project::with_manifest("version: 1\nservices: { orphan: }\n");
    let _ = project.run(&["dev", "up"]).expect(0);
    let removed = project.json(&["dev", "status"], 0)["servers"][0]["pid"].as_i64().unwrap();
    std::fs::remove_dir_all(project.path().join(".martydb")).unwrap();
    let again = project.run(&["dev", "up"]).expect(0);
    if cfg!(target_os = "linux") {
        assert!(
            again.stderr.contains(&format!("(process {removed}), whose files were removed")),
            "{}",
            again.stderr
        );
    }
    for command in ["down", "up"] {
        let _ = project.run(&["dev", command]).expect(0);
    }
    let _ = project.run(&["dev", "destroy", "-y"]).expect(0);
}

#[test]
fn invalid_numbers_are_refused_with_an_explanation() {
    let project = Project::with_manifest("version: 1\nservices: { a: }\n");
    for (arguments, words) in [
        (
            &["upgrade", "a", "--to", "x"][..],
            "it is not a version, such as 7, a number of steps, such as +1, or head",
        ),
        (&["upgrade", "a", "--steps", "x"], "it is not a whole number"),
        (&["upgrade", "a", "--jobs", "0"], "0 is not from 1 to 65535"),
    ] {
        let refused = project.run(arguments).expect(2);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    project.write("other.json", "x");
    let refused = project.run(&["apply", "--plan", "other.json"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    error: other.json cannot be applied here
    caused by: it is not JSON
    ");
}
