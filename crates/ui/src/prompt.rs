//! Questions on a terminal. They are printed on stderr: stdout is for data.
//!
//! The terminal keeps its line discipline: Ctrl-C at a question is a signal, as everywhere else. A separate thread
//! waits for the answer, so the run can end meanwhile. A password prompt and a choice change the terminal, which is
//! restored however the question ends.

mod choice;
mod terminal;

use std::io::{self, IsTerminal, Write};

use secrecy::SecretString;

use crate::report::{pause, printable};
use martydb_model::error::{Error, Result};

pub use choice::{one_of, several_of};
use terminal::{Borrowed, on_a_thread};
pub use terminal::{has_prompted, is_open, restore_terminal};

/// Limit of an answer, in bytes. A terminal's own limit is 4095 on Linux and 1024 elsewhere.
const LONGEST_LINE: usize = 4096;

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
    let silence = Borrowed::silent().map_err(failed)?;
    let answer = line(question).await.map_err(failed);
    drop(silence);
    // The line's end was not echoed either.
    drop(writeln!(io::stderr()));
    answer.map(SecretString::from)
}

fn unanswered(error: io::Error) -> Error {
    Error::usage("cancelled: no answer").cause(error)
}

/// Asks and waits for a line.
async fn line(question: &str) -> io::Result<String> {
    let _still = pause();
    let mut stderr = io::stderr();
    write!(stderr, "{}: ", printable(question))?;
    stderr.flush()?;
    on_a_thread(read_line).await
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
