//! The command provider: any program that prints a password, and one that takes a new one on standard input.
//!
//! Arguments go to the program as they are, without a shell. Its standard error is shown, its standard output
//! never: that is where the password is.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};

use super::absent::{is_absent, is_known};
use super::program::{Answer, call};
use super::rotation::Entry;
use super::{Secrets, Slot, password, pointer, twin_of};
use crate::error::{Error, Result};
use crate::manifest::Absent;
use crate::report::printable;

/// The two programs and how long one call may take.
#[derive(Debug, Clone)]
pub struct Program {
    /// Prints the password.
    pub get: Vec<String>,
    /// Takes a new one.
    pub set: Option<Vec<String>>,
    /// The limit of one call.
    pub timeout: Duration,
    /// How `get` says that it has no such password.
    pub absent: Option<Absent>,
    /// Fills `{env}`.
    pub env: String,
}

/// Calls at the same time: enough for a slow vault, few enough not to look like an attack on it.
const PARALLEL: usize = 8;

/// Characters of a program's words that are shown.
const SHOWN: usize = 2000;

/// What one call gave: a password, or how the program said that it has none.
type Found = Result<SecretString, String>;

/// Asks for each password.
///
/// # Errors
/// Where a call fails in another way than an absent entry's, with the program's own words.
pub async fn read(program: &Program, slots: &[Slot]) -> Result<Secrets> {
    let asked: Vec<Result<(bool, Found)>> =
        stream::iter(slots).map(|slot| current(program, slot)).buffered(PARALLEL).collect().await;
    let mut secrets = Secrets::default();
    for (slot, found) in slots.iter().zip(asked) {
        match found? {
            (false, Ok(password)) => secrets.insert(slot, password),
            (true, Ok(password)) => secrets.insert_twin(slot, password),
            (_, Err(why)) => secrets.missing(slot, why),
        }
    }
    Ok(secrets)
}

/// The password in use, and whether it is the twin's.
async fn current(program: &Program, slot: &Slot) -> Result<(bool, Found)> {
    let own = ask(program, slot, slot.role.as_str()).await?;
    match (&own, twin_of(&slot.role)) {
        (Ok(text), Some(twin)) if text.expose_secret() == pointer(&slot.role) => {
            Ok((true, ask(program, slot, twin.as_str()).await?))
        }
        _ => Ok((false, own)),
    }
}

async fn ask(program: &Program, slot: &Slot, key: &str) -> Result<Found> {
    let arguments = fill(&program.get, program, slot, key);
    let name = &arguments[0];
    let unread = || Error::operation(format!("cannot read the password of \"{key}\" from the secret store"));
    let answer = call(&arguments, program.timeout, None).await?;
    if !answer.status.success() {
        let words = String::from_utf8_lossy(&answer.stderr);
        let why = complaint(name, &answer, None);
        return match is_absent(program.absent.as_ref(), name, answer.status.code(), &words) {
            true => Ok(Err(why)),
            false if program.absent.is_some() || is_known(name) => Err(unread().cause(why)),
            false => Err(unread().cause(why).hint(
                "if this is how the program says that it has no such entry, describe it in the manifest: \
                 secrets: { absent: { exit: …, stderr: … } }",
            )),
        };
    }
    // No lossy reading: a password with a replaced character would be another password.
    let Ok(text) = std::str::from_utf8(&answer.stdout) else {
        return Err(unread().cause(format!("{name} printed something that is not UTF-8")));
    };
    match text.trim_end_matches(['\r', '\n']) {
        "" => Ok(Err(format!("{name} printed nothing"))),
        text => Ok(Ok(SecretString::from(text))),
    }
}

/// Stores entries one by one and asks for each back before it is used. What is to be removed stays: a program
/// that deletes is not part of the contract.
pub async fn write(program: &Program, slot: &Slot, entries: &[Entry]) -> Result<()> {
    for (key, value) in entries {
        let Some(value) = value else { continue };
        store(program, slot, key, value).await?;
        let not_kept = || format!("the secret store did not keep the password of \"{key}\"");
        let back = ask(program, slot, key).await.map_err(|error| error.while_doing(not_kept()))?;
        if back.as_ref().map(ExposeSecret::expose_secret) != Ok(value.expose_secret()) {
            let why = back.err().unwrap_or_else(|| "secrets.get prints another one".into());
            return Err(Error::operation(not_kept())
                .cause(why)
                .hint("check that secrets.get and secrets.set name the same place"));
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
    let answer = call(&arguments, program.timeout, Some(value)).await?;
    match answer.status.success() {
        true => Ok(()),
        false => Err(Error::operation(format!("cannot store the new password of \"{key}\""))
            .cause(complaint(&arguments[0], &answer, Some(value)))),
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

/// The program's own words on one line, without what would act on a terminal or pass for a line of ours, and
/// without the password that it was given.
fn complaint(name: &str, answer: &Answer, given: Option<&SecretString>) -> String {
    let words = String::from_utf8_lossy(&answer.stderr);
    let words = given.map_or(words.to_string(), |given| words.replace(given.expose_secret(), "<secret>"));
    let lines: Vec<String> =
        words.lines().map(str::trim).filter(|line| !line.is_empty()).map(printable).collect();
    let mut shown: String = lines.join(" | ");
    if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
        shown.truncate(end);
        shown.push('…');
    }
    match shown.is_empty() {
        true => format!("{name} ended with {}, and said nothing", answer.status),
        false => format!("{name} ended with {}: {shown}", answer.status),
    }
}
