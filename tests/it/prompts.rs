//! Questions on a terminal: answers, and what a signal leaves behind.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, tcgetattr};

use crate::support::{ADMIN_PASSWORD, Project, Server};

const INTERRUPT: &[u8] = b"\x03";

/// The binary on a pseudo-terminal, which is its controlling one.
struct Terminal {
    child: Child,
    master: File,
    slave: File,
    seen: Arc<Mutex<Vec<u8>>>,
    before: Termios,
}

impl Terminal {
    fn run(mut inside: Command) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = PathBuf::from(ptsname(&master, vec![]).unwrap().into_string().unwrap());
        let slave = File::options().read(true).write(true).open(path).unwrap();
        let before = tcgetattr(&slave).unwrap();
        let program = inside.get_program().to_owned();
        // Makes standard input the controlling terminal and becomes the program: the process id stays.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program).args(inside.get_args());
        command.current_dir(inside.get_current_dir().unwrap()).env_clear();
        command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
        let end = || slave.try_clone().unwrap();
        command.stdin(end()).stdout(end()).stderr(end());
        inside.stdin(std::process::Stdio::null());
        let child = command.spawn().expect("setsid of util-linux");
        let (seen, master) = (Arc::default(), File::from(master));
        let (kept, mut reader) = (Arc::clone(&seen), master.try_clone().unwrap());
        std::thread::spawn(move || keep(&mut reader, &kept));
        Terminal { child, master, slave, seen, before }
    }

    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, text: &str) {
        self.wait_for_times(text, 1);
    }

    fn wait_for_times(&self, text: &str, times: usize) {
        let started = Instant::now();
        while self.seen().matches(text).count() < times {
            assert!(started.elapsed() < Duration::from_secs(30), "no \"{text}\" in\n{}", self.seen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    fn types(&mut self, keys: &[u8]) {
        self.master.write_all(keys).unwrap();
    }

    fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// The exit code; the terminal must be as it was.
    fn end(&mut self) -> Option<i32> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait().unwrap() {
                let after = tcgetattr(&self.slave).unwrap();
                assert_eq!(format!("{after:?}"), format!("{:?}", self.before), "{}", self.seen());
                assert!(!self.seen().contains("\u{1b}[?25l"), "the cursor is hidden: {}", self.seen());
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let seen = self.seen();
        self.child.kill().unwrap();
        panic!("it goes on:\n{seen}");
    }
}

fn keep(reader: &mut File, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        kept.lock().unwrap().extend(&buffer[..length]);
    }
}

/// Runs to the question twice and ends it by Ctrl-C and by SIGTERM: exit code 130 and a terminal as before.
fn interrupted_at(project: &Project, arguments: &[&str], variables: &[&str], question: &str, echo: bool) {
    let begin = || {
        let mut command = project.command(arguments);
        for name in variables {
            command.env_remove(name);
        }
        let terminal = Terminal::run(command);
        terminal.wait_for(question);
        assert_eq!(terminal.echoes(), echo, "{question}");
        terminal
    };
    let mut terminal = begin();
    terminal.types(INTERRUPT);
    assert_eq!(terminal.end(), Some(130), "Ctrl-C: {}", terminal.seen());
    assert!(terminal.seen().contains("interrupted by SIGINT"), "{}", terminal.seen());
    let mut terminal = begin();
    terminal.types(b"half an ans");
    terminal.terminate();
    assert_eq!(terminal.end(), Some(130), "SIGTERM: {}", terminal.seen());
}

#[test]
fn a_signal_at_any_question_ends_the_run_and_leaves_the_terminal_as_it_was() {
    let server = Server::start();
    let project = Project::new(&server, "prompt");
    interrupted_at(&project, &["apply", "--all"], &[], "[y/N]: ", true);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'prompt%'"), "0");
    project.run(&["apply", "--all", "-y"]).expect(0);
    interrupted_at(&project, &["drop", "--service", "prompt_a"], &[], "Type the service's name", true);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'prompt_a'"), "1");
    let passwords = ["DB_PASSWORD", "PGPASSWORD"];
    interrupted_at(&project, &["plan"], &passwords, "Password of postgres at", false);
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    interrupted_at(&project, &["init"], &[], "Services, with spaces or commas between", true);
    assert!(!project.path().join("martydb.yaml").exists());
}

#[test]
fn answers_are_read() {
    let server = Server::start();
    let project = Project::new(&server, "answer");
    let mut no = Terminal::run(project.command(&["apply", "--all"]));
    no.wait_for("[y/N]: ");
    no.types(b"maybe\n");
    // Typed before the question is there again, it would not be read.
    no.wait_for_times("[y/N]: ", 2);
    no.types(b"\n");
    assert_eq!(no.end(), Some(2), "{}", no.seen());
    assert_eq!(no.seen().matches("[y/N]: ").count(), 2, "{}", no.seen());

    let mut command = project.command(&["apply", "--all"]);
    command.env_remove("DB_PASSWORD").env_remove("PGPASSWORD");
    let mut yes = Terminal::run(command);
    yes.wait_for("Password of postgres at");
    yes.types(format!("{ADMIN_PASSWORD}\n").as_bytes());
    yes.wait_for("[y/N]: ");
    assert!(yes.echoes());
    yes.types(b"yes\n");
    assert_eq!(yes.end(), Some(0), "{}", yes.seen());
    assert!(!yes.seen().contains(ADMIN_PASSWORD), "{}", yes.seen());
    assert_eq!(yes.seen().matches("Password of").count(), 1, "{}", yes.seen());

    let mut wrong = Terminal::run(project.command(&["drop", "--service", "answer_a"]));
    wrong.wait_for("Type the service's name");
    wrong.types(b"answer_b\n");
    assert_eq!(wrong.end(), Some(2), "{}", wrong.seen());
    let mut right = Terminal::run(project.command(&["drop", "--service", "answer_a"]));
    right.wait_for("Type the service's name");
    right.types(b"answer_a\n");
    assert_eq!(right.end(), Some(0), "{}", right.seen());

    let mut ended = Terminal::run(project.command(&["drop", "--service", "answer_b"]));
    ended.wait_for("Type the service's name");
    ended.types(b"\x04");
    assert_eq!(ended.end(), Some(2), "{}", ended.seen());
}

#[test]
fn a_command_without_a_manifest_offers_one_and_asks_until_the_names_are_right() {
    let project = Project::with_manifest("");
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    project.write("catalog/db/001_a.sql", "-- +goose Up\nSELECT 1;");
    let mut declined = Terminal::run(project.command(&["validate"]));
    declined.wait_for("Write one now? [y/N]: ");
    declined.types(b"\n");
    assert_eq!(declined.end(), Some(2), "{}", declined.seen());
    assert!(declined.seen().contains("`martydb init` writes one"), "{}", declined.seen());

    let mut offered = Terminal::run(project.command(&["validate"]));
    offered.wait_for("Write one now? [y/N]: ");
    offered.types(b"y\n");
    offered.wait_for("Enter takes the one above: ");
    assert!(
        offered.seen().contains("  catalog\r\n    catalog/db (1 migration, goose)"),
        "{}",
        offered.seen()
    );
    offered.types(b"Catalog, orders\n");
    offered.wait_for_times("Enter takes the one above: ", 2);
    assert!(offered.seen().contains("did you mean \"catalog\"?"), "{}", offered.seen());
    offered.types(b"catalog,orders\n");
    // The folders that it made hold nothing yet, and that is valid.
    assert_eq!(offered.end(), Some(0), "{}", offered.seen());
    assert!(offered.seen().contains("created martydb.yaml"), "{}", offered.seen());
    assert!(offered.seen().contains("Valid: 2 services, 0 migrations"), "{}", offered.seen());
}
