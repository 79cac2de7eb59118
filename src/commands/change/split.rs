//! `split`: splits a shared database into one database per service, in steps that are a subcommand each.

mod common;
mod copy;
mod cutover;
mod finish;
mod init;
mod plan;
mod rollback;
mod schema;
mod status;
mod switch;
mod verify;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::commands::support::report_enum::report_enum;
use martydb_model::error::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Step of the split.
    #[command(subcommand)]
    pub step: SplitStep,
}

impl Arguments {
    /// Returns `true` for a step that changes servers.
    pub(crate) fn changes_servers(&self) -> bool {
        use SplitStep::{Copy, Cutover, Finish, Rollback};
        match &self.step {
            Copy(_) | Cutover(_) | Rollback(_) => true,
            Finish(arguments) => !arguments.dry_run,
            _ => false,
        }
    }
}

/// Steps of a split, in order.
#[derive(Debug, Subcommand)]
pub enum SplitStep {
    /// Propose a service for each table, and write split.yaml.
    Init(init::Arguments),
    /// Show the tables of each service, unassigned tables, and everything that crosses a boundary.
    Plan(plan::Arguments),
    /// Write each service's first migration from the shared database, or compare it with the existing migrations.
    Schema(schema::Arguments),
    /// Copy the rows of all services in one snapshot.
    Copy(copy::Arguments),
    /// Show the status of each service of the split, and the next command.
    Status(status::Arguments),
    /// Compare the rows of both sides, and list those that differ.
    Verify(verify::Arguments),
    /// Direct the writes of a service to its own database.
    Cutover(cutover::Arguments),
    /// Direct the writes of a service back to the shared database, with every row written since.
    Rollback(rollback::Arguments),
    /// Remove the moved tables from the shared database, and verify the isolation of the services.
    Finish(finish::Arguments),
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<SplitReport> {
    Ok(match &arguments.step {
        SplitStep::Init(arguments) => SplitReport::Proposed(init::run(app, arguments).await?),
        SplitStep::Plan(arguments) => SplitReport::Planned(plan::run(app, arguments).await?),
        SplitStep::Schema(arguments) => SplitReport::Schemas(schema::run(app, arguments).await?),
        SplitStep::Copy(arguments) => SplitReport::Copied(copy::run(app, arguments).await?),
        SplitStep::Status(arguments) => SplitReport::Standing(status::run(app, arguments).await?),
        SplitStep::Verify(arguments) => SplitReport::Verified(verify::run(app, arguments).await?),
        SplitStep::Cutover(arguments) => SplitReport::Switched(cutover::run(app, arguments).await?),
        SplitStep::Rollback(arguments) => SplitReport::Switched(rollback::run(app, arguments).await?),
        SplitStep::Finish(arguments) => SplitReport::Finished(finish::run(app, arguments).await?),
    })
}

report_enum! {
    SplitReport {
        Proposed(init::ProposedMap),
        Planned(plan::PlannedSplit),
        Schemas(schema::SplitSchemas),
        Copied(copy::CopiedSplit),
        Standing(status::SplitStatus),
        Verified(verify::VerifiedSplit),
        Switched(switch::SwitchReport),
        Finished(finish::FinishedSplit),
    }
}
