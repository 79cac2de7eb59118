//! `split`: a shared database becomes one database for each service, in steps that are a subcommand each.

mod copy;
mod cutover;
mod finish;
mod init;
mod plan;
mod rollback;
mod schema;
mod shared;
mod status;
mod verify;

use clap::{Args, Subcommand};

use super::one_of::one_of;
use martydb_model::error::Result;
use martydb_provision::run::Run;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The step.
    #[command(subcommand)]
    pub step: SplitStep,
}

/// The steps of a split, in their order.
#[derive(Debug, Subcommand)]
pub enum SplitStep {
    /// Guess which table belongs to which service, and write split.yaml.
    Init(init::Arguments),
    /// Show what each service would get, what is unassigned, and everything that crosses a boundary.
    Plan(plan::Arguments),
    /// Write each service's first migration from the shared database, or compare it with those that there are.
    Schema(schema::Arguments),
    /// Copy the rows of all services, in one moment.
    Copy(copy::Arguments),
    /// Show where each service of the split stands, and what comes next.
    Status(status::Arguments),
    /// Compare the rows of both sides, and name those that differ.
    Verify(verify::Arguments),
    /// Give the writes of a service to its own database.
    Cutover(cutover::Arguments),
    /// Give the writes of a service back to the shared database, with every row written since.
    Rollback(rollback::Arguments),
    /// Remove the tables that have moved from the shared database, and verify the isolation of the services.
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
