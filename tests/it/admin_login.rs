//! Sources of the admin's address and password.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use crate::support::{ADMIN_PASSWORD, Project, Server, Terminal};

fn project(url: &str) -> Project {
    Project::with_manifest(&format!(
        "version: 1\nproject: adm\nservers:\n  main:\n    url: {url}\nservices:\n  adm_a:\n"
    ))
}

fn private(project: &Project, name: &str, text: &str) {
    project.write(name, text);
    std::fs::set_permissions(project.path().join(name), PermissionsExt::from_mode(0o600)).unwrap();
}

/// Returns the exit code of `plan` with these variables and no other password.
fn plan(project: &Project, variables: &[(&str, &str)]) -> i32 {
    let mut command = project.command(&["plan"]);
    command.env_remove("DB_PASSWORD").env_remove("PGPASSWORD").envs(variables.iter().copied());
    project.finish(command).code.unwrap()
}

#[test]
fn the_password_comes_from_variables_the_url_or_a_private_password_file() {
    let server = Server::start();
    let port = server.port;
    let plain = project(&format!("postgresql://postgres@127.0.0.1:{port}/postgres"));
    assert_eq!(plan(&plain, &[]), 5);
    assert_eq!(plan(&plain, &[("PGPASSWORD", ADMIN_PASSWORD), ("DB_PASSWORD", "wrong")]), 0);
    assert_eq!(plan(&plain, &[("DB_PASSWORD", ADMIN_PASSWORD)]), 5);
    let line = format!("other:*:*:*:wrong\n127.0.0.1:{port}:postgres:postgres:{ADMIN_PASSWORD}\n");
    private(&plain, ".pgpass", &line);
    assert_eq!(plan(&plain, &[]), 0);
    private(&plain, "elsewhere", "*:*:*:*:wrong\n");
    let elsewhere = plain.path().join("elsewhere");
    assert_eq!(plan(&plain, &[("PGPASSFILE", elsewhere.to_str().unwrap())]), 5);
    std::fs::set_permissions(plain.path().join(".pgpass"), PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(plan(&plain, &[]), 5);
    let inside = project(&format!("postgresql://postgres:{ADMIN_PASSWORD}@127.0.0.1:{port}/postgres"));
    assert_eq!(plan(&inside, &[]), 0);
    let named = project(&format!("postgresql://postgres@127.0.0.1:{port}/postgres?passfile=here"));
    private(&named, "here", &line);
    assert_eq!(plan(&named, &[]), 0);
}

#[test]
fn the_more_specific_password_wins() {
    let server = Server::start();
    let port = server.port;
    let by_host = project("\"postgresql://${DB_USER}@${DB_HOST}:${DB_PORT}/postgres\"");
    let port_text = port.to_string();
    let place = [("DB_USER", "postgres"), ("DB_HOST", "127.0.0.1"), ("DB_PORT", port_text.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [place.as_slice(), more].concat();
    assert_eq!(plan(&by_host, &with(&[("DB_PASSWORD", ADMIN_PASSWORD), ("PGPASSWORD", "wrong")])), 0);
    assert_eq!(plan(&by_host, &with(&[("PGPASSWORD", ADMIN_PASSWORD)])), 0);

    let own = project(&format!(
        "postgresql://postgres:{ADMIN_PASSWORD}@127.0.0.1:{port}/postgres\n    password_env: OWN"
    ));
    let wrong = [("DB_PASSWORD", "wrong"), ("PGPASSWORD", "wrong")];
    assert_eq!(plan(&own, &wrong), 0);
    assert_eq!(plan(&own, &[("OWN", "wrong")]), 5);
    let named =
        project(&format!("postgresql://postgres:wrong@127.0.0.1:{port}/postgres\n    password_env: OWN"));
    assert_eq!(plan(&named, &[("OWN", ADMIN_PASSWORD)]), 0);
}

/// The attack of a server that wants to know the admin's password of the others.
#[test]
fn a_password_is_sent_only_to_the_server_that_it_is_for() {
    let fake = Listener::start();
    let text = |url: &str, more: &str| {
        format!(
            "version: 1\nproject: adm\nservers:\n  main: {{ url: \"{url}\" }}\n{more}services:\n  adm_a:\n"
        )
    };
    let url = format!("postgresql://other@127.0.0.1:{}/postgres?sslmode=disable", fake.port);
    let secrets = [("DB_PASSWORD", "the-db-password"), ("PGPASSWORD", "the-pg-password")];
    let two = "  two: { url: \"postgresql://postgres@${DB_HOST:-127.0.0.1}:1/postgres\" }\n";
    let several = Project::with_manifest(&text(&url, two));
    assert_eq!(plan(&several, &secrets), 5);
    let alone = Project::with_manifest(&text(&url, ""));
    assert_eq!(plan(&alone, &secrets[..1]), 5);
    let heard = fake.heard();
    assert!(heard.contains("other"), "no connection was made: {heard}");
    assert!(!heard.contains("the-db-password") && !heard.contains("the-pg-password"), "{heard}");

    let mut command = alone.command(&["plan"]);
    command.env_remove("PGPASSWORD");
    let done = alone.finish(command).expect(5);
    assert!(
        done.stderr.contains("DB_PASSWORD is sent only to a server whose url takes its host"),
        "{done:?}"
    );
}

/// Asks every client for its password in the clear and keeps what it says.
struct Listener {
    port: u16,
    heard: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Listener {
    fn start() -> Listener {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), std::sync::Arc::default());
        let kept = std::sync::Arc::clone(&heard);
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| ask(stream, &kept)));
        Listener { port, heard }
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

fn ask(mut stream: std::net::TcpStream, heard: &std::sync::Mutex<Vec<u8>>) {
    const CLEARTEXT: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
    let mut buffer = [0; 4096];
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    for _ in 0..2 {
        let Ok(length @ 1..) = stream.read(&mut buffer) else { return };
        heard.lock().unwrap().extend(&buffer[..length]);
        if stream.write_all(CLEARTEXT).is_err() {
            return;
        }
    }
}

#[test]
fn a_variable_fills_one_part_of_the_url() {
    let server = Server::start();
    server
        .sql("postgres", &format!("CREATE ROLE \"a/b?c@d:e%f\" LOGIN SUPERUSER PASSWORD '{ADMIN_PASSWORD}'"));
    let port = server.port.to_string();
    let project = project("\"postgresql://${DB_USER}@${DB_HOST}:${DB_PORT}/postgres\"");
    let password = ("DB_PASSWORD", ADMIN_PASSWORD);
    let place = [("DB_USER", "a/b?c@d:e%f"), ("DB_HOST", "127.0.0.1"), ("DB_PORT", port.as_str()), password];
    assert_eq!(plan(&project, &place), 0);
    let folder = server.data().parent().unwrap().to_owned();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let socket = [
        ("DB_USER", "postgres"),
        ("DB_HOST", folder.to_str().unwrap()),
        ("DB_PORT", port.as_str()),
        password,
    ];
    assert_eq!(plan(&project, &socket), 0);
}

#[test]
fn a_service_file_fills_in_what_the_url_leaves_open() {
    let server = Server::start();
    let text = format!(
        "[adm]\nhost=127.0.0.1\nport={}\nuser=postgres\npassword={ADMIN_PASSWORD}\ndbname=postgres\nsslmode=disable\n",
        server.port
    );
    let by_name = project("postgresql:///?service=adm");
    by_name.write(".pg_service.conf", &text);
    assert_eq!(plan(&by_name, &[]), 0);
    let open = project("postgresql://");
    open.write("services.conf", &text);
    let file = open.path().join("services.conf");
    let file = file.to_str().unwrap();
    assert_eq!(plan(&open, &[("PGSERVICE", "adm"), ("PGSERVICEFILE", file)]), 0);
    assert_eq!(plan(&open, &[("PGSERVICE", "gone"), ("PGSERVICEFILE", file)]), 2);
    let wins = project("postgresql://127.0.0.1:1/postgres");
    assert_eq!(plan(&wins, &[("PGSERVICE", "adm"), ("PGSERVICEFILE", file)]), 5);
}

#[test]
fn the_admin_logs_in_through_a_socket() {
    let server = Server::start();
    let folder = server.data().parent().unwrap().to_owned();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let (port, folder) = (server.port, folder.display().to_string());
    for url in [
        format!("postgresql://postgres@/postgres?host={folder}&port={port}"),
        format!("postgresql://postgres@{}:{port}/postgres", folder.replace('/', "%2F")),
    ] {
        let project = project(&url);
        project.run(&["apply", "--all", "-y", "--reset-passwords"]).expect(0);
        project.run(&["test-connections"]).expect(0);
        let url = project.run(&["url", "--service", "adm_a", "--format", "jdbc"]).expect(2);
        assert!(url.stderr.contains("socket"), "{url:?}");
        std::fs::remove_dir_all(project.path().join(".martydb")).unwrap();
    }
}

#[test]
fn a_terminal_prompts_once_for_the_password_without_echo() {
    let server = Server::start();
    let project = project(&format!("postgresql://postgres@127.0.0.1:{}/postgres", server.port));
    let mut command = project.command(&["apply", "--all", "-y"]);
    command.env_remove("DB_PASSWORD").env_remove("PGPASSWORD");
    let mut terminal = Terminal::run(command);
    terminal.wait_for("Password of postgres");
    terminal.types(format!("{ADMIN_PASSWORD}\n").as_bytes());
    let code = terminal.end();
    let seen = terminal.seen();
    assert_eq!(code, Some(0), "{seen}");
    assert_eq!(seen.matches("Password of postgres").count(), 1, "{seen}");
    assert!(!seen.contains(ADMIN_PASSWORD), "{seen}");
}
