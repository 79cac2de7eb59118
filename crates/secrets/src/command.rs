//! The command provider: any program that prints a password, and one that takes a new one on standard input.
//!
//! Arguments are passed to the program as they are, without a shell. Its standard error is shown, its standard output
//! never, since that contains the password.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};

use super::absent::{is_absent, is_known};
use super::answers::{AnswerCache, PasswordAnswer};
use super::entries::StoredEntries;
use super::key::{CredentialKey, Entry};
use super::values::Secrets;
use martydb_manifest::Absent;
use martydb_model::contract::alternate_of;
use martydb_model::error::{Error, Result};
use martydb_os::program::{Output, ProgramCall, call};
use martydb_pg::password::password;

#[derive(Debug, Clone)]
pub struct Program {
    /// Command that prints the password.
    pub get: Vec<String>,
    /// Command that stores a new password.
    pub set: Option<Vec<String>>,
    pub timeout: Duration,
    /// Failure of `get` that means a missing password.
    pub absent: Option<Absent>,
    /// Environment, the value of `{env}`.
    pub env: String,
    /// Variables with passwords of admins, which the programs do not get.
    pub withheld: Vec<String>,
    /// Answers of `get` in this run.
    pub answers: AnswerCache,
}

/// Number of parallel calls: enough for a slow vault, few enough not to look like an attack on it.
pub(crate) const PARALLEL: usize = 8;

/// Reads each password.
///
/// # Errors
/// If a call fails for another reason than an absent entry, with the program's own message.
#[martydb_pg::boxed]
pub async fn read(program: &Program, keys: &[CredentialKey]) -> Result<Secrets> {
    let calls: Vec<_> = keys.iter().map(|key| current(program, key)).collect();
    let asked: Vec<Result<(bool, PasswordAnswer)>> = stream::iter(calls).buffered(PARALLEL).collect().await;
    let mut secrets = Secrets::default();
    for (key, found) in keys.iter().zip(asked) {
        match found? {
            (false, Ok(password)) => secrets.insert(key, password),
            (true, Ok(password)) => secrets.insert_alternate(key, password),
            (_, Err(why)) => secrets.missing(key, why),
        }
    }
    Ok(secrets)
}

/// Returns the password in use, and `true` if it is that of the alternate login.
async fn current(program: &Program, key: &CredentialKey) -> Result<(bool, PasswordAnswer)> {
    let own = ask(program, key, key.role.as_str()).await?;
    match (&own, alternate_of(&key.role)) {
        (Ok(text), Some(alternate)) if key.refers_to_alternate(text) => {
            Ok((true, ask(program, key, alternate.as_str()).await?))
        }
        _ => Ok((false, own)),
    }
}

/// Returns the password of the alternate login of a role that is itself in use.
#[martydb_pg::boxed]
pub async fn alternate(program: &Program, key: &CredentialKey) -> Result<Option<SecretString>> {
    match alternate_of(&key.role) {
        Some(alternate) => Ok(ask(program, key, alternate.as_str()).await?.ok()),
        None => Ok(None),
    }
}

/// Returns the entries of each key under these of its names.
pub(crate) async fn kept(
    program: &Program,
    keys: &[CredentialKey],
    names: impl Fn(&CredentialKey) -> Vec<String>,
) -> Result<Vec<StoredEntries>> {
    let all: Vec<Vec<String>> = keys.iter().map(names).collect();
    let each = keys.iter().zip(&all).flat_map(|(key, names)| names.iter().map(move |name| (key, name)));
    let calls: Vec<_> = each.map(|(key, name)| ask(program, key, name)).collect();
    let mut asked = stream::iter(calls).buffered(PARALLEL).collect::<Vec<_>>().await.into_iter();
    let mut found = vec![];
    for (key, names) in keys.iter().zip(&all) {
        let mut entries = vec![];
        for (name, answer) in names.iter().zip(asked.by_ref()) {
            entries.extend(answer?.ok().map(|value| (name.clone(), value)));
        }
        found.push(StoredEntries { key: key.clone(), entries });
    }
    Ok(found)
}

async fn ask(program: &Program, key: &CredentialKey, entry: &str) -> Result<PasswordAnswer> {
    let arguments = fill(&program.get, program, key, entry);
    program.answers.once(entry, &arguments, fetch(program, entry, &arguments)).await
}

async fn run(program: &Program, arguments: &[String], input: Option<&SecretString>) -> Result<Output> {
    let purpose = "the secret store's program";
    let Program { withheld, timeout, .. } = program;
    call(ProgramCall { purpose, arguments, withheld, variables: &[], limit: *timeout, input }).await
}

/// Forgets answers: another run may have stored a missing entry since, and this run stored the others.
fn forget(program: &Program, key: &CredentialKey, entry: &str) {
    program.answers.forget(entry, &fill(&program.get, program, key, entry));
}

async fn fetch(program: &Program, entry: &str, arguments: &[String]) -> Result<PasswordAnswer> {
    let name = &arguments[0];
    let unread =
        || Error::operation(format!("cannot read the password of \"{entry}\" from the secret store"));
    let answer = run(program, arguments, None).await?;
    if !answer.status.success() {
        let words = String::from_utf8_lossy(&answer.stderr);
        let why = answer.complaint(name, None);
        return match is_absent(program.absent.as_ref(), name, answer.status.code(), &words) {
            true => Ok(Err(why)),
            false if program.absent.is_some() || is_known(name) => Err(unread().cause(why)),
            false => Err(unread().cause(why).hint(
                "if this is how the program reports a missing entry, describe it in the manifest: \
                 secrets: { absent: { exit: …, stderr: … } }",
            )),
        };
    }
    // No lossy conversion: a password with a replaced character would be another password.
    let Ok(text) = std::str::from_utf8(&answer.stdout) else {
        return Err(unread().cause(format!("{name} printed something that is not UTF-8")));
    };
    match text.trim_end_matches(['\r', '\n']) {
        "" => Ok(Err(format!("{name} printed nothing"))),
        // It would begin another line, or another variable, in a file that has the password.
        text if text.contains(char::is_control) => {
            Err(unread().cause(format!("{name} printed a control character in it")))
        }
        text => Ok(Ok(SecretString::from(text))),
    }
}

/// Stores entries one by one and reads each back before it is used. Entries to be removed stay: the manifest
/// names no program that deletes.
pub(crate) async fn write(program: &Program, key: &CredentialKey, entries: &[Entry]) -> Result<()> {
    for (entry, value) in entries {
        let Some(value) = value else { continue };
        store(program, key, entry, value).await?;
        let not_kept = || format!("the secret store did not keep the password of \"{entry}\"");
        let back = ask(program, key, entry).await.map_err(|error| error.while_doing(not_kept()))?;
        if back.as_ref().map(ExposeSecret::expose_secret) != Ok(value.expose_secret()) {
            let why = back.err().unwrap_or_else(|| "secrets.get prints another one".into());
            return Err(Error::operation(not_kept())
                .cause(why)
                .hint("check that secrets.get and secrets.set name the same place"));
        }
    }
    Ok(())
}

async fn store(program: &Program, key: &CredentialKey, entry: &str, value: &SecretString) -> Result<()> {
    let Some(set) = &program.set else {
        return Err(Error::manifest(format!("the secret store cannot take a password for \"{entry}\""))
            .hint("store one, or add secrets.set so that martydb can"));
    };
    let arguments = fill(set, program, key, entry);
    let answer = run(program, &arguments, Some(value)).await;
    forget(program, key, entry);
    let answer = answer?;
    if answer.status.success() {
        return Ok(());
    }
    Err(Error::operation(format!("cannot store the new password of \"{entry}\""))
        .cause(answer.complaint(&arguments[0], Some(value))))
}

/// Stores a new password for each key without one, and reads it back before it is used.
#[martydb_pg::boxed]
pub async fn ensure(program: &Program, keys: &[CredentialKey]) -> Result<Secrets> {
    let mut found = read(program, keys).await?;
    let lacking: Vec<CredentialKey> = keys.iter().filter(|key| found.lacks(key)).cloned().collect();
    // Since the first read, another run may have stored one, and a prompt may have waited for long.
    lacking.iter().for_each(|key| forget(program, key, key.role.as_str()));
    found.extend(read(program, &lacking).await?);
    let lacking: Vec<CredentialKey> = lacking.into_iter().filter(|key| found.lacks(key)).collect();
    for key in &lacking {
        let stored = store(program, key, key.role.as_str(), &password()?).await;
        let why = found.require(&key.server, &key.role).err();
        stored.map_err(|error| {
            why.iter().flat_map(|why| &why.causes).fold(error, |error, cause| error.cause(cause))
        })?;
    }
    if lacking.is_empty() { Ok(found) } else { read(program, keys).await }
}

fn fill(arguments: &[String], program: &Program, key: &CredentialKey, entry: &str) -> Vec<String> {
    let filled = arguments.iter().map(|argument| {
        argument
            .replace("{env}", &program.env)
            .replace("{server}", &key.server)
            .replace("{service}", key.service.as_str())
            .replace("{role}", entry)
    });
    filled.collect()
}
