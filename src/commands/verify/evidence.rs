//! Evidence of a verification for an auditor: a statement that `verify-isolation --evidence` writes and signs, and `evidence
//! verify`.

mod check;
mod ssh;
mod statement;

use std::path::Path;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;

use crate::app::App;
use martydb_isolation::proof::Assessment;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::sql::stmt;
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_pg::server::query_one;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use statement::{ServerIdentity, statement, withhold};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Operation.
    #[command(subcommand)]
    pub what: EvidenceCommand,
}

/// Operation on evidence.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Check a statement's signature, and compare it with the manifest of today; needs no server.
    Verify(check::Arguments),
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<check::Checked> {
    match &arguments.what {
        EvidenceCommand::Verify(arguments) => check::run(app, arguments).await,
    }
}

/// Writes the statement of a verification, and signs it if there is a key. An older signature is removed first.
///
/// # Errors
/// If the file cannot be written, or not signed.
pub(crate) async fn write(
    app: &App,
    (all, status): (&Assessment, ExitStatus),
    path: &Path,
    key: Option<&Path>,
) -> Result<()> {
    let mut servers = vec![];
    for server in all.servers.iter().filter(|server| server.at.is_none()) {
        servers.push(identity(app, &server.name).await?);
    }
    let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
    let mut made = statement(&app.manifest, all, status, &servers, &now);
    let withheld = withheld(app).await?;
    let passwords: Vec<&str> = withheld.iter().map(String::as_str).collect();
    // The rest are names and hashes of the manifest: a short password that is part of a hash must not spoil it.
    for part in ["findings", "accepted", "not_judged"] {
        withhold(&mut made["predicate"][part], &passwords);
    }
    let text =
        serde_json::to_string_pretty(&made).map_err(|error| Error::operation(error.to_string()))? + "\n";
    let signature = ssh::signature_of(path);
    if signature.symlink_metadata().is_ok() {
        std::fs::remove_file(&signature).map_err(unwritable(&signature))?;
    }
    replace_file(path, &text, Readers::All).map_err(unwritable(path))?;
    match key {
        Some(key) => ssh::sign(app, path, key).await,
        None => Ok(()),
    }
}

async fn identity(app: &App, server: &str) -> Result<ServerIdentity> {
    let access = app.admin(server).await?;
    let mut session = access.read(&access.maintenance).await?;
    let (system_identifier, version) = query_one(
        &mut session,
        &stmt!(
            "SELECT (SELECT s.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() s), \
             pg_catalog.current_setting('server_version')"
        ),
    )
    .await?;
    Ok(ServerIdentity { name: server.to_owned(), system_identifier, version })
}

/// Returns every stored password.
async fn withheld(app: &App) -> Result<Vec<String>> {
    let mut words = vec![];
    for server in app.manifest.servers.keys() {
        let desired = app.manifest.desired(server.as_str());
        let services: Vec<_> = desired.services.values().cloned().collect();
        let secrets = app.all_secrets(&desired, &services).await?;
        let logins = secrets.logins(server.as_str());
        let passwords = logins.iter().filter_map(|login| secrets.get(server.as_str(), login));
        words.extend(passwords.map(|password| password.expose_secret().to_owned()));
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}
