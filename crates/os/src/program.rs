//! Runner for a program that the manifest names. It uses a process group that ends with the call, and limits time and
//! output: a program that hangs, floods or leaves children behind causes one error and no more.
//!
//! Arguments are passed as they are, without a shell.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::process_group::ProcessGroup;
use martydb_model::error::{Error, Result};
use martydb_model::text::printable;

/// Maximum size of each of a program's two outputs, in bytes. A password is far shorter.
pub const LIMIT: usize = 64 * 1024;

/// Maximum number of characters shown of a program's output.
const MAX_SHOWN_CHARS: usize = 2000;

/// A program to run, with its surroundings.
#[derive(Clone, Copy)]
pub struct ProgramCall<'a> {
    /// Purpose of the program, for errors, such as `the secret store's program`.
    pub purpose: &'a str,
    /// The program itself, which must exist, and its arguments.
    pub arguments: &'a [String],
    /// Variables that it does not get.
    pub withheld: &'a [String],
    /// Variables that it gets in addition to those of this process.
    pub variables: &'a [(&'a str, String)],
    pub limit: Duration,
    /// Text for its standard input.
    pub input: Option<&'a SecretString>,
}

/// End of a program.
pub struct Output {
    pub status: ExitStatus,
    /// Standard output: at most [`LIMIT`] bytes, more is an error.
    pub stdout: Zeroizing<Vec<u8>>,
    /// First [`LIMIT`] bytes of standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Returns the program's own message on one line, without anything that acts on a terminal or resembles a line of
    /// martydb's, and without the given password.
    pub fn complaint(&self, name: &str, given: Option<&SecretString>) -> String {
        let words = String::from_utf8_lossy(&self.stderr);
        let words = given.map_or(words.to_string(), |given| words.replace(given.expose_secret(), "<secret>"));
        let lines: Vec<String> =
            words.lines().map(str::trim).filter(|line| !line.is_empty()).map(printable).collect();
        let shown = shortened(lines.join(" | "), MAX_SHOWN_CHARS);
        let said = if shown.is_empty() { ", without a message".to_owned() } else { format!(": {shown}") };
        format!("{name} ended with {}{said}", self.status)
    }
}

/// Returns at most `most` characters of a text, and shows that some are omitted.
pub fn shortened(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Runs the program to its end.
///
/// The answer is complete when the program itself has ended: its background children are killed and not waited for. They
/// are also killed at the timeout, or when the future is dropped.
///
/// # Errors
/// If the program cannot be started, gives no answer within the limit, or prints more than [`LIMIT`] bytes.
pub async fn call(program: ProgramCall<'_>) -> Result<Output> {
    let ProgramCall { purpose, arguments, limit, .. } = program;
    let failed = |why: String| Error::operation(format!("{purpose} \"{}\" failed", arguments[0])).cause(why);
    let mut child = start(program).map_err(|error| failed(error.to_string()))?;
    // Its drop ends the group in each case. The id of a group without members could be another's only if the system had
    // reused all its ids since the program ended.
    let _group = ProcessGroup::led_by(&child);
    match tokio::time::timeout(limit, answer(&mut child, program.input)).await {
        Ok(Ok(answer)) if answer.stdout.len() > LIMIT => {
            Err(failed(format!("it printed more than {} kB", LIMIT / 1024)))
        }
        Ok(answer) => answer.map_err(|error| failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {} s", limit.as_secs_f32()))),
    }
}

fn start(program: ProgramCall<'_>) -> std::io::Result<Child> {
    let ProgramCall { arguments, withheld, variables, input, .. } = program;
    let mut command = Command::new(&arguments[0]);
    withheld.iter().for_each(|variable| {
        command.env_remove(variable);
    });
    command
        .args(&arguments[1..])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

async fn answer(child: &mut Child, input: Option<&SecretString>) -> std::io::Result<Output> {
    if let (Some(mut stdin), Some(text)) = (child.stdin.take(), input) {
        // A program that does not read all of it reports that by its exit status.
        let _closed_early = stdin.write_all(text.expose_secret().as_bytes()).await;
    }
    let (mut stdout, mut stderr) =
        (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    // Full capacity: a vector that grows leaves copies of a password behind.
    let mut printed = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    let mut said = Vec::new();
    let ended = {
        let reading = async {
            // Too much output ends both reads.
            let read = tokio::try_join!(fill(&mut stdout, &mut printed), keep_first(&mut stderr, &mut said));
            read.is_ok()
        };
        tokio::select! {
            whole = reading => if whole { Some(child.wait().await?) } else { None },
            status = child.wait() => Some(status?),
        }
    };
    drain(stdout.into_owned_fd()?, &mut printed, LIMIT + 1)?;
    drain(stderr.into_owned_fd()?, &mut said, LIMIT)?;
    // A program that floods has not ended, and its status is not used.
    Ok(Output { status: ended.unwrap_or_default(), stdout: printed, stderr: said })
}

/// Error for more than [`LIMIT`] bytes.
struct OutputOverflow;

/// Reads until the end.
async fn fill(from: &mut (impl AsyncRead + Unpin), to: &mut Vec<u8>) -> Result<(), OutputOverflow> {
    let mut limited = from.take((LIMIT + 1) as u64);
    while limited.read_buf(to).await.is_ok_and(|count| count > 0) {}
    if to.len() > LIMIT { Err(OutputOverflow) } else { Ok(()) }
}

/// Reads until the end and keeps the beginning: long output must not block a program.
async fn keep_first(from: &mut (impl AsyncRead + Unpin), to: &mut Vec<u8>) -> Result<(), OutputOverflow> {
    let mut chunk = vec![0; 4096];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        let room = LIMIT - to.len();
        to.extend_from_slice(&chunk[..count.min(room)]);
    }
    Ok(())
}

/// Reads what is in a pipe now. Its end may never come: a background child can hold it open.
fn drain(pipe: OwnedFd, to: &mut Vec<u8>, room: usize) -> std::io::Result<()> {
    fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
    let mut pipe = File::from(pipe).take(room.saturating_sub(to.len()) as u64);
    match pipe.read_to_end(to) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}
