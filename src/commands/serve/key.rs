//! `serve key`: keys of callers. The store has their digests; a key is printed once.

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::process;
use super::stored_keys::{entry, stored};
use crate::app::Run;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{ANONYMOUS, DesiredService};
use martydb_secrets::password;
use martydb_ui::report::{Cell, Report, Style, Table};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    pub what: KeyCommand,
}

/// Operation on the keys of callers.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key, and print it once. The former one stays valid until it is revoked.
    New {
        /// Caller of the manifest.
        caller: String,
    },
    /// Revoke keys of a caller.
    Revoke {
        /// Caller of the manifest.
        caller: String,
        /// Key to revoke, by the beginning of its digest, as `serve key list` shows it.
        #[arg(long, value_name = "ID", required_unless_present = "all")]
        id: Option<String>,
        /// Revoke all keys of the caller.
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// List the keys of all callers, by the beginning of their digests.
    List,
}

/// Keys that a caller may have at a time: one in use, and one that replaces it.
const MOST: usize = 2;

/// Characters of a digest that name its key.
const SHOWN: usize = 8;

/// Keys after the operation.
#[derive(Serialize)]
pub struct CallerKeys {
    /// The new key; printed once.
    key: Option<String>,
    callers: Vec<CallerKeyRow>,
}

/// A caller with its keys.
#[derive(Serialize)]
struct CallerKeyRow {
    caller: String,
    service: String,
    keys: Vec<String>,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<CallerKeys> {
    match &arguments.what {
        KeyCommand::New { caller } => new(run, caller).await,
        KeyCommand::Revoke { caller, id, .. } => revoke(run, caller, id.as_deref()).await,
        KeyCommand::List => {
            let mut callers = vec![];
            for (name, caller) in &run.manifest.serve.callers {
                let service = &run.manifest.services[&caller.service];
                callers.push(row(name, service, &stored(run, service, name).await?));
            }
            Ok(CallerKeys { key: None, callers })
        }
    }
}

async fn new(run: &Run, caller: &str) -> Result<CallerKeys> {
    let service = service_of(run, caller)?;
    // Two passwords have more than 256 random bits.
    let key = SecretString::from(password()?.expose_secret().to_owned() + password()?.expose_secret());
    let store = run.lock_store().await?;
    let mut digests = stored(run, service, caller).await?;
    if digests.len() >= MOST {
        return Err(Error::usage(format!("caller \"{caller}\" has {MOST} keys already"))
            .hint(format!("martydb serve key revoke {caller} --id {}", id(&digests[MOST - 1]))));
    }
    digests.insert(0, process::digest(key.expose_secret()));
    store.set(&entry(service, caller)?, Some(SecretString::from(digests.join(" ")))).await?;
    let key = Some(key.expose_secret().to_owned());
    Ok(CallerKeys { key, callers: vec![row(caller, service, &digests)] })
}

async fn revoke(run: &Run, caller: &str, which: Option<&str>) -> Result<CallerKeys> {
    let service = service_of(run, caller)?;
    let store = run.lock_store().await?;
    let mut digests = stored(run, service, caller).await?;
    let before = digests.len();
    digests.retain(|digest| which.is_some_and(|which| !digest.starts_with(which)));
    if digests.len() == before {
        return Err(
            Error::usage(format!("caller \"{caller}\" has no such key")).hint("martydb serve key list")
        );
    }
    let value = (!digests.is_empty()).then(|| SecretString::from(digests.join(" ")));
    store.set(&entry(service, caller)?, value).await?;
    Ok(CallerKeys { key: None, callers: vec![row(caller, service, &digests)] })
}

fn service_of<'r>(run: &'r Run, caller: &str) -> Result<&'r DesiredService> {
    let callers = &run.manifest.serve.callers;
    if caller == ANONYMOUS {
        return Err(Error::usage("`anonymous` stands for requests without a key"));
    }
    let Some(declared) = callers.get(caller) else {
        let names: Vec<&str> = callers.keys().map(String::as_str).collect();
        return Err(
            Error::usage(format!("unknown caller \"{caller}\"")).hint(hint(caller, "callers", &names))
        );
    };
    if let Some(variable) = &declared.key_env {
        let message = format!("the key of caller \"{caller}\" is in the variable {variable}");
        return Err(Error::usage(message).hint("change the variable, and restart `martydb serve`"));
    }
    run.service(declared.service.as_str())
}

fn id(digest: &str) -> &str {
    digest.get(..SHOWN).unwrap_or(digest)
}

fn row(caller: &str, service: &DesiredService, digests: &[String]) -> CallerKeyRow {
    let keys = digests.iter().map(|digest| id(digest).to_owned()).collect();
    CallerKeyRow { caller: caller.to_owned(), service: service.name.to_string(), keys }
}

impl Report for CallerKeys {
    fn text(&self, style: &Style) -> String {
        if let Some(key) = &self.key {
            return format!("{key}\n");
        }
        let mut table = Table::new(&["CALLER", "SERVICE", "KEYS"]);
        for row in &self.callers {
            table.row([Cell::from(&row.caller), Cell::from(&row.service), Cell::from(&row.keys.join(", "))]);
        }
        if table.is_empty() { "no caller is declared\n".into() } else { table.render(style) }
    }

    fn verbatim(&self) -> bool {
        self.key.is_some()
    }
}
