//! `backup`: dumps each service's database in one snapshot and counts its rows in the same snapshot; subcommands manage
//! existing backups.

pub mod list;
pub(crate) mod listing;
mod make;
mod on_failure;
pub mod prune;
pub mod store;
mod verify;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::commands::support::report_enum::report_enum;
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

impl Arguments {
    /// Returns `true` for a run that logs in to servers: to make a backup, or a scratch database.
    pub(crate) fn changes_servers(&self) -> bool {
        matches!(self.what, None | Some(BackupCommand::Verify(_)))
    }
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

pub async fn run(app: &App, arguments: &Arguments) -> Result<BackupReport> {
    Ok(match &arguments.what {
        None => BackupReport::Made(made(app, &arguments.make).await?),
        Some(BackupCommand::List(arguments)) => BackupReport::List(list::run(app, arguments).await?),
        Some(BackupCommand::Verify(arguments)) => BackupReport::Verified(verified(app, arguments).await?),
        Some(BackupCommand::Prune(arguments)) => BackupReport::Pruned(prune::run(app, arguments).await?),
    })
}

async fn made(app: &App, arguments: &make::Arguments) -> Result<make::CreatedBackups> {
    let end = make::run(app, arguments).await;
    on_failure::report(app, "backup", make::service_names(app, arguments), &end).await;
    end
}

async fn verified(app: &App, arguments: &verify::Arguments) -> Result<verify::VerifiedBackups> {
    let end = verify::run(app, arguments).await;
    on_failure::report(app, "backup verify", verify::service_names(app, arguments), &end).await;
    end
}

report_enum! {
    BackupReport {
        Made(make::CreatedBackups),
        List(list::BackupList),
        Verified(verify::VerifiedBackups),
        Pruned(prune::PrunedBackups),
    }
}
