//! Questions on a terminal. They are printed on stderr: stdout is for data.
//!
//! The terminal keeps its line discipline: Ctrl-C at a question is a signal, as everywhere else. A separate thread
//! waits for the line, so the run can end meanwhile. Only a password prompt changes the terminal, which is restored
//! however the question ends. dialoguer does neither: it hides the cursor, leaves Ctrl-C to the caller and blocks.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use tokio::sync::oneshot;

use crate::report::{pause, printable};
use martydb_model::error::{Error, Result};

/// Limit of an answer, in bytes. A terminal's own limit is 4095 on Linux and 1024 elsewhere.
const LONGEST_LINE: usize = 4096;

/// Terminal settings before its echo was turned off.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// `true` if there was a question in this run.
static ASKED: AtomicBool = AtomicBool::new(false);

/// `true` while a question waits for its answer.
static OPEN: AtomicBool = AtomicBool::new(false);

pub fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

pub fn has_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Returns `true` if a terminal can answer.
pub fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a yes/no question; no is the default.
pub async fn yes_no(question: &str) -> Result<bool> {
    loop {
        let answer = line(&format!("{question} [y/N]")).await.map_err(unanswered)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "" | "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

pub async fn text(question: &str) -> Result<String> {
    line(question).await.map_err(unanswered)
}

/// Asks for a password, without echo.
pub async fn password(question: &str) -> Result<SecretString> {
    let failed = |error: io::Error| Error::usage("cannot read the password").cause(error);
    let silence = Silence::begin().map_err(failed)?;
    let answer = line(question).await.map_err(failed);
    drop(silence);
    answer.map(SecretString::from)
}

/// Restores the terminal after a password prompt, and ends its line; `false` if there was none. For a run that ends while
/// one is open.
pub fn restore_terminal() -> bool {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = &before {
        // A terminal that is gone needs no echo.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, before);
        drop(writeln!(io::stderr()));
    }
    before.is_some()
}

/// Turns off the terminal's echo while it exists.
struct Silence;

impl Silence {
    fn begin() -> io::Result<Silence> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let silence = Silence;
        tcsetattr(io::stdin(), OptionalActions::Now, &silent)?;
        Ok(silence)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        restore_terminal();
    }
}

fn unanswered(error: io::Error) -> Error {
    Error::usage("cancelled: no answer").cause(error)
}

/// Asks and waits for a line. The thread that reads it is abandoned if the run ends first.
async fn line(question: &str) -> io::Result<String> {
    ASKED.store(true, Ordering::SeqCst);
    let _still = pause();
    let mut stderr = io::stderr();
    write!(stderr, "{}: ", printable(question))?;
    stderr.flush()?;
    OPEN.store(true, Ordering::SeqCst);
    let (answer, waiting) = oneshot::channel();
    std::thread::Builder::new().name("prompt".into()).spawn(move || answer.send(read_line()))?;
    let answer = waiting.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
    OPEN.store(false, Ordering::SeqCst);
    answer
}

/// Reads unbuffered: a buffer would keep the input after the line, and a password.
fn read_line() -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match rustix::io::read(io::stdin(), &mut byte) {
            Ok(0) if line.is_empty() => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the input ended"));
            }
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) if line.len() == LONGEST_LINE => return Err(io::ErrorKind::InvalidInput.into()),
            Ok(_) => line.push(byte[0]),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    String::from_utf8(line).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the input is not UTF-8"))
}
