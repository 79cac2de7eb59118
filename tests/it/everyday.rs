//! `psql`, `exec`, `config` and `logs`, and services named by plain words.

use std::process::Stdio;

use crate::support::{ADMIN_PASSWORD, Project, Server, psql, until};

/// A project whose `psql` is the server's own.
fn provisioned(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

fn with_path(project: &Project, arguments: &[&str]) -> std::process::Command {
    let mut command = project.command(arguments);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", psql().parent().unwrap().display()));
    command
}

#[test]
fn psql_is_opened_as_each_login_and_as_the_admin() {
    let server = Server::start();
    let project = provisioned(&server, "evp");
    let query = ["--", "-XAtc", "SELECT session_user || ' ' || current_user || ' ' || current_database()"];
    for (words, expected) in [
        (&["psql", "evp_a"][..], "evp_a_app evp_a_app evp_a"),
        (&["psql", "-s", "evp_a", "--role", "readonly"], "evp_a_ro evp_a_ro evp_a"),
        (&["psql", "evp_b", "--role", "migrator"], "evp_b_migrator evp_b_owner evp_b"),
        (&["psql", "--admin", "--server", "main"], "postgres postgres postgres"),
    ] {
        let mut command = with_path(&project, &[words, &query].concat());
        // They would lead elsewhere.
        command.env("PGHOSTADDR", "127.0.0.9").env("PGDATABASE", "template1").env("PGUSER", "postgres");
        assert_eq!(project.finish(command).expect(0).stdout.trim(), expected, "{words:?}");
    }
    let failed =
        with_path(&project, &["psql", "evp_a", "--", "-XAtc", "SELECT 1/0", "-v", "ON_ERROR_STOP=1"]);
    project.finish(failed).expect(1);
}

#[test]
fn a_program_gets_the_login_without_the_admins_password() {
    let server = Server::start();
    let project = provisioned(&server, "eve");
    let password = project.password("eve_a_app");
    let mut command = project.command(&["exec", "eve_a", "--", "env"]);
    command.env("PGOPTIONS", "-c jit=off").env("PGPASSFILE", "/elsewhere");
    let environment = project.finish(command).expect(0).stdout;
    for line in [
        "PGUSER=eve_a_app".to_owned(),
        "PGDATABASE=eve_a".to_owned(),
        format!("PGPASSWORD={password}"),
        format!("PGPORT={}", server.port),
        "PGOPTIONS=-c jit=off".to_owned(),
    ] {
        assert!(environment.lines().any(|found| found == line), "{line}\n{environment}");
    }
    assert!(environment.contains(&format!("DATABASE_URL=postgresql://eve_a_app:{password}@127.0.0.1:")));
    for absent in [ADMIN_PASSWORD, "DB_PASSWORD", "PGPASSFILE"] {
        assert!(!environment.contains(absent), "{absent}\n{environment}");
    }
    // Its exit code, and its signals, are the run's.
    project.run(&["exec", "-s", "eve_a", "--", "sh", "-c", "exit 7"]).expect(7);
    let missing = project.run(&["exec", "eve_a", "--", "no-such-program"]).expect(127);
    assert!(missing.stderr.starts_with("error: program no-such-program not found\n"), "{}", missing.stderr);
    project.run(&["exec", "eve_a", "--", "/etc"]).expect(1);
    project.run(&["exec", "eve_a"]).expect(2);
}

#[test]
fn no_process_list_shows_the_password() {
    let server = Server::start();
    let project = provisioned(&server, "evl");
    let password = project.password("evl_a_app");
    let mut command = project.command(&["exec", "evl_a", "--", "sleep", "30"]);
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let line = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    until("the program runs", || line(child.id()).starts_with(b"sleep\0"));
    let lines = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = lines.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let shown: Vec<u8> = pids.flat_map(line).collect();
    assert!(!String::from_utf8_lossy(&shown).contains(&password));
    // It is the same process, so that a signal to the run is one to the program.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn config_prints_each_value_without_passwords() {
    let server = Server::start();
    let project = Project::with_manifest(&format!(
        "version: 1\nservers:\n  main: {{ url: \"postgresql://postgres:{ADMIN_PASSWORD}@127.0.0.1:{}/postgres\" }}\n\
         services:\n  ec_a: {{ database: \"${{NAME:-x y}}\" }}\n  ec_b:\n",
        server.port
    ));
    let shown = project.run(&["config"]).expect(0).stdout;
    assert!(!shown.contains(ADMIN_PASSWORD), "{shown}");
    assert!(shown.contains("    database: \"x y\"  # martydb.yaml:5:11, from NAME\n"), "{shown}");
    assert!(shown.contains("      app: ec_b_app  # default\n"), "{shown}");
    // It means the same to martydb.
    let again = Project::with_manifest(&shown);
    let values = |project: &Project| project.json(&["config"], 0)["values"].clone();
    let facts = |project: &Project| {
        let all = values(project).as_array().unwrap().clone();
        let fact = |one: &serde_json::Value| (one["key"].clone(), one["value"].clone());
        let is_name = |one: &serde_json::Value| one["key"][0] != "project" && one["key"][2] != "migrations";
        all.iter().filter(|one| is_name(one)).map(fact).collect::<Vec<_>>()
    };
    let (mut one, mut other) = (facts(&project), facts(&again));
    let by_key = |fact: &(serde_json::Value, serde_json::Value)| fact.0.to_string();
    one.sort_by_key(by_key);
    other.sort_by_key(by_key);
    assert_eq!(one, other);
    let only = project.run(&["config", "ec_b"]).expect(0).stdout;
    assert!(!only.contains("ec_a") && !only.contains("servers"), "{only}");
    project.run(&["config", "ec_c"]).expect(2);
}

#[test]
fn services_may_be_positional_arguments() {
    let server = Server::start();
    let project = Project::new(&server, "evw");
    project.run(&["apply", "evw_a,evw_b", "-y"]).expect(0);
    let status = project.json(&["status", "evw_b", "evw_a"], 0);
    let names: Vec<_> = status["services"].as_array().unwrap().iter().map(|one| &one["service"]).collect();
    assert_eq!(names, ["evw_b", "evw_a"]);
    project.run(&["upgrade", "evw_a"]).expect(0);
    project.run(&["upgrade", "evw_a", "--all"]).expect(2);
    let made = project.run(&["revision", "evw_a", "-m", "first"]).expect(0);
    insta::assert_snapshot!(made.shown(), @r"
    evw_a/migrations/V3__first.sql
    evw_a/migrations/V3__first.down.sql
    ");
    project.run(&["revision", "evw_a", "-s", "evw_b", "-m", "first"]).expect(2);
    // A drop needs the name twice, whatever -y says.
    project.run(&["drop", "evw_a", "-y"]).expect(2);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'evw_a'"), "1");
    project.run(&["drop", "evw_a", "--confirm", "evw_a"]).expect(0);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'evw_a'"), "0");
}
