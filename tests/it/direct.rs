//! The door that leads to the server itself: poolers and standbys are refused before anything is done.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{ADMIN_PASSWORD, Project, Server};

const MANIFEST: &str = "version: 1\nproject: door\nservers:\n  main: { url: \"URL\" }\nservices:\n  red:\n";

fn project(url: &str) -> Project {
    let project = Project::with_manifest(&MANIFEST.replace("URL", url));
    project.write("red/migrations/V1__item.sql", "CREATE TABLE item (id int);\n");
    project
}

/// These commands end with the sentence; nothing is made on the server or in the secret store.
fn refuses(server: &Server, project: &Project, commands: &[&[&str]], sentence: &str) {
    let stored = || std::fs::read_to_string(project.path().join(".martydb/secrets/development.yaml")).ok();
    let roles = || server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'red%'");
    let before = (stored(), roles());
    for words in commands {
        let end = project.run(words);
        let told = end.said();
        assert!(end.code != Some(0) && told.contains(sentence), "{words:?}: {:?} {told}", end.code);
    }
    assert_eq!((stored(), roles()), before);
}

const FRESH: &[&[&str]] = &[
    &["plan"],
    &["init-all", "-y"],
    &["apply", "--all", "-y"],
    &["rotate", "--service", "red", "-y"],
    &["drop", "--service", "red", "--confirm", "red", "-y"],
];

fn make_standby(server: &mut Server) {
    server.crash();
    std::fs::write(server.data().join("standby.signal"), "").unwrap();
    server.launch();
}

#[test]
fn a_standby_is_refused_before_anything_is_done() {
    let mut server = Server::start();
    let made = project(&server.url());
    made.run(&["apply", "--all", "-y"]).expect(0);
    make_standby(&mut server);
    let fresh = Project::with_manifest(&MANIFEST.replace("URL", &server.url()).replace("red", "redder"));
    refuses(&server, &fresh, &[&["plan"], &["init-all", "-y"], &["apply", "--all", "-y"]], "standby");
    refuses(&server, &made, &[&["upgrade", "--all"], &["rotate", "--service", "red", "-y"]], "standby");
    made.run(&["status"]).expect(0);
}

struct Pooler {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// `scripts/test` installs it where it can, and leaves these tests out by their name, aloud, where it cannot.
fn program() -> PathBuf {
    let folders =
        std::env::var_os("PATH").into_iter().flat_map(|all| std::env::split_paths(&all).collect::<Vec<_>>());
    folders
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join("pgbouncer"))
        .find(|path| path.exists())
        .expect("pgbouncer on PATH; without it: cargo test -- --skip pooler")
}

impl Pooler {
    fn over(server: &Server, mode: &str, more: &str) -> Pooler {
        let program = program();
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let users = file("users", format!("\"postgres\" \"{ADMIN_PASSWORD}\"\n"));
        let config = file(
            "ini",
            format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=\n\
                 auth_type=scram-sha-256\nauth_file={}\npool_mode={mode}\n{more}\n",
                server.port,
                users.display()
            ),
        );
        let mut command = Command::new(program);
        // It does not run as root.
        if is_root() {
            let chown = Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status();
            assert!(chown.unwrap().success());
            command.args(["-u", "postgres"]);
        }
        let child = command.arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "PgBouncer did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Pooler { child, port, folder }
    }

    fn url(&self) -> String {
        assert!(self.folder.path().exists());
        format!("postgresql://postgres:{ADMIN_PASSWORD}@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}

#[test]
fn a_pooler_is_refused_in_every_mode_before_anything_is_done() {
    const IGNORED: &str = "ignore_startup_parameters=extra_float_digits,search_path,row_security,role,jit,lock_timeout,\
         statement_timeout,idle_in_transaction_session_timeout,default_transaction_read_only,quote_all_identifiers,\
         event_triggers,session_replication_role,standard_conforming_strings,client_connection_check_interval,options";
    let server = Server::start();
    for (mode, more, sentence) in [
        ("transaction", "", "this looks like a connection pooler"),
        ("transaction", IGNORED, "a connection pooler stands between"),
        ("session", IGNORED, "a connection pooler stands between"),
    ] {
        let pooler = Pooler::over(&server, mode, more);
        refuses(&server, &project(&pooler.url()), FRESH, sentence);
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(server.value("postgres", locks), "0", "{mode}");
    }
}

#[test]
fn an_upgrade_through_a_pooler_leaves_no_lock_and_no_role_behind() {
    let server = Server::start();
    let direct = project(&server.url());
    direct.run(&["apply", "--all", "-y"]).expect(0);
    let password = direct.password("red_migrator");
    let more = "ignore_startup_parameters=extra_float_digits,search_path,standard_conforming_strings,client_connection_check_interval";
    let pooler = Pooler::over(&server, "transaction", more);
    let users = format!("\"postgres\" \"{ADMIN_PASSWORD}\"\n\"red_migrator\" \"{password}\"\n");
    std::fs::write(pooler.folder.path().join("users"), users).unwrap();
    let reload = Command::new("kill").args(["-HUP", &pooler.child.id().to_string()]).status().unwrap();
    assert!(reload.success());
    std::thread::sleep(Duration::from_millis(500));
    std::fs::write(direct.path().join("martydb.yaml"), MANIFEST.replace("URL", &pooler.url())).unwrap();
    for words in [["upgrade", "--all"], ["status", "--all"]] {
        let end = direct.run(&words);
        let told = format!("{}{}", end.stdout, end.stderr);
        assert!(told.contains("a connection pooler stands between"), "{words:?}: {told}");
    }
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(server.value("postgres", locks), "0");
    // Straight to the server it goes on at once.
    std::fs::write(direct.path().join("martydb.yaml"), MANIFEST.replace("URL", &server.url())).unwrap();
    direct.run(&["upgrade", "--all", "--lock-wait", "1s"]).expect(0);
}
