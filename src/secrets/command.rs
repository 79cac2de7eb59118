//! The command provider: any program that prints a password, and one that takes a new one on standard input.
//!
//! Arguments go to the program as they are, without a shell. Its standard error is shown, its standard output
//! never: that is where the password is.

use std::process::{Output, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{Secrets, Slot, password};
use crate::error::{Error, Result};

/// The two programs and how long one call may take.
#[derive(Debug, Clone)]
pub struct Program {
    /// Prints the password.
    pub get: Vec<String>,
    /// Takes a new one.
    pub set: Option<Vec<String>>,
    /// The limit of one call.
    pub timeout: Duration,
    /// Fills `{env}`.
    pub env: String,
}

/// Asks for each password. A call that fails means "none known", with the program's own words.
pub async fn read(program: &Program, slots: &[Slot]) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    for slot in slots {
        let arguments = fill(&program.get, program, slot);
        let output = call(&arguments, program.timeout, None).await?;
        let text = String::from_utf8_lossy(&output.stdout).trim_end_matches(['\r', '\n']).to_owned();
        match (output.status.success(), text.is_empty()) {
            (true, false) => secrets.insert(slot, SecretString::from(text)),
            (true, true) => secrets.missing(slot, format!("{} printed nothing", arguments[0])),
            (false, _) => secrets.missing(slot, complaint(&arguments, &output)),
        }
    }
    Ok(secrets)
}

/// Stores a new password for each slot without one, and asks for it back before it is used.
pub async fn ensure(program: &Program, slots: &[Slot]) -> Result<Secrets> {
    let found = read(program, slots).await?;
    let lacking: Vec<Slot> = slots.iter().filter(|slot| found.lacks(slot)).cloned().collect();
    for slot in &lacking {
        let Some(set) = &program.set else {
            let why = found.require(&slot.server, &slot.role).err();
            let error = Error::manifest(format!("the secret store has no password for \"{}\"", slot.role));
            let error = why.iter().flat_map(|why| &why.causes).fold(error, |error, cause| error.cause(cause));
            return Err(error.hint("store one, or add secrets.set so that martydb can"));
        };
        let arguments = fill(set, program, slot);
        let new = password()?;
        let output = call(&arguments, program.timeout, Some(&new)).await?;
        if !output.status.success() {
            let message = format!("cannot store the new password of \"{}\"", slot.role);
            return Err(Error::operation(message).cause(complaint(&arguments, &output)));
        }
    }
    if lacking.is_empty() { Ok(found) } else { read(program, slots).await }
}

fn fill(arguments: &[String], program: &Program, slot: &Slot) -> Vec<String> {
    let filled = arguments.iter().map(|argument| {
        argument
            .replace("{env}", &program.env)
            .replace("{server}", &slot.server)
            .replace("{service}", slot.service.as_str())
            .replace("{role}", slot.role.as_str())
    });
    filled.collect()
}

async fn call(arguments: &[String], limit: Duration, input: Option<&SecretString>) -> Result<Output> {
    let failed = |why: String| {
        Error::operation(format!("the secret store's program \"{}\" failed", arguments[0])).cause(why)
    };
    let mut child = Command::new(&arguments[0])
        .args(&arguments[1..])
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let feed = child.stdin.take().zip(input);
    let run = async move {
        if let Some((mut stdin, password)) = feed {
            // A program that does not read all of it says so by its exit status.
            let _closed_early = stdin.write_all(password.expose_secret().as_bytes()).await;
        }
        child.wait_with_output().await
    };
    match tokio::time::timeout(limit, run).await {
        Ok(output) => output.map_err(|error| failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {} s", limit.as_secs_f32()))),
    }
}

fn complaint(arguments: &[String], output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr);
    format!("{} ended with {}: {}", arguments[0], output.status, words.trim())
}
