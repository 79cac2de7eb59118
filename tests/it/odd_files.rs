//! Files among the migrations that would keep a check waiting for ever: it answers at once, and names them.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::support::Project;

fn project() -> Project {
    let project = Project::with_manifest(
        "version: 1\nservices:\n  odd: { migrations: { path: odd/migrations, down: optional } }\n",
    );
    project.write("odd/migrations/V1__a.sql", "SELECT 1;\n");
    project
}

/// Runs a command that must end soon with exit code 2.
fn refused(project: &Project, arguments: &[&str]) -> String {
    let (begun, mut child) = (
        Instant::now(),
        project
            .command(arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap(),
    );
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

#[test]
fn pipes_devices_and_links_to_outside_are_named_and_not_read() {
    let project = project();
    let folder = project.path().join("odd/migrations");
    let pipe = |name: &str| {
        assert!(std::process::Command::new("mkfifo").arg(folder.join(name)).status().unwrap().success());
    };
    pipe("V2__pipe.sql");
    pipe("R__pipe.sql");
    pipe("V1__a.down.sql");
    symlink("/dev/zero", folder.join("V3__zero.sql")).unwrap();
    project.write("secret", "hunter2 is no SQL");
    symlink("../../secret", folder.join("V4__secret.sql")).unwrap();
    symlink("V1__a.sql", folder.join("V5__within.sql")).unwrap();
    let large = std::fs::File::create(folder.join("V6__large.sql")).unwrap();
    large.set_len(65 << 20).unwrap();
    let said = refused(&project, &["validate"]);
    for line in [
        "V2__pipe.sql: is not a plain file",
        "R__pipe.sql: is not a plain file",
        "V3__zero.sql: is a link that leads out of the folder",
        "V4__secret.sql: is a link that leads out of the folder",
        "V6__large.sql: is larger than 64 MiB",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("V5__within") && !said.contains("hunter2"), "{said}");
    refused(&project, &["lint", "--since", "0"]);
}

/// Files that the folder may contain in addition to migrations.
#[test]
fn a_pipe_in_place_of_the_list_of_accepted_files_does_not_block() {
    let project = project();
    let list = project.path().join("odd/migrations/.martydb-accepted");
    assert!(std::process::Command::new("mkfifo").arg(list).status().unwrap().success());
    project.write("odd/migrations/V2__b.sql", "SELEC 1;\n");
    assert!(refused(&project, &["validate"]).contains("syntax error"));
}

#[test]
fn deep_nesting_is_refused_at_once() {
    let project = project();
    for part in ["(", "NOT ", "- "] {
        let text = format!("SELECT {}1;\n", part.repeat(100_000));
        project.write("odd/migrations/V2__deep.sql", &text);
        let begun = Instant::now();
        let said = refused(&project, &["validate"]);
        assert!(said.contains("V2__deep.sql:1:") && said.contains("nested too deeply"), "{said}");
        let linted = project.run(&["lint", "--since", "0"]).expect(3);
        assert!(linted.stdout.contains("nested too deeply"), "{linted:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

#[test]
fn files_that_a_command_is_given_are_plain() {
    let project = project();
    let pipe = project.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("/dev/zero", project.path().join("zero")).unwrap();
    for file in ["pipe", "zero"] {
        let commands: [&[&str]; 8] = [
            &["validate", "-f", file],
            &["revision", "odd", "--collection", file, "-m", "x"],
            &["verify-isolation", "--baseline", file],
            &["apply", "-y", "--plan", file],
            &["split", "plan", "--map", file],
            &["report", "--against", file],
            &["secrets", "import", "--from", "dotenv", file],
            &["monitor", "--listen", "127.0.0.1:0", "--users", file],
        ];
        for arguments in commands {
            refused(&project, arguments);
        }
    }
}
