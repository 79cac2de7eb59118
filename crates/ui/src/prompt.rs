//! Questions on a terminal. They go to stderr: stdout is for data.
//!
//! The terminal keeps its line discipline, so that Ctrl-C is a signal at a question as everywhere else, and a thread of
//! its own waits for the line: the run can end meanwhile. Only a password changes the terminal, which is put back
//! however the question ends.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use tokio::sync::oneshot;

use crate::report::{pause, printable};
use martydb_model::error::{Error, Result};

/// No answer is longer. A terminal's own limit is 4095 on Linux and 1024 elsewhere.
const LONGEST_LINE: usize = 4096;

/// How the terminal was before its echo was turned off.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Whether there was a question in this run.
static ASKED: AtomicBool = AtomicBool::new(false);

pub fn has_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Whether a terminal is there to answer.
pub fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Yes or no; no is the default.
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

/// A password, which is not shown as it is typed.
pub async fn password(question: &str) -> Result<SecretString> {
    let failed = |error: io::Error| Error::usage("no password could be read").cause(error);
    let silence = Silence::begin().map_err(failed)?;
    let answer = line(question).await.map_err(failed);
    drop(silence);
    answer.map(SecretString::from)
}

/// Puts the terminal back as it was before a question for a password. For a run that ends while one is open.
pub fn restore_terminal() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // A terminal that is gone needs no echo.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        drop(writeln!(io::stderr()));
    }
}

/// While it lives, the terminal shows nothing that is typed.
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

/// Asks and waits for a line. The thread that reads it is left behind where the run ends first.
async fn line(question: &str) -> io::Result<String> {
    ASKED.store(true, Ordering::SeqCst);
    let _still = pause();
    let mut stderr = io::stderr();
    write!(stderr, "{}: ", printable(question))?;
    stderr.flush()?;
    let (answer, waiting) = oneshot::channel();
    std::thread::Builder::new().name("prompt".into()).spawn(move || answer.send(read_line()))?;
    waiting.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
}

/// Reads from the descriptor itself: a buffer would keep what waits behind the line, and a password.
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
