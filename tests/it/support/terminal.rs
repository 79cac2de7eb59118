//! The binary on a terminal.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use super::until::until;

/// Ctrl-C.
pub(crate) const INTERRUPT: &[u8] = b"\x03";

/// The binary on a pseudo-terminal, which is its controlling one.
pub(crate) struct Terminal {
    child: Child,
    master: File,
    slave: File,
    seen: Arc<Mutex<Vec<u8>>>,
    before: Termios,
}

impl Terminal {
    /// With no size, so that nothing is too long for it.
    pub(crate) fn run(inside: Command) -> Terminal {
        Terminal::run_in(inside, 0, 0)
    }

    /// In a window of so many rows and columns.
    pub(crate) fn run_in(mut inside: Command, rows: u16, columns: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = PathBuf::from(ptsname(&master, vec![]).unwrap().into_string().unwrap());
        let slave = File::options().read(true).write(true).open(path).unwrap();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).unwrap();
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

    pub(crate) fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_for_times(text, 1);
    }

    pub(crate) fn wait_for_times(&self, text: &str, times: usize) {
        let shown = fmt::from_fn(|out| write!(out, "\"{text}\" in\n{}", self.seen()));
        until(shown, || self.seen().matches(text).count() >= times);
    }

    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    pub(crate) fn types(&mut self, keys: &[u8]) {
        self.master.write_all(keys).unwrap();
    }

    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The exit code; the terminal must be as it was.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.read_to_the_end();
                let after = tcgetattr(&self.slave).unwrap();
                assert_eq!(format!("{after:?}"), format!("{:?}", self.before), "{}", self.seen());
                let seen = self.seen();
                let hidden = seen.rfind("\u{1b}[?25l");
                assert!(hidden <= seen.rfind("\u{1b}[?25h"), "the cursor is hidden: {seen}");
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let seen = self.seen();
        self.child.kill().unwrap();
        panic!("it goes on:\n{seen}");
    }

    /// The program may have ended before its last words were read.
    fn read_to_the_end(&mut self) {
        self.slave.write_all(&[LAST]).unwrap();
        let started = Instant::now();
        while self.seen.lock().unwrap().pop_if(|last| *last == LAST).is_none() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "the terminal stands still: {}",
                self.seen()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Comes through the terminal behind all that the program wrote; no program writes it.
const LAST: u8 = 0x1e;

fn keep(reader: &mut File, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        kept.lock().unwrap().extend(&buffer[..length]);
    }
}
