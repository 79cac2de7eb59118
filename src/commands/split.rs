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
mod verify;

use clap::{Args, Subcommand};

use super::one_of::one_of;
use crate::app::Run;
use martydb_model::error::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Step of the split.
    #[command(subcommand)]
    pub step: SplitStep,
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

pub async fn run(run: &Run, arguments: &Arguments) -> Result<SplitReport> {
    Ok(match &arguments.step {
        SplitStep::Init(arguments) => SplitReport::Proposed(init::run(run, arguments).await?),
        SplitStep::Plan(arguments) => SplitReport::Planned(plan::run(run, arguments).await?),
        SplitStep::Schema(arguments) => SplitReport::Schemas(schema::run(run, arguments).await?),
        SplitStep::Copy(arguments) => SplitReport::Copied(copy::run(run, arguments).await?),
        SplitStep::Status(arguments) => SplitReport::Standing(status::run(run, arguments).await?),
        SplitStep::Verify(arguments) => SplitReport::Verified(verify::run(run, arguments).await?),
        SplitStep::Cutover(arguments) => SplitReport::CutOver(cutover::run(run, arguments).await?),
        SplitStep::Rollback(arguments) => SplitReport::RolledBack(rollback::run(run, arguments).await?),
        SplitStep::Finish(arguments) => SplitReport::Finished(finish::run(run, arguments).await?),
    })
}

one_of! {
    SplitReport {
        Proposed(init::ProposedMap),
        Planned(plan::PlannedSplit),
        Schemas(schema::SplitSchemas),
        Copied(copy::CopiedSplit),
        Standing(status::SplitStatus),
        Verified(verify::VerifiedSplit),
        CutOver(cutover::CutOverService),
        RolledBack(rollback::RolledBackService),
        Finished(finish::FinishedSplit),
    }
}
