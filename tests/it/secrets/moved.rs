//! `secrets move`: everything that is kept, into another store, and the old one stays.

use std::os::unix::fs::PermissionsExt;

use super::vault::Vault;
use crate::support::{Admin, Project, Server};

const STORE: &str = ".martydb/secrets/development.yaml";

/// A project with its passwords in a file, in which rotations are at every point, and vault's imitation beside it.
fn rotated(server: &Server, prefix: &str) -> (Vault, String) {
    let vault = Vault::new(server, Admin::Super, prefix);
    let project = &vault.project;
    let manifest = project.read("martydb.yaml");
    let (before, _) = manifest.split_once("secrets:").unwrap();
    let services = manifest.split_once("services:").unwrap().1;
    project.write("martydb.yaml", &format!("{before}services:{services}"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    let service = format!("{prefix}_a");
    project.run(&["rotate", "--service", &service, "--role", "app", "--overlap"]).expect(0);
    (vault, manifest)
}

fn to_vault(vault: &Vault) -> Vec<String> {
    let program = vault.project.path().join("vault").display().to_string();
    let (get, set) = (format!("{program} get '{{role}}'"), format!("{program} put {{role}}"));
    ["secrets", "move", "--to", "command", "--get", &get, "--set", &set].map(ToOwned::to_owned).into()
}

fn run(project: &Project, arguments: &[String], more: &[&str]) -> crate::support::Done {
    let all: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    project.run(&all)
}

/// The manifest with the block that `move` printed.
fn adopt_block(project: &Project, said: &str) {
    let block = &said[said.find("secrets:\n").unwrap()..];
    let text = project.read("martydb.yaml");
    let rest = text.split("secrets:\n").next().unwrap();
    project.write("martydb.yaml", &format!("{rest}{block}"));
}

#[test]
fn a_store_moves_to_a_program_and_back_completely() {
    let server = Server::start();
    let (vault, _) = rotated(&server, "goes");
    let project = &vault.project;
    let store = project.read(STORE);
    let done = run(project, &to_vault(&vault), &[]).expect(0);
    for password in project.passwords().iter().filter(|password| !password.starts_with("->")) {
        assert!(!done.said().contains(password), "{done:?}");
    }
    assert_eq!(project.read(STORE), store, "the old store stays");
    assert_eq!(vault.kept().len(), 7);
    assert_eq!(vault.password("goes_a_app"), "-> goes_a_app_b");
    adopt_block(project, &done.stdout);
    std::fs::rename(project.path().join(STORE), project.path().join("old")).unwrap();
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
    assert!(project.run(&["url", "-s", "goes_a"]).expect(0).stdout.contains("goes_a_app_b"));
    project.run(&["rotate", "--all", "--finish"]).expect(0);
    // And back: the file is the same but for its order, which is the names'.
    let back = project.run(&["secrets", "move", "--to", "file", "--path", "kept-{env}.yaml"]).expect(0);
    assert_eq!(project.read("kept-development.yaml"), store);
    let mode = std::fs::metadata(project.path().join("kept-development.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    adopt_block(project, &back.stdout);
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
    project.run(&["test-connections"]).expect(0);
    let again = project.run(&["secrets", "move", "--to", "file", "--path", "kept-{env}.yaml"]).expect(2);
    assert!(again.stderr.contains("already"), "{again:?}");
    let locked = project.run(&["secrets", "move", "--to", "file", "--path", "./kept-{env}.yml"]).expect(2);
    assert!(locked.stderr.contains("belongs to the current store"), "{locked:?}");
}

#[test]
fn variables_move_into_a_file_that_can_be_rotated() {
    let server = Server::start();
    let manifest = |secrets: &str| {
        format!(
            "version: 1\nproject: vars\nservers:\n  main:\n    url: {}\nservices:\n  vars_a:\n{secrets}",
            server.url()
        )
    };
    let project = Project::with_manifest(&manifest("secrets: { provider: env }\n"));
    let run = |arguments: &[&str], roles: &[&str]| {
        let mut command = project.command(arguments);
        for role in roles {
            command.env(format!("VARS_A_{role}_PASSWORD"), format!("of the {role}"));
        }
        project.finish(command)
    };
    let all = ["APP", "MIGRATOR", "READONLY"];
    run(&["apply", "--all", "-y"], &all).expect(0);
    let some = run(&["secrets", "move", "--to", "file"], &all[..2]).expect(0);
    assert!(some.stdout.contains("no password for vars_a_ro"), "{some:?}");
    let done = run(&["secrets", "move", "--to", "file"], &all).expect(0);
    assert!(done.stdout.contains("1 password written") && done.stdout.contains("provider: file"), "{done:?}");
    project.write("martydb.yaml", &manifest(""));
    assert_eq!(project.password("vars_a_app"), "of the APP");
    run(&["plan", "--check", "--check-logins"], &[]).expect(0);
    run(&["rotate", "--all"], &[]).expect(0);
    run(&["test-connections"], &[]).expect(0);
}

#[test]
fn the_next_run_completes_a_partly_failed_move() {
    let server = Server::start();
    let (vault, _) = rotated(&server, "half");
    vault.set("refuse-half_b_app", true);
    let arguments = to_vault(&vault);
    let failed = run(&vault.project, &arguments, &[]).expect(1);
    assert!(failed.stderr.contains("half_b_app") && failed.stderr.contains("403"), "{failed:?}");
    assert!(failed.stdout.contains("1 failed") && !failed.stdout.contains("secrets:\n"), "{failed:?}");
    let document = run(&vault.project, &arguments, &["-o", "json"]).expect(1).json();
    let outcome = |entry: &str| {
        let all = document["entries"].as_array().unwrap();
        all.iter().find(|one| one["entry"] == entry).unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("half_b_app"), "failed", "{document:#}");
    assert_eq!(outcome("half_a_app_b"), "unchanged", "{document:#}");
    vault.set("refuse-half_b_app", false);
    let converged = run(&vault.project, &arguments, &["-o", "json"]).expect(0).json();
    let written =
        converged["entries"].as_array().unwrap().iter().filter(|one| one["outcome"] == "written").count();
    assert!((1..7).contains(&written), "{converged:#}");
    assert_eq!(vault.kept().len(), 7);
    let done = run(&vault.project, &arguments, &[]).expect(0);
    assert!(done.stdout.contains("0 passwords written to the secret store, 7 existed already"), "{done:?}");
    adopt_block(&vault.project, &done.stdout);
    vault.project.run(&["plan", "--check", "--check-logins"]).expect(0);
}

#[test]
fn impossible_moves_are_refused_before_any_write() {
    let server = Server::start();
    let (vault, _) = rotated(&server, "stop");
    let project = &vault.project;
    vault.set("sealed", true);
    let sealed = run(project, &to_vault(&vault), &[]).expect(1);
    assert!(sealed.stderr.contains("Vault is") && vault.kept().is_empty(), "{sealed:?}");
    vault.set("sealed", false);
    project.write("kept/stop_b_ro", "another");
    let other = run(project, &to_vault(&vault), &[]).expect(2);
    assert!(other.stderr.contains("\"stop_b_ro\"") && other.stderr.contains("--replace"), "{other:?}");
    assert_eq!(vault.kept().len(), 1);
    run(project, &to_vault(&vault), &["--replace"]).expect(0);
    assert_eq!(vault.password("stop_b_ro"), project.password("stop_b_ro"));
    for (wrong, why) in [
        (&["--to", "env"][..], "file, command"),
        (&["--to", "command", "--get", "cat"], "--set"),
        (&["--to", "command", "--get", "'", "--set", "tee"], "--get: unterminated quote"),
        (&["--to", "command", "--get", "", "--set", "tee"], "--get: the command is empty"),
        (&["--to", "command", "--get", "cat", "--set", "tee", "--timeout", "soon"], "--timeout"),
        (&["--to", "command", "--get", "cat", "--set", "tee", "--absent-stderr", ""], "--absent-exit"),
        (&["--to", "command", "--get", "cat", "--set", "tee", "--path", "x"], "--path requires"),
        (&["--to", "file", "--get", "cat"], "require --to command"),
        (&["--to", "file"], "already kept there"),
    ] {
        let refused = project.run(&[&["secrets", "move"], wrong].concat()).expect(2);
        assert!(refused.stderr.contains(why), "{wrong:?}: {refused:?}");
    }
    std::fs::remove_file(project.path().join(STORE)).unwrap();
    let empty = project.run(&["secrets", "move", "--to", "file", "--path", "new.yaml"]).expect(1);
    assert!(
        empty.stderr.contains("nothing to move") && !project.path().join("new.yaml").exists(),
        "{empty:?}"
    );
}

#[test]
fn no_password_of_a_move_is_in_the_process_list_or_in_a_programs_arguments() {
    let server = Server::start();
    let (vault, _) = rotated(&server, "list");
    let project = &vault.project;
    // Slow enough to be observed, and it records its arguments.
    let script = project
        .read("vault")
        .replace("case $1 in", "echo \"$@\" >> called; env >> called; sleep 0.05\ncase $1 in");
    project.write("vault", &script);
    let arguments = to_vault(&vault);
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut child = project
        .command(&[&words[..], &["-vv"]].concat())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lists = String::new();
    while child.try_wait().unwrap().is_none() {
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            lists +=
                &String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).unwrap_or_default());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(child.wait().unwrap().success());
    let called = project.read("called");
    assert!(lists.contains("put\0list_a_app") && called.contains("put list_a_app"), "{called}");
    for password in project.passwords().iter().filter(|password| !password.starts_with("->")) {
        assert!(!lists.contains(password) && !called.contains(password));
    }
}
