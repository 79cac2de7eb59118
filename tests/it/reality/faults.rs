//! `kill -9` after every single statement: the next `apply` converges unaided.
//!
//! A proxy between the program and the server counts the messages that carry SQL. A first run counts how many there
//! are; then it kills the program after the first, the second, and so on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Admin, Project, Server, as_both_admins, many};

/// Moment of the kill: after the server's answer to its n-th statement, or as soon as the statement was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Answered,
    Sent,
}

/// The statement at which the program dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fatal {
    Number(usize),
    /// The first that holds this text.
    Text(&'static str),
}

impl Fatal {
    fn is(self, number: usize, message: &[u8]) -> bool {
        match self {
            Fatal::Number(fatal) => fatal == number,
            Fatal::Text(text) => message.windows(text.len()).any(|part| part == text.as_bytes()),
        }
    }
}

pub(crate) struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    server: u16,
    seen: AtomicUsize,
    fatal: Option<(Fatal, Moment)>,
    victim: Mutex<Option<Pid>>,
    killed: AtomicBool,
}

impl State {
    fn kill(&self) {
        if let Some(victim) = self.victim.lock().unwrap().take() {
            kill_process(victim, Signal::KILL).unwrap();
            self.killed.store(true, SeqCst);
        }
    }
}

impl Proxy {
    pub(crate) fn start(server: &Server, fatal: Option<(Fatal, Moment)>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            server: server.port,
            seen: AtomicUsize::new(0),
            fatal,
            victim: Mutex::new(None),
            killed: AtomicBool::new(false),
        };
        let state = Arc::new(state);
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = shared.clone();
                thread::spawn(move || forward(client, &state));
            }
        });
        Proxy { port, state }
    }

    /// Runs the program through the proxy; whether it was killed.
    pub(crate) fn run(&self, project: &Project, arguments: &[&str]) -> bool {
        let mut child = project
            .command(arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        *self.state.victim.lock().unwrap() = Some(Pid::from_child(&child));
        let status = child.wait().unwrap();
        // Past this point the number may be another process's.
        self.state.victim.lock().unwrap().take();
        let killed = self.state.killed.load(SeqCst);
        assert!(killed || status.success(), "{status:?}");
        killed
    }
}

/// One connection: the client's messages are looked at whole, the server's for `ReadyForQuery`.
fn forward(mut client: TcpStream, state: &Arc<State>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", state.server)) else { return };
    let doomed = Arc::new(AtomicBool::new(false));
    let back = {
        let (state, doomed) = (state.clone(), doomed.clone());
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || {
            while let Some((kind, bytes)) = message(&mut from, true) {
                if kind == b'Z' && doomed.load(SeqCst) {
                    state.kill();
                }
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _gone = to.shutdown(Shutdown::Both);
        })
    };
    let mut typed = false;
    while let Some((kind, bytes)) = message(&mut client, typed) {
        let number = if typed && kind == b'Q' { state.seen.fetch_add(1, SeqCst) + 1 } else { 0 };
        typed = true;
        let due = state.fatal.filter(|(fatal, _)| number > 0 && fatal.is(number, &bytes));
        doomed.fetch_or(matches!(due, Some((_, Moment::Answered))), SeqCst);
        if server.write_all(&bytes).is_err() {
            break;
        }
        if matches!(due, Some((_, Moment::Sent))) {
            state.kill();
        }
    }
    let _gone = server.shutdown(Shutdown::Both);
    let _ended = back.join();
}

/// The next message, whole. The first one of a client has no letter.
fn message(stream: &mut TcpStream, typed: bool) -> Option<(u8, Vec<u8>)> {
    let mut bytes = vec![0; if typed { 5 } else { 4 }];
    stream.read_exact(&mut bytes).ok()?;
    let letters = usize::from(typed);
    let length = u32::from_be_bytes(bytes[letters..].try_into().unwrap()) as usize;
    let head = bytes.len();
    bytes.resize(letters + length, 0);
    stream.read_exact(&mut bytes[head..]).ok()?;
    Some((bytes[0], bytes))
}

fn project(server: &Server, proxy: &Proxy, admin: Admin, prefix: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    project.write("martydb.yaml", &through(&project.read("martydb.yaml"), server, proxy));
    project
}

/// The manifest with the proxy in the server's place.
fn through(manifest: &str, server: &Server, proxy: &Proxy) -> String {
    let through = manifest.replace(&format!(":{}/", server.port), &format!(":{}/", proxy.port));
    assert_ne!(manifest, through);
    through
}

/// One server for all kills: each has services of its own. `chosen` are the numbers of the statements.
fn kill_after(admin: Admin, moment: Moment, chosen: impl Fn(usize) -> bool) {
    let server = Server::with_both_admins();
    let proxy = Proxy::start(&server, None);
    let whole = project(&server, &proxy, admin, "k0");
    assert!(!proxy.run(&whole, &["apply", "--all", "-y", "-j", "1"]));
    let statements = proxy.state.seen.load(SeqCst);
    assert!(statements > 20, "only {statements} statements");
    for number in (1..=statements).filter(|number| chosen(*number)) {
        let proxy = Proxy::start(&server, Some((Fatal::Number(number), moment)));
        let project = project(&server, &proxy, admin, &format!("k{number}"));
        let killed = proxy.run(&project, &["apply", "--all", "-y", "-j", "1"]);
        // The first run of all also closed the maintenance databases.
        assert!(killed || number > statements - 8, "{number} of {statements} was never reached");
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["plan", "--check", "--check-logins"]).expect(0);
        if admin == Admin::Super {
            let ends = format!(
                "SELECT string_agg(outcome || ' ' || (ended_at IS NULL), ', ' ORDER BY at) FROM martydb.record WHERE project = 'k{number}'"
            );
            let ends = server.value("postgres", &ends);
            // A run that found nothing left to do has no row.
            let recorded = ["ok false", "started true", "started true, ok false", "failed false, ok false"];
            assert!(recorded.contains(&ends.as_str()), "after statement {number}: {ends}");
        }
        let kept = match server.major() {
            16.. => {
                "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole AND (inherit_option OR set_option)"
            }
            _ => "SELECT count(*) FROM pg_auth_members WHERE member = 'adm'::regrole",
        };
        assert_eq!(server.value("postgres", kept), "0", "after statement {number}");
    }
}

// Every second statement as either kind of admin, which run much the same ones; in CI every fourth; all of them below.
as_both_admins!(s16_killed_after_each_statement_it_converges, |admin| kill_after(
    admin,
    Moment::Answered,
    |number| number % many(2, 4) == usize::from(admin == Admin::Limited)
));

mod s16_killed_around_each_statement_it_converges {
    use super::*;

    #[test]
    #[ignore = "minutes: scripts/test --all-majors"]
    fn as_superuser() {
        [Moment::Sent, Moment::Answered]
            .into_iter()
            .for_each(|moment| kill_after(Admin::Super, moment, |_| true));
    }

    #[test]
    #[ignore = "minutes: scripts/test --all-majors"]
    fn as_limited_admin() {
        [Moment::Sent, Moment::Answered]
            .into_iter()
            .for_each(|moment| kill_after(Admin::Limited, moment, |_| true));
    }
}

/// In place the store gives the old password to clients until the server has the new one: only a run that dies between
/// the two leaves them different, and the next run ends that.
fn rotation_killed_after_each(admin: Admin, moment: Moment) {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, "ro");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let direct = project.read("martydb.yaml");
    let rotate = ["rotate", "--service", "ro_a", "--role", "app"];
    let killed_at = |fatal| {
        let proxy = Proxy::start(&server, fatal);
        project.write("martydb.yaml", &through(&direct, &server, &proxy));
        let killed = proxy.run(&project, &rotate);
        project.write("martydb.yaml", &direct);
        (killed, proxy.state.seen.load(SeqCst))
    };
    let (killed, statements) = killed_at(None);
    assert!(!killed && statements > 3, "only {statements} statements");
    let mut different = 0;
    for number in 1..=statements {
        let (killed, _) = killed_at(Some((Fatal::Number(number), moment)));
        assert!(killed, "{number} of {statements} was never reached");
        let left = server.sql_as("ro_a_app", &project.password("ro_a_app"), "ro_a", "SELECT 1");
        different += usize::from(left.is_err());
        let next: &[&str] = match (number % 3, admin) {
            (0, _) => &rotate,
            (1, Admin::Super) => &["apply", "--all", "-y"],
            _ => &["apply", "--all", "--check-logins", "-y"],
        };
        project.run(next).expect(0);
        let login = server.sql_as("ro_a_app", &project.password("ro_a_app"), "ro_a", "SELECT 1");
        assert_eq!(login, Ok(vec![vec!["1".into()]]), "after statement {number}");
        project.run(&["plan", "--check", "--check-logins"]).expect(0);
    }
    assert!(different <= 1, "after {different} of {statements} statements no client could log in");
}

as_both_admins!(the_next_run_completes_a_rotation_killed_after_any_statement, |admin| {
    rotation_killed_after_each(admin, Moment::Answered);
});

as_both_admins!(the_next_run_completes_a_rotation_killed_during_any_statement, |admin| {
    rotation_killed_after_each(admin, Moment::Sent);
});
