//! `backup`: dumps each service's database in one snapshot and counts its rows in the same snapshot; subcommands manage
//! existing backups.

pub mod list;
mod listing;
mod make;
mod on_failure;
pub mod prune;
pub mod store;
mod verify;

use clap::{Args, Subcommand};

use super::one_of::one_of;
use crate::app::Run;
use martydb_model::error::Result;

#[derive(Debug, Args)]
#[group(skip)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(flatten)]
    pub make: make::Arguments,
    /// Operation on existing backups.
    #[command(subcommand)]
    pub what: Option<BackupCommand>,
}

/// Operation on existing backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// List backups with age and size.
    List(list::Arguments),
    /// Restore a backup into a scratch database, compare it with its record, and drop the database.
    Verify(verify::Arguments),
    /// Remove the backups that no rule of the manifest's `keep` retains.
    Prune(prune::Arguments),
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<BackupReport> {
    Ok(match &arguments.what {
        None => BackupReport::Made(made(run, &arguments.make).await?),
        Some(BackupCommand::List(arguments)) => BackupReport::List(list::run(run, arguments).await?),
        Some(BackupCommand::Verify(arguments)) => BackupReport::Verified(verified(run, arguments).await?),
        Some(BackupCommand::Prune(arguments)) => BackupReport::Pruned(prune::run(run, arguments).await?),
    })
}

async fn made(run: &Run, arguments: &make::Arguments) -> Result<make::MadeBackups> {
    let end = make::run(run, arguments).await;
    on_failure::report(run, "backup", make::service_names(run, arguments), &end).await;
    end
}

async fn verified(run: &Run, arguments: &verify::Arguments) -> Result<verify::VerifiedBackups> {
    let end = verify::run(run, arguments).await;
    on_failure::report(run, "backup verify", verify::service_names(run, arguments), &end).await;
    end
}

one_of! {
    BackupReport {
        Made(make::MadeBackups),
        List(list::BackupList),
        Verified(verify::VerifiedBackups),
        Pruned(prune::PrunedBackups),
    }
}
