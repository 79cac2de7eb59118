//! `serve key`: keys of callers. The store has their digests; a key is printed once.

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::process;
use super::stored_keys::{entry, stored};
use crate::app::App;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{ANONYMOUS, DesiredService};
use martydb_secrets::password;
use martydb_ui::report::{Report, ReportColumn, Style};

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
const MAX_KEYS: usize = 2;

/// Characters of a digest that name its key.
const ID_CHARACTERS: usize = 8;

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

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<CallerKeys> {
    match &arguments.what {
        KeyCommand::New { caller } => new(app, caller).await,
        KeyCommand::Revoke { caller, id, .. } => revoke(app, caller, id.as_deref()).await,
        KeyCommand::List => {
            let mut callers = vec![];
            for (name, caller) in &app.manifest.serve.callers {
                let service = &app.manifest.services[&caller.service];
                callers.push(row(name, service, &stored(app, service, name).await?));
            }
            Ok(CallerKeys { key: None, callers })
        }
    }
}

async fn new(app: &App, caller: &str) -> Result<CallerKeys> {
    let service = service_of(app, caller)?;
    // Two passwords have more than 256 random bits.
    let key = SecretString::from(password()?.expose_secret().to_owned() + password()?.expose_secret());
    let store = app.lock_store().await?;
    let mut digests = stored(app, service, caller).await?;
    if digests.len() >= MAX_KEYS {
        return Err(Error::usage(format!("caller \"{caller}\" has {MAX_KEYS} keys already"))
            .hint(format!("martydb serve key revoke {caller} --id {}", id(&digests[MAX_KEYS - 1]))));
    }
    digests.insert(0, process::digest(key.expose_secret()));
    store.set(&entry(service, caller)?, Some(SecretString::from(digests.join(" ")))).await?;
    let key = Some(key.expose_secret().to_owned());
    Ok(CallerKeys { key, callers: vec![row(caller, service, &digests)] })
}

async fn revoke(app: &App, caller: &str, which: Option<&str>) -> Result<CallerKeys> {
    let service = service_of(app, caller)?;
    let store = app.lock_store().await?;
    let mut digests = stored(app, service, caller).await?;
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

fn service_of<'r>(app: &'r App, caller: &str) -> Result<&'r DesiredService> {
    let callers = &app.manifest.serve.callers;
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
    app.service(declared.service.as_str())
}

fn id(digest: &str) -> &str {
    digest.get(..ID_CHARACTERS).unwrap_or(digest)
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
        let columns: Vec<ReportColumn<&CallerKeyRow>> = vec![
            ReportColumn::shown("CALLER", |row, _| row.caller.as_str().into()),
            ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
            ReportColumn::shown("KEYS", |row, _| row.keys.join(", ").into()),
        ];
        ReportColumn::table(columns, &[], &self.callers, style).render_or("no caller is declared\n", style)
    }

    fn verbatim(&self) -> bool {
        self.key.is_some()
    }
}
