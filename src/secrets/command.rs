//! The command provider: any program that prints a password, and one that takes a new one on standard input.
//!
//! Arguments go to the program as they are, without a shell. Its standard error is shown, its standard output
//! never: that is where the password is.

use std::process::{Output, Stdio};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::rotation::Entry;
use super::{Secrets, Slot, password, pointer, twin_of};
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

/// Calls at the same time: enough for a slow vault, few enough not to look like an attack on it.
const PARALLEL: usize = 8;

/// What one call gave: a password, or why there is none.
type Answer = Result<SecretString, String>;

/// Asks for each password. A call that fails means "none known", with the program's own words.
pub async fn read(program: &Program, slots: &[Slot]) -> Result<Secrets> {
    let asked: Vec<Result<(bool, Answer)>> =
        stream::iter(slots).map(|slot| current(program, slot)).buffered(PARALLEL).collect().await;
    let mut secrets = Secrets::default();
    for (slot, answer) in slots.iter().zip(asked) {
        match answer? {
            (false, Ok(password)) => secrets.insert(slot, password),
            (true, Ok(password)) => secrets.insert_twin(slot, password),
            (_, Err(why)) => secrets.missing(slot, why),
        }
    }
    Ok(secrets)
}

/// The password in use, and whether it is the twin's.
async fn current(program: &Program, slot: &Slot) -> Result<(bool, Answer)> {
    let own = ask(program, slot, slot.role.as_str()).await?;
    match (&own, twin_of(&slot.role)) {
        (Ok(text), Some(twin)) if text.expose_secret() == pointer(&slot.role) => {
            Ok((true, ask(program, slot, twin.as_str()).await?))
        }
        _ => Ok((false, own)),
    }
}

async fn ask(program: &Program, slot: &Slot, key: &str) -> Result<Answer> {
    let arguments = fill(&program.get, program, slot, key);
    let output = call(&arguments, program.timeout, None).await?;
    if !output.status.success() {
        return Ok(Err(complaint(&arguments, &output)));
    }
    // No lossy reading: a password with a replaced character would be another password.
    let Ok(text) = String::from_utf8(output.stdout) else {
        return Ok(Err(format!("{} printed something that is not UTF-8", arguments[0])));
    };
    match text.trim_end_matches(['\r', '\n']) {
        "" => Ok(Err(format!("{} printed nothing", arguments[0]))),
        text => Ok(Ok(SecretString::from(text))),
    }
}

/// Stores entries one by one and asks for each back before it is used. What is to be removed stays: a program
/// that deletes is not part of the contract.
pub async fn write(program: &Program, slot: &Slot, entries: &[Entry]) -> Result<()> {
    for (key, value) in entries {
        let Some(value) = value else { continue };
        store(program, slot, key, value).await?;
        let back = ask(program, slot, key).await?;
        if back.as_ref().map(ExposeSecret::expose_secret) != Ok(value.expose_secret()) {
            let error = Error::operation(format!("the secret store did not keep the password of \"{key}\""));
            let why = back.err().unwrap_or_else(|| "secrets.get prints another one".into());
            return Err(error.cause(why).hint("check that secrets.get and secrets.set name the same place"));
        }
    }
    Ok(())
}

async fn store(program: &Program, slot: &Slot, key: &str, value: &SecretString) -> Result<()> {
    let Some(set) = &program.set else {
        return Err(Error::manifest(format!("the secret store cannot take a password for \"{key}\""))
            .hint("store one, or add secrets.set so that martydb can"));
    };
    let arguments = fill(set, program, slot, key);
    let output = call(&arguments, program.timeout, Some(value)).await?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Error::operation(format!("cannot store the new password of \"{key}\""))
            .cause(complaint(&arguments, &output))),
    }
}

/// Stores a new password for each slot without one, and asks for it back before it is used.
pub async fn ensure(program: &Program, slots: &[Slot]) -> Result<Secrets> {
    let found = read(program, slots).await?;
    let lacking: Vec<Slot> = slots.iter().filter(|slot| found.lacks(slot)).cloned().collect();
    for slot in &lacking {
        let stored = store(program, slot, slot.role.as_str(), &password()?).await;
        let why = found.require(&slot.server, &slot.role).err();
        stored.map_err(|error| {
            why.iter().flat_map(|why| &why.causes).fold(error, |error, cause| error.cause(cause))
        })?;
    }
    if lacking.is_empty() { Ok(found) } else { read(program, slots).await }
}

fn fill(arguments: &[String], program: &Program, slot: &Slot, key: &str) -> Vec<String> {
    let filled = arguments.iter().map(|argument| {
        argument
            .replace("{env}", &program.env)
            .replace("{server}", &slot.server)
            .replace("{service}", slot.service.as_str())
            .replace("{role}", key)
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
