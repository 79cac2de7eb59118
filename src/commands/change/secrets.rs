//! `secrets`: exports, imports and moves the store's passwords.

mod export;
mod files;
mod formats;
mod generate;
mod import;
mod import_file;
mod keys;
mod relocate;
mod transferred;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::commands::support::report_enum::report_enum;
use martydb_model::error::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Operation.
    #[command(subcommand)]
    pub what: SecretsCommand,
}

/// Operation on the passwords.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// List the entries of the store and their names elsewhere; with --values, write the passwords to a file.
    Export(export::Arguments),
    /// Generate a password for each login that has none in the store, before the logins exist.
    Generate(generate::Arguments),
    /// Import passwords from a file into the store.
    Import(import::Arguments),
    /// Copy the whole store to another provider; the old store is kept.
    Move(relocate::Arguments),
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<SecretsReport> {
    Ok(match &arguments.what {
        SecretsCommand::Export(arguments) => SecretsReport::Export(export::run(app, arguments).await?),
        SecretsCommand::Generate(arguments) => SecretsReport::Generate(generate::run(app, arguments).await?),
        SecretsCommand::Import(arguments) => SecretsReport::Import(import::run(app, arguments).await?),
        SecretsCommand::Move(arguments) => SecretsReport::Move(relocate::run(app, arguments).await?),
    })
}

report_enum! {
    SecretsReport {
        Export(export::ExportReport),
        Generate(generate::GenerateReport),
        Import(import::SecretsImportReport),
        Move(relocate::MoveReport),
    }
}
