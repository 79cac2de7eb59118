//! `relay`: publishes the outboxes of services; how far they are and what becomes of an event is a subcommand each.

mod clean;
mod decide;
mod publish;
mod status;

use clap::{Args, Subcommand};
use serde::Serialize;

use martydb_model::error::{ExitStatus, Result};
use martydb_provision::run::Run;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
#[group(skip)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(flatten)]
    pub publish: publish::Arguments,
    /// What to do with the events that there are.
    #[command(subcommand)]
    pub what: Option<RelayCommand>,
}

/// What is done with events that there are.
#[derive(Debug, Subcommand)]
pub enum RelayCommand {
    /// Show what is pending, how old it is, and what is dead.
    Status(status::Arguments),
    /// Let a dead or waiting event go out again at once.
    Retry(decide::RetryArguments),
    /// Give an event up: its aggregate goes on without it.
    Skip(decide::SkipArguments),
    /// Remove published events that are older than the manifest's `keep`.
    Clean(clean::Arguments),
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<RelayReport> {
    Ok(match &arguments.what {
        None => RelayReport::Published(publish::run(run, &arguments.publish).await?),
        Some(RelayCommand::Status(arguments)) => RelayReport::Status(status::run(run, arguments).await?),
        Some(RelayCommand::Retry(arguments)) => RelayReport::Decided(decide::retry(run, arguments).await?),
        Some(RelayCommand::Skip(arguments)) => RelayReport::Decided(decide::skip(run, arguments).await?),
        Some(RelayCommand::Clean(arguments)) => RelayReport::Cleaned(clean::run(run, arguments).await?),
    })
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum RelayReport {
    Published(publish::PublishedEvents),
    Status(status::RelayStatus),
    Decided(decide::DecidedEvent),
    Cleaned(clean::CleanedOutboxes),
}

impl RelayReport {
    fn one(&self) -> &dyn Report {
        match self {
            RelayReport::Published(report) => report,
            RelayReport::Status(report) => report,
            RelayReport::Decided(report) => report,
            RelayReport::Cleaned(report) => report,
        }
    }
}

impl Report for RelayReport {
    fn text(&self, style: &Style) -> String {
        self.one().text(style)
    }

    fn messages(&self, style: &Style) -> String {
        self.one().messages(style)
    }

    fn status(&self) -> ExitStatus {
        self.one().status()
    }
}
