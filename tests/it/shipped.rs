//! The shipped manifest on servers of our own: what a newcomer's first five minutes are made of.

use std::process::Stdio;

use crate::support::Project;

/// A copy of `services/`, whose embedded servers go when the test ends, however it ends.
struct Shipped(Project);

impl Shipped {
    fn copy() -> Shipped {
        let project = Project::with_manifest("");
        std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/services");
        let copied =
            std::process::Command::new("cp").args(["-r", source]).arg(project.path()).status().unwrap();
        assert!(copied.success());
        let _own_state = std::fs::remove_dir_all(project.path().join("services/.martydb"));
        Shipped(project)
    }
}

impl Drop for Shipped {
    fn drop(&mut self) {
        for env in ["development", "testing"] {
            let mut command = self.0.command(&["-e", env, "dev", "destroy", "-y"]);
            let _best_effort = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

#[test]
fn the_four_services_start_from_nothing_on_an_embedded_server() {
    let shipped = Shipped::copy();
    let project = &shipped.0;
    let first = project.run(&["init-all"]).expect(0);
    assert!(first.stdout.contains("4 services, 13 logins, 78 probes: 78 passed"), "{}", first.stdout);
    // The embedded server itself has no finding.
    assert_eq!(project.json(&["verify-isolation"], 0)["findings"], serde_json::json!([]));
    let second = project.run(&["init-all"]).expect(0);
    assert!(second.stdout.starts_with("Provisioned\n\nNothing to do"), "{}", second.stdout);
    for arguments in [&["plan", "--check"][..], &["status", "--check"], &["test-connections"]] {
        let _ = project.run(arguments).expect(0);
    }

    let status = project.json(&["dev", "status"], 0);
    let server = &status["servers"][0];
    assert_eq!(server["state"], "running");
    let port = server["port"].as_u64().unwrap();
    assert!((1024..32768).contains(&port), "{port}");
    let uri = project.run(&["url", "-s", "csca"]).expect(0).stdout;
    assert!(uri.contains(&format!("@127.0.0.1:{port}/marty_csca")), "{uri}");

    // Down, and up again by a command that changes something, on the same port; a command that reads leaves it down.
    let _ = project.run(&["dev", "down"]).expect(0);
    let states = |code: i32| {
        let document = project.json(&["status", "--check"], code);
        let services = document["services"].as_array().unwrap().iter();
        services.map(|one| one["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(5), ["stopped"; 4]);
    assert_eq!(project.json(&["dev", "status"], 0)["servers"][0]["state"], "stopped");
    let _ = project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(states(0), ["up_to_date"; 4]);
    assert_eq!(project.json(&["dev", "status"], 0)["servers"][0]["port"], port);
}

/// The account that starts the server is its admin on the socket.
#[test]
fn an_unprivileged_developer_gets_no_finding() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shipped = Shipped::copy();
    let program = shipped.0.path().join("martydb");
    std::fs::copy(env!("CARGO_BIN_EXE_martydb"), &program).unwrap();
    let chown =
        std::process::Command::new("chown").args(["-R", "daemon:daemon"]).arg(shipped.0.path()).status();
    assert!(chown.unwrap().success());
    let as_daemon = |arguments: &[&str]| {
        let plain = shipped.0.command(arguments);
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=daemon", "--regid=daemon", "--clear-groups", "--"]).arg(&program);
        command.args(arguments).current_dir(shipped.0.path()).env_clear().stdin(Stdio::null());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shipped.0.finish(command)
    };
    let first = as_daemon(&["init-all"]).expect(0);
    assert!(first.stdout.contains("78 passed, 0 breaches"), "{}", first.stdout);
    let document = as_daemon(&["verify-isolation", "-o", "json"]).expect(0).json();
    assert_eq!(document["findings"], serde_json::json!([]));
    let _ = as_daemon(&["dev", "destroy", "-y"]).expect(0);
}

#[test]
fn testing_has_a_separate_server_and_databases() {
    let shipped = Shipped::copy();
    let project = &shipped.0;
    let _ = project.run(&["-e", "testing", "init-all"]).expect(0);
    let document = project.json(&["-e", "testing", "status"], 0);
    for service in document["services"].as_array().unwrap() {
        assert!(service["database"].as_str().unwrap().ends_with("_test"), "{service}");
    }
    assert_eq!(project.json(&["dev", "status"], 0)["servers"][0]["state"], "absent");
    let unconfirmed = project.run(&["-e", "testing", "dev", "destroy"]).expect(2);
    assert!(unconfirmed.stderr.contains("need a confirmation"), "{}", unconfirmed.stderr);
    let _ = project.run(&["-e", "testing", "dev", "destroy", "-y"]).expect(0);
    assert_eq!(project.json(&["-e", "testing", "dev", "status"], 0)["servers"][0]["state"], "absent");
}

/// `embedded: auto` gives way to the server that DB_HOST names.
#[test]
fn the_same_manifest_provisions_an_existing_server() {
    let server = crate::support::Server::start();
    let shipped = Shipped::copy();
    let project = &shipped.0;
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("DB_HOST", "127.0.0.1")
            .env("DB_PORT", server.port.to_string())
            .env("DB_USER", "postgres");
        project.finish(command)
    };
    let done = run(&["init-all", "-y"]).expect(0);
    assert!(done.stdout.contains("0 breaches, 0 inconclusive"), "{}", done.stdout);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'marty%'"), "4");
    let _ = run(&["plan", "--check"]).expect(0);
    let dev = run(&["dev", "status"]).expect(2);
    assert!(dev.stderr.contains("no such embedded server"), "{}", dev.stderr);
}

/// In their order, typed into a shell: what else they need is made here.
#[test]
fn the_examples_of_the_help_work() {
    let shipped = Shipped::copy();
    let project = &shipped.0;
    project.write("old/sql/V1__first.sql", "CREATE TABLE first (id int);\n");
    project.write("services/billing/migrations/.keep", "");
    let manifest =
        project.read("services/manifest.yaml").replace("\nservices:\n", "\nservices:\n  billing:\n");
    project.write("services/manifest.yaml", &manifest);
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_martydb"));
    let folders =
        [binary.parent().unwrap(), &crate::support::bin()].map(|folder| folder.display().to_string());
    let can_dump = crate::support::can_dump_embedded();
    let mut failed = vec![];
    for (command, line) in martydb::interface::EXAMPLES {
        if ["backup", "restore", "squash"].contains(command) && !can_dump {
            continue;
        }
        if *command == "adopt" {
            let _ = project.run(&["dev", "psql", "--", "-c", "CREATE DATABASE legacy"]).expect(0);
        }
        if *command == "relay" {
            let outbox = "csca: { database: marty_csca, outbox: { table: public.csca_outbox, to: { nats: \"nats://localhost\" } } }";
            let manifest = project.read("services/manifest.yaml");
            let line = manifest.lines().find(|line| line.trim_start().starts_with("csca:")).unwrap();
            project.write("services/manifest.yaml", &manifest.replace(line, &format!("  {outbox}")));
            let _ = project.run(&["apply", "csca", "-y"]).expect(0);
        }
        if line.starts_with("martydb serve types") {
            let manifest = project.read("services/manifest.yaml");
            let line = manifest.lines().find(|line| line.trim_start().starts_with("csca:")).unwrap();
            let exposed = line.replacen("{ ", "{ serve: {}, ", 1);
            project.write("services/manifest.yaml", &manifest.replace(line, &exposed));
            let _ = project.run(&["apply", "csca", "-y"]).expect(0);
        }
        if *command == "evidence" {
            sign(project);
        }
        if *command == "baseline" {
            let _ = project.run(&["apply", "passport_engine", "-y"]).expect(0);
        }
        if *command == "report" {
            let _ = project.run(&["status", "--check"]).expect(3);
        }
        let plain = project.command(&[]);
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", line]).current_dir(project.path()).env_clear().stdin(Stdio::null());
        shell.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let path = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{path}", folders.join(":")));
        if *command == "init" {
            std::fs::create_dir(project.path().join("fresh")).unwrap();
            shell.current_dir(project.path().join("fresh"));
        }
        let done = project.finish(shell);
        // The shared database of the example is empty, so the map assigns nothing yet.
        // `report` ends as `status --check` does, and the examples before it leave services behind their files.
        let expected = if line.starts_with("martydb split plan") || *command == "report" { 3 } else { 0 };
        if done.code != Some(expected) {
            failed.push(format!("{line}\nexit {:?}\n{}", done.code, done.said()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn the_shipped_services_pass_lint() {
    let shipped = Shipped::copy();
    let found = shipped.0.run(&["lint", "-o", "json"]).expect(0).json();
    let services = found["services"].as_array().unwrap();
    assert!(services.iter().map(|service| service["files"].as_u64().unwrap()).sum::<u64>() >= 17, "{found}");
    assert!(services.iter().all(|service| service["findings"] == serde_json::json!([])), "{found}");
}

/// Signs a proof by a new key.
fn sign(project: &Project) {
    let folder = project.path();
    crate::support::new_ssh_key(&folder.join("key"));
    let public = project.read("key.pub");
    project.write("signers", &format!("ci@example.com {public}"));
    let _ = project.run(&["verify-isolation", "--evidence", "isolation.json", "--sign-key", "key"]).expect(0);
}
