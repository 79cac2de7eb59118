//! The file of passwords: who can read it, where it really is, and who waits for it.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Project, Server, until};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The project with its passwords elsewhere.
fn kept_in(server: &Server, prefix: &str, path: &str) -> Project {
    let project = Project::new(server, prefix);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{manifest}secrets: {{ provider: file, path: \"{path}\" }}\n"));
    project
}

#[test]
fn permissions_of_existing_folders_are_kept() {
    let server = Server::start();
    let beside = kept_in(&server, "beside", "secrets.{env}.yaml");
    chmod(beside.path(), 0o755);
    beside.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(mode(beside.path()), 0o755);
    assert_eq!(mode(&beside.path().join("secrets.development.yaml")), 0o600);

    let shared = kept_in(&server, "shared", "tmp/s.yaml");
    std::fs::create_dir(shared.path().join("tmp")).unwrap();
    chmod(&shared.path().join("tmp"), 0o1777);
    shared.run(&["apply", "--all", "-y"]).expect(0);
    shared.run(&["rotate", "--all"]).expect(0);
    assert_eq!(mode(&shared.path().join("tmp")), 0o1777);

    let made = kept_in(&server, "made", "new/folder/s.yaml");
    made.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(mode(&made.path().join("new")), 0o700);
    assert_eq!(mode(&made.path().join("new/folder")), 0o700);
}

#[test]
fn a_store_that_others_can_read_or_replace_is_refused_with_a_chmod_hint() {
    let server = Server::start();
    let project = kept_in(&server, "loose", "kept/s.yaml");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let (folder, file) = (project.path().join("kept"), project.path().join("kept/s.yaml"));
    let roles = || server.sql("postgres", "SELECT rolname, xmin, rolpassword FROM pg_authid ORDER BY 1");
    let (untouched, text) = (roles(), project.read("kept/s.yaml"));
    let mut cases = vec![
        (&file, 0o644, 0o600, format!("chmod 600 {}", file.display())),
        (&file, 0o660, 0o600, format!("chmod 600 {}", file.display())),
        (&folder, 0o777, 0o700, format!("chmod go-w {}", folder.display())),
    ];
    if rustix::process::geteuid().is_root() {
        cases.push((&file, 0o600, 0o600, format!("chown root {}", file.display())));
    }
    for (what, loose, tight, command) in cases {
        chmod(what, loose);
        if command.starts_with("chown") {
            std::os::unix::fs::chown(what, Some(4711), None).unwrap();
        }
        for arguments in [
            &["plan"][..],
            &["apply", "--all", "-y"],
            &["rotate", "--all"],
            &["test-connections"],
            &["verify-isolation"],
            &["url", "-s", "loose_a"],
        ] {
            let refused = project.run(arguments).expect(2);
            let said = refused.stdout + &refused.stderr;
            assert!(said.contains(&command), "{arguments:?}: {command}: {said}");
        }
        assert_eq!(mode(what), loose);
        chmod(what, tight);
        if command.starts_with("chown") {
            std::os::unix::fs::chown(what, Some(0), None).unwrap();
        }
    }
    assert_eq!((roles(), project.read("kept/s.yaml")), (untouched, text));
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn a_linked_store_is_written_at_its_target() {
    let server = Server::start();
    let project = kept_in(&server, "linked", "link.yaml");
    project.write("real/.keep", "");
    std::os::unix::fs::symlink("real/store.yaml", project.path().join("link.yaml")).unwrap();
    project.run(&["apply", "--all", "-y"]).expect(0);
    let first = project.read("real/store.yaml");
    project.run(&["rotate", "--all"]).expect(0);
    assert_ne!(project.read("real/store.yaml"), first);
    assert!(project.path().join("link.yaml").symlink_metadata().unwrap().is_symlink());
    assert_eq!(mode(&project.path().join("real/store.yaml")), 0o600);
    project.run(&["test-connections"]).expect(0);
}

/// Holds the store as another run would.
fn hold(project: &Project) -> File {
    let path = project.path().join(".martydb/secrets/development.lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
    flock(&file, FlockOperation::LockExclusive).unwrap();
    file
}

fn start(project: &Project, arguments: &[&str]) -> Child {
    project.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Returns `true` if the process has a file of this name open.
fn has_open(child: &Child, name: &str) -> bool {
    let files = std::fs::read_dir(format!("/proc/{}/fd", child.id())).into_iter().flatten().flatten();
    files.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|path| path.ends_with(name))
}

/// Returns the number of processes in the project's folder.
fn inside(project: &Project) -> usize {
    let folder = project.path().canonicalize().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|path| path == folder))
        .count()
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

#[test]
fn a_run_waits_for_a_locked_store_without_holding_the_servers_lock() {
    let server = Server::start();
    let project = Project::new(&server, "held");
    project.run(&["apply", "--service", "held_a", "-y"]).expect(0);
    let held = hold(&project);
    for arguments in [
        &["rotate", "--service", "held_a"][..],
        &["apply", "--all", "-y"],
        &["drop", "--service", "held_a", "--confirm", "held_a"],
    ] {
        let began = Instant::now();
        let child = start(&project, &[arguments, &["--lock-wait", "1s"]].concat());
        until("it waits for the store", || has_open(&child, "development.lock"));
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(server.value("postgres", locks), "0", "{arguments:?}");
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(6), "{said}");
        assert!(said.contains("development.lock") && said.contains("--lock-wait"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    }
    for signal in [Signal::INT, Signal::TERM] {
        let child = start(&project, &["rotate", "--service", "held_a", "--lock-wait", "60s"]);
        until("it waits for the store", || has_open(&child, "development.lock"));
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap_or_default();
        let core = limits.lines().find(|line| line.starts_with("Max core file size"));
        assert!(core.is_none_or(|line| line.split_whitespace().nth(4) == Some("0")), "{core:?}");
        let began = Instant::now();
        kill_process(pid(&child), signal).unwrap();
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    // Readers of the store, and commands that do not change it, do not wait.
    project.run(&["test-connections", "--service", "held_a"]).expect(0);
    project.run(&["apply", "--service", "held_a", "-y"]).expect(0);
    let waiting = start(&project, &["rotate", "--service", "held_a"]);
    until("it waits for the store", || has_open(&waiting, "development.lock"));
    drop(held);
    assert_eq!(waiting.wait_with_output().unwrap().status.code(), Some(0));
    project.run(&["test-connections", "--service", "held_a"]).expect(0);
}

#[test]
fn an_interrupted_run_leaves_no_secret_program_behind() {
    let server = Server::start();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: left\nservers:\n  main:\n    url: {}\nsecrets:\n  provider: command\n  get: [sh, -c, '(touch began; sleep 2; touch mark) & wait']\n  timeout: 60s\nservices:\n  left_a:\n",
        server.url()
    ));
    let child = start(&project, &["plan"]);
    until("the program runs", || project.path().join("began").exists());
    kill_process(pid(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    until("no process is left", || inside(&project) == 0);
    assert!(!project.path().join("mark").exists());
}
