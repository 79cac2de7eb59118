//! No password in the server's log, in any output, or in the process list.

use std::time::Duration;

use crate::support::{Project, Server};

#[test]
fn no_output_contains_a_password() {
    let server = Server::start();
    let project = Project::new(&server, "quiet");
    let mut seen = String::new();
    for arguments in [
        &["plan", "-vv"][..],
        &["init-all", "-y", "-vv"],
        &["init-all", "-vv", "-o", "json"],
        &["plan", "-vv"],
        &["status", "-vv"],
        &["verify-isolation", "-vv"],
        &["test-connections", "-vv"],
        &["url", "-s", "quiet_a", "--no-password"],
    ] {
        let done = project.run(arguments);
        seen += &(done.stdout + &done.stderr);
    }
    assert!(seen.contains("PASSWORD '<secret>'"), "-vv shows statements, redacted");
    let passwords = project.passwords();
    assert_eq!(passwords.len(), 6);
    let log = server.log();
    assert!(log.contains("CREATE ROLE"), "the server logs statements");
    for password in passwords.iter().map(String::as_str).chain([crate::support::ADMIN_PASSWORD]) {
        assert!(!seen.contains(password), "a password was printed");
        assert!(!log.contains(password), "a password is in the server's log");
    }
    // The verifier opens nothing by itself, and is not printed either.
    assert!(!seen.contains("SCRAM-SHA-256$"));
}

#[test]
fn no_password_is_in_the_process_list() {
    let server = Server::start();
    let project = Project::new(&server, "ps");
    let mut child = project.command(&["init-all", "-y"]).spawn().unwrap();
    let mut lists = String::new();
    while child.try_wait().unwrap().is_none() {
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            lists += &String::from_utf8_lossy(&words);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(lists.contains("init-all"), "the list was read while it ran");
    for password in project.passwords().iter().map(String::as_str).chain([crate::support::ADMIN_PASSWORD]) {
        assert!(!lists.contains(password));
    }
}

#[test]
fn the_store_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let project = Project::new(&server, "store");
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    let mode =
        |name: &str| std::fs::metadata(project.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".martydb/secrets/development.yaml"), 0o600);
    assert_eq!(mode(".martydb/secrets"), 0o700);
    let password = project.password("store_a_app");
    assert!(password.len() == 32 && password.chars().all(|c| c.is_ascii_alphanumeric()));
    let stored = server.value("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'store_a_app'");
    assert!(stored.starts_with("SCRAM-SHA-256$4096:"), "{stored}");
}
