//! 40 services on six servers, of which one is dead, one hangs and one refuses the admin: every command that looks or has nothing
//! to do answers in time, and says each server's trouble once. `scripts/fleet` prints the times.

use std::fmt::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{Project, Server};

/// Longest time of a command: that of one connection that is not answered, and a third more.
const LIMIT: Duration = Duration::from_secs(20);

const SERVICES: usize = 40;
const NAMES: [&str; 6] = ["s1", "s2", "s3", "dead", "hanging", "refusing"];

/// Commands that look, or that have nothing to do.
const COMMANDS: &[&[&str]] = &[
    &["plan"],
    &["apply", "--all", "-y"],
    &["upgrade", "--all"],
    &["status"],
    &["status", "--check"],
    &["current"],
    &["history", "--record"],
];

fn manifest(servers: &[Server]) -> String {
    let mut text = "version: 1\nproject: fleet\nservers:\n".to_owned();
    for (name, server) in NAMES.iter().zip(servers) {
        writeln!(text, "  {name}: {{ url: \"{}\", password_env: PGPASSWORD }}", server.url()).unwrap();
    }
    text += "services:\n";
    for number in 0..SERVICES {
        writeln!(text, "  fl{number:02}: {{ server: {} }}", NAMES[number % NAMES.len()]).unwrap();
    }
    text
}

/// Answers no client: connections are accepted by the system and stay open.
fn hanging(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).expect("the port of the stopped server is free")
}

#[test]
fn a_fleet_with_three_broken_servers_answers_in_time_and_names_each_once() {
    let mut servers: Vec<Server> = NAMES.iter().map(|_| Server::start()).collect();
    let project = Project::with_manifest(&manifest(&servers));
    for number in 0..SERVICES {
        let folder = format!("fl{number:02}/migrations");
        project.write(&format!("{folder}/V1__item.sql"), "CREATE TABLE item (id int PRIMARY KEY);\n");
        project.write(&format!("{folder}/V1__item.down.sql"), "DROP TABLE item;\n");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["status", "--check"]).expect(0);
    servers[3].crash();
    servers[4].crash();
    let _listener = hanging(servers[4].port);
    servers[5].sql("postgres", "ALTER ROLE postgres PASSWORD 'another'");
    let mut table = String::new();
    let mut wrong = String::new();
    // Cost of the server that hangs: as long as by default in `scripts/fleet`.
    let timeout = std::env::var("MARTYDB_FLEET_TIMEOUT").unwrap_or_else(|_| "3s".into());
    for arguments in COMMANDS {
        let began = Instant::now();
        let done = project.run(&[&["--connect-timeout", &timeout], *arguments].concat());
        let took = began.elapsed();
        let command = arguments.join(" ");
        let times: Vec<usize> = servers[3..].iter().map(|server| said(&done.said(), server.port)).collect();
        writeln!(table, "{command:<20} {:>6.1} s  exit {:?}  said {times:?}", took.as_secs_f64(), done.code)
            .unwrap();
        if took > LIMIT || done.code != Some(5) || times[..2] != [1, 1] || times[2] > 1 {
            write!(wrong, "{command}: {took:?}, said {times:?}, {:?}\n{}", done.code, done.said()).unwrap();
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Returns how many errors name the address of a server.
fn said(text: &str, port: u16) -> usize {
    let address = format!("127.0.0.1:{port}");
    text.lines().filter(|line| line.starts_with("error: ") && line.contains(&address)).count()
}
