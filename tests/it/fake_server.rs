//! A server that speaks PostgreSQL's protocol and means harm: it asks for credentials that it should not get, sends
//! without end, announces absurd lengths, or falls silent. No password leaves, memory stays bounded, every command ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::serve::client::DataService;
use crate::support::{ADMIN_PASSWORD, Project, Server};

const SERVICE_PASSWORD: &str = "servicePassword0123456789abcdefg";

/// Behaviour of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    AskForClearText,
    AskForMd5,
    AskForRounds(u64),
    NoticesBeforeLogin,
    NoticesAfterLogin,
    ParametersForever,
    RowsForever,
    HugeMessageAtLogin,
    HugeMessageAfterLogin,
    HugeMessageStreamed,
    Gibberish,
    SilentAtOnce,
    SilentAfterLogin,
    /// Reports a parameter while logging in, as another database system does.
    Reports(&'static str, &'static str),
    /// Agrees to TLS and then breaks the handshake off; without TLS it lets everybody in.
    BreakHandshake,
}

struct Fake {
    port: u16,
    /// Everything that any client has sent.
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Fake {
    fn start(trick: Trick) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(vec![])));
        let all = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = all.clone();
                // Ends when the client hangs up.
                std::thread::spawn(move || Talk { stream, heard }.play(trick));
            }
        });
        Fake { port, heard }
    }
}

struct Talk {
    stream: TcpStream,
    heard: Arc<Mutex<Vec<u8>>>,
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend((u32::try_from(body.len()).unwrap() + 4).to_be_bytes());
    out.extend(body);
    out
}

fn authentication(code: u32, rest: &[u8]) -> Vec<u8> {
    message(b'R', &[&code.to_be_bytes()[..], rest].concat())
}

fn notice() -> Vec<u8> {
    let text = "x".repeat(60_000);
    message(b'N', format!("SWARNING\0VWARNING\0C01000\0M{text}\0\0").as_bytes())
}

/// One column of type text.
fn description() -> Vec<u8> {
    let mut body = vec![0, 1];
    body.extend(b"a\0");
    body.extend([0; 6]);
    body.extend(25u32.to_be_bytes());
    body.extend([0; 8]);
    message(b'T', &body)
}

impl Talk {
    fn play(mut self, trick: Trick) -> Option<()> {
        self.startup(trick)?;
        match trick {
            Trick::AskForClearText => self.say(&authentication(3, &[]))?,
            Trick::AskForMd5 => self.say(&authentication(5, b"salt"))?,
            Trick::AskForRounds(rounds) => self.scram(rounds)?,
            Trick::NoticesBeforeLogin => self.forever(&notice())?,
            Trick::ParametersForever => self.forever(&message(b'S', b"application_name\0x\0"))?,
            Trick::HugeMessageAtLogin => self.say(&[b'R', 0x40, 0, 0, 0])?,
            Trick::Gibberish => self.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")?,
            Trick::SilentAtOnce => {}
            _ => self.after_login(trick)?,
        }
        self.listen()
    }

    /// Reads the startup message; a question for TLS is answered with no.
    fn startup(&mut self, trick: Trick) -> Option<()> {
        loop {
            let mut head = [0; 8];
            self.stream.read_exact(&mut head).ok()?;
            let length = u32::from_be_bytes(head[..4].try_into().unwrap());
            match u32::from_be_bytes(head[4..].try_into().unwrap()) {
                80_877_103 if trick == Trick::BreakHandshake => return self.say(b"S no TLS here").and(None),
                80_877_103 => self.say(b"N")?,
                80_877_102 => return None,
                _ => {
                    let mut rest = vec![0; length as usize - 8];
                    self.stream.read_exact(&mut rest).ok()?;
                    if trick == Trick::BreakHandshake {
                        self.heard.lock().unwrap().extend(b"startup without TLS");
                    }
                    return Some(());
                }
            }
        }
    }

    fn scram(&mut self, rounds: u64) -> Option<()> {
        self.say(&authentication(10, b"SCRAM-SHA-256\0\0"))?;
        let first = self.hear()?;
        let text = String::from_utf8_lossy(&first).into_owned();
        let nonce = text.rsplit("r=").next().unwrap_or_default().to_owned();
        let challenge = format!("r={nonce}x,s={},i={rounds}", STANDARD.encode("salt"));
        self.say(&authentication(11, challenge.as_bytes()))
    }

    fn after_login(&mut self, trick: Trick) -> Option<()> {
        let (parameter, value) = match trick {
            Trick::Reports(parameter, value) => (parameter, value),
            _ => ("server_version", "15.20"),
        };
        let greeting = [
            authentication(0, &[]),
            message(b'S', format!("{parameter}\0{value}\0").as_bytes()),
            message(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]),
            message(b'Z', b"I"),
        ];
        self.say(&greeting.concat())?;
        self.hear()?;
        match trick {
            Trick::NoticesAfterLogin => self.forever(&notice()),
            Trick::RowsForever => {
                self.say(&description())?;
                let mut row = vec![0, 1];
                row.extend(900_000u32.to_be_bytes());
                row.extend(std::iter::repeat_n(b'x', 900_000));
                self.forever(&message(b'D', &row))
            }
            Trick::HugeMessageAfterLogin => self.say(&[b'D', 0x40, 0, 0, 0]),
            Trick::HugeMessageStreamed => {
                self.say(&[b'E', 0x40, 0, 0, 0])?;
                self.forever(&[b'x'; 65_536])
            }
            _ => Some(()),
        }
    }

    fn say(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).ok()
    }

    /// Repeats a message, many at a time: a write for each would cost more than all that the client does.
    fn forever(&mut self, bytes: &[u8]) -> Option<()> {
        let batch = bytes.repeat((256 << 10) / bytes.len() + 1);
        loop {
            self.say(&batch)?;
        }
    }

    fn hear(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        self.heard.lock().unwrap().extend(&buffer[..read]);
        Some(buffer[..read].to_vec())
    }

    fn listen(&mut self) -> Option<()> {
        loop {
            self.hear()?;
        }
    }
}

fn project(port: u16) -> Project {
    project_with(port, "")
}

fn project_with(port: u16, parameters: &str) -> Project {
    let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres{parameters}");
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: fake\nservers:\n  main: {{ url: \"{url}\" }}\nservices:\n  fake_a:\n"
    ));
    project.write("fake_a/migrations/V1__t.sql", "CREATE TABLE t (id int);\n");
    project.write("fake_a/migrations/V1__t.down.sql", "DROP TABLE t;\n");
    let roles =
        ["migrator", "app", "ro"].map(|kind| format!("  fake_a_{kind}: {SERVICE_PASSWORD}\n")).concat();
    project.write(".martydb/secrets/development.yaml", &format!("main:\n{roles}"));
    for (name, mode) in [(".martydb/secrets", 0o700), (".martydb/secrets/development.yaml", 0o600)] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(project.path().join(name), mode).unwrap();
    }
    project
}

/// The exit code, what was printed, and the peak of the resident set in KiB.
fn watched(project: &Project, arguments: &[&str], limit: Duration) -> (i32, String, u64) {
    let mut command = project.command(arguments);
    command.env("PGPASSWORD", ADMIN_PASSWORD).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (begun, mut peak) = (Instant::now(), 0);
    while child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(10));
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        // Until the program has replaced it, the child has our name and our memory.
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let line = line.filter(|_| status.starts_with("Name:\tmartydb\n"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        if begun.elapsed() > limit {
            child.kill().unwrap();
            panic!("{arguments:?} did not end within {limit:?}");
        }
    }
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned(), peak)
}

/// `test-connections` only logs in, and names logins instead of servers.
const COMMANDS: &[&[&str]] = &[
    &["plan"],
    &["apply", "--all", "-y"],
    &["status", "--check"],
    &["upgrade", "--all", "--lock-wait", "1s"],
    &["verify-isolation"],
    &["test-connections"],
];

/// KiB that a command needs whose server says nothing of use.
static WITHOUT_AN_ANSWER: LazyLock<u64> = LazyLock::new(|| {
    let fake = Fake::start(Trick::Gibberish);
    watched(&project(fake.port), &["upgrade", "--all"], Duration::from_secs(30)).2
});

fn check(trick: Trick, limit: u64) {
    let fake = Fake::start(trick);
    let project = project(fake.port);
    let (fake, project) = (&fake, &project);
    let one = |arguments: &[&str]| {
        let logs_in_only = arguments[0] == "test-connections";
        let (code, said, peak) = watched(project, arguments, Duration::from_secs(limit));
        let lets_in = matches!(
            trick,
            Trick::NoticesAfterLogin
                | Trick::RowsForever
                | Trick::HugeMessageAfterLogin
                | Trick::HugeMessageStreamed
                | Trick::SilentAfterLogin
        );
        let expected = if logs_in_only && lets_in { code == 0 } else { code != 0 && code != 101 };
        assert!(expected, "{trick:?} {arguments:?}: exit {code}\n{said}");
        // An answer of 32 MiB, that of an earlier attempt, which the allocator of another thread may not have given back
        // yet, and some room.
        let most = *WITHOUT_AN_ANSWER + (72 << 10);
        assert!(peak < most, "{trick:?} {arguments:?}: {peak} KiB of {most}\n{said}");
        assert!(
            logs_in_only || said.contains(&fake.port.to_string()),
            "{arguments:?}: the error does not name the server: {said}"
        );
    };
    // Side by side: most of the time they wait.
    std::thread::scope(|scope| {
        for arguments in COMMANDS {
            scope.spawn(|| one(arguments));
        }
    });
    let heard = String::from_utf8_lossy(&fake.heard.lock().unwrap()).into_owned();
    for password in [ADMIN_PASSWORD, SERVICE_PASSWORD] {
        assert!(!heard.contains(password), "{trick:?}: a password was sent in clear text");
    }
    // Neither an MD5 answer nor a SCRAM proof, from which a weak password could be guessed.
    assert!(!heard.contains("\0md5") && !heard.contains(",p="), "{trick:?}: {heard:?}");
}

#[test]
fn a_server_that_requests_clear_text_gets_no_password() {
    check(Trick::AskForClearText, 30);
}

#[test]
fn a_server_that_requests_md5_gets_no_hash() {
    check(Trick::AskForMd5, 30);
}

#[test]
fn a_server_with_too_few_or_too_many_rounds_gets_no_proof() {
    for rounds in [1, 4095, 4_294_967_295, 4_294_967_296] {
        check(Trick::AskForRounds(rounds), 30);
    }
}

#[test]
fn a_server_that_sends_endlessly_is_disconnected() {
    for trick in
        [Trick::NoticesBeforeLogin, Trick::NoticesAfterLogin, Trick::ParametersForever, Trick::RowsForever]
    {
        check(trick, 120);
    }
}

#[test]
fn a_message_of_absurd_length_is_refused() {
    for trick in [
        Trick::HugeMessageAtLogin,
        Trick::HugeMessageAfterLogin,
        Trick::HugeMessageStreamed,
        Trick::Gibberish,
    ] {
        check(trick, 30);
    }
}

#[test]
fn a_failed_handshake_never_falls_back_to_plain() {
    for (parameters, without) in [("", false), ("?sslmode=require", false), ("?sslmode=prefer", true)] {
        let fake = Fake::start(Trick::BreakHandshake);
        let project = project_with(fake.port, parameters);
        // It only logs in, with services' logins; `plan` does so as the admin.
        let commands = [&["test-connections"][..], &["plan"]];
        for arguments in &commands[..if without { 1 } else { 2 }] {
            let (code, said, _) = watched(&project, arguments, Duration::from_secs(80));
            assert_ne!(code, 101, "{said}");
        }
        let heard = String::from_utf8_lossy(&fake.heard.lock().unwrap()).into_owned();
        assert_eq!(heard.contains("startup without TLS"), without, "{parameters}");
    }
}

#[test]
fn a_silent_server_is_unreachable() {
    check(Trick::SilentAtOnce, 60);
}

#[test]
fn a_server_silent_after_the_login_times_out() {
    check(Trick::SilentAfterLogin, 300);
}

#[test]
fn another_database_system_is_refused_while_logging_in() {
    for (trick, name) in [
        (Trick::Reports("crdb_version", "CockroachDB CCL v25.1.0 (x86_64-pc-linux-gnu)"), "CockroachDB"),
        (Trick::Reports("server_version", "15.12-YB-2025.1.0.0-b0"), "YugabyteDB"),
    ] {
        let fake = Fake::start(trick);
        let project = project(fake.port);
        let others: [&[&str]; 3] =
            [&["doctor"], &["rotate", "--all"], &["drop", "--service", "fake_a", "--confirm", "fake_a"]];
        for arguments in COMMANDS.iter().chain(&others) {
            let (code, said, _) = watched(&project, arguments, Duration::from_secs(30));
            assert!(said.contains(&format!("the server is {name}, not PostgreSQL")), "{arguments:?}: {said}");
            assert_eq!(code, 2, "{arguments:?}: {said}");
        }
        // A statement is a message "Q" (or "P"); nothing comes after the startup but Terminate.
        let heard = fake.heard.lock().unwrap().clone();
        assert!(heard.chunks(5).all(|message| message == b"X\0\0\0\x04"), "{name}: {heard:?}");
    }
}

#[test]
fn a_server_below_13_is_refused_before_the_first_change() {
    let fake = Fake::start(Trick::Reports("server_version", "12.22 (Debian 12.22-1.pgdg12+1)"));
    let project = project(fake.port);
    let cases: [(&[&str], i32); 11] = [
        (&["plan"], 5),
        (&["status"], 5),
        (&["current"], 5),
        (&["doctor"], 5),
        (&["verify-isolation"], 5),
        (&["apply", "--all", "-y"], 2),
        (&["init-all", "-y"], 2),
        (&["upgrade", "--all"], 2),
        (&["downgrade", "--all", "-y"], 2),
        (&["rotate", "--all"], 2),
        (&["drop", "--service", "fake_a", "--confirm", "fake_a"], 2),
    ];
    for (arguments, expected) in cases {
        let (code, said, _) = watched(&project, arguments, Duration::from_secs(30));
        assert!(said.contains("PostgreSQL 12.22, which is older than 13"), "{arguments:?}: {said}");
        assert_eq!(code, expected, "{arguments:?}: {said}");
    }
    let heard = fake.heard.lock().unwrap().clone();
    assert!(heard.chunks(5).all(|message| message == b"X\0\0\0\x04"), "{heard:?}");
}

#[test]
fn one_server_below_13_stops_a_run_that_changes_several() {
    let fake = Fake::start(Trick::Reports("server_version", "9.6.24"));
    let server = Server::start();
    let real = Project::new(&server, "oldone");
    let _ = real.run(&["apply", "--all", "-y"]).expect(0);
    let port = fake.port;
    let manifest = real.read("martydb.yaml").replace("services:\n", &format!(
        "    password_env: PGPASSWORD\n  old: {{ url: \"postgresql://postgres@127.0.0.1:{port}/postgres\", password_env: DB_PASSWORD }}\nservices:\n  fake_a: {{ server: old }}\n"
    ));
    let manifest = manifest.replace("  oldone_a:\n", "  oldone_a: {}\n");
    real.write("martydb.yaml", &manifest);
    real.write("fake_a/migrations/V1__t.sql", "CREATE TABLE t (id int);\n");
    real.write("fake_a/migrations/V1__t.down.sql", "DROP TABLE t;\n");
    let store = real.read(".martydb/secrets/development.yaml");
    real.write(
        ".martydb/secrets/development.yaml",
        &format!("{store}old:\n  fake_a_migrator: {SERVICE_PASSWORD}\n"),
    );
    server.sql("postgres", "GRANT CONNECT ON DATABASE oldone_a TO oldone_b_app");
    for arguments in [&["upgrade", "--all"][..], &["apply", "--all", "-y"], &["init-all", "-y"]] {
        let refused = real.run(arguments).expect(2);
        assert!(refused.said().contains("older than 13"), "{refused:?}");
    }
    let status = real.json(&["status"], 5);
    let states: Vec<_> =
        status["services"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["unreachable", "pending", "pending"], "{status:#}");
    let granted = "SELECT has_database_privilege('oldone_b_app', 'oldone_a', 'CONNECT')";
    assert_eq!(server.value("postgres", granted), "t");
}

/// A project whose data service uses the server.
fn served_project(port: u16) -> Project {
    let project = project(port);
    let manifest = project.read("martydb.yaml").replace(
        "services:\n  fake_a:\n",
        "serve:\n  listen: 127.0.0.1:0\n  callers:\n    anonymous: { service: fake_a, as: write }\nservices:\n  fake_a:\n    serve: {}\n",
    );
    project.write("martydb.yaml", &manifest);
    let store = project.read(".martydb/secrets/development.yaml");
    let logins = ["serve", "serve_ro"].map(|kind| format!("  fake_a_{kind}: {SERVICE_PASSWORD}\n")).concat();
    project.write(".martydb/secrets/development.yaml", &format!("{store}{logins}"));
    project
}

#[test]
fn the_data_service_demands_of_a_server_what_every_command_does() {
    let tricks = [
        Trick::AskForClearText,
        Trick::AskForMd5,
        Trick::AskForRounds(1),
        Trick::AskForRounds(4_294_967_295),
        Trick::NoticesBeforeLogin,
        Trick::ParametersForever,
        Trick::HugeMessageAtLogin,
        Trick::Gibberish,
        Trick::SilentAtOnce,
        // These let everybody in, without a proof.
        Trick::NoticesAfterLogin,
        Trick::RowsForever,
        Trick::HugeMessageAfterLogin,
        Trick::HugeMessageStreamed,
        Trick::SilentAfterLogin,
        Trick::Reports("crdb_version", "CockroachDB CCL v25.1.0"),
    ];
    std::thread::scope(|scope| {
        for trick in tricks {
            scope.spawn(move || refuses(trick));
        }
    });
}

fn refuses(trick: Trick) {
    let fake = Fake::start(trick);
    let project = served_project(fake.port);
    let most = *WITHOUT_AN_ANSWER + (72 << 10);
    std::thread::scope(|scope| {
        for arguments in [&["serve", "check"][..], &["serve", "openapi", "-s", "fake_a"]] {
            let project = &project;
            scope.spawn(move || {
                let (code, said, peak) = watched(project, arguments, Duration::from_secs(60));
                assert!(code != 0 && code != 101, "{trick:?} {arguments:?}: exit {code}\n{said}");
                assert!(peak < most, "{trick:?} {arguments:?}: {peak} KiB of {most}");
            });
        }
        scope.spawn(|| {
            let service = DataService::start(&project);
            for (method, body) in [("GET", ""), ("POST", "{\"note\":\"callersWord\"}")] {
                let answer = service.ask(method, "/fake_a/rest/t", None, &[], body);
                assert!(matches!(answer.status, 503 | 504), "{trick:?}: {} {}", answer.status, answer.body);
            }
        });
    });
    let heard = String::from_utf8_lossy(&fake.heard.lock().unwrap()).into_owned();
    for word in [SERVICE_PASSWORD, "\0md5", ",p=", "callersWord", "SELECT"] {
        assert!(!heard.contains(word), "{trick:?}: {word}");
    }
}

#[test]
fn a_silent_server_costs_its_time_once_and_the_others_go_on() {
    let (fake, server) = (Fake::start(Trick::SilentAtOnce), crate::support::Server::start());
    let services = ["fks_b", "fks_c", "fks_d"].map(|name| format!("  {name}: {{ server: dead }}\n")).concat();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: fks\nservers:\n  main: {{ url: \"{}\", password_env: DB_PASSWORD }}\n  dead: {{ url: \"postgresql://postgres@127.0.0.1:{}/postgres\", password_env: DB_PASSWORD }}\n\
         services:\n  fks_a: {{ server: main }}\n{services}",
        server.url(),
        fake.port
    ));
    for name in ["fks_a", "fks_b", "fks_c", "fks_d"] {
        project.write(&format!("{name}/migrations/V1__t.sql"), "CREATE TABLE t (id int);\n");
        project.write(&format!("{name}/migrations/V1__t.down.sql"), "DROP TABLE t;\n");
    }
    project.run(&["apply", "-s", "fks_a", "-y"]).expect(0);
    for arguments in
        [&["upgrade", "--all"][..], &["verify-isolation"], &["test-connections"], &["status"], &["plan"]]
    {
        let begun = Instant::now();
        let (code, said, _) =
            watched(&project, &[arguments, &["--connect-timeout", "1s"]].concat(), Duration::from_secs(20));
        assert!(begun.elapsed() < Duration::from_secs(6), "{arguments:?} took {:?}: {said}", begun.elapsed());
        assert!(code != 0 || arguments == ["status"], "{arguments:?}: {code} {said}");
    }
    assert_eq!(server.value("fks_a", "SELECT count(*)::text FROM t"), "0");
    project.run(&["plan", "--connect-timeout", "0s"]).expect(2);
}
