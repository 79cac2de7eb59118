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

use super::one_of::one_of;
use crate::app::Run;
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

pub async fn run(run: &Run, arguments: &Arguments) -> Result<SecretsReport> {
    Ok(match &arguments.what {
        SecretsCommand::Export(arguments) => SecretsReport::Export(export::run(run, arguments).await?),
        SecretsCommand::Generate(arguments) => SecretsReport::Generate(generate::run(run, arguments).await?),
        SecretsCommand::Import(arguments) => SecretsReport::Import(import::run(run, arguments).await?),
        SecretsCommand::Move(arguments) => SecretsReport::Move(relocate::run(run, arguments).await?),
    })
}

one_of! {
    SecretsReport {
        Export(export::ExportReport),
        Generate(generate::GenerateReport),
        Import(import::SecretsImportReport),
        Move(relocate::MoveReport),
    }
}
