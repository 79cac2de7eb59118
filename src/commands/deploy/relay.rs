//! `relay`: publishes the outboxes of services; subcommands show their progress and manage single events.

mod arguments;
mod clean;
mod dead_events;
mod publish;
mod replay;
mod serving;
mod status;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::commands::support::missing::missing_feature;
use crate::commands::support::report_enum::report_enum;
use martydb_model::error::Result;

#[derive(Debug, Args)]
#[group(skip)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(flatten)]
    pub publish: arguments::Arguments,
    /// Operation on existing events.
    #[command(subcommand)]
    pub what: Option<RelayCommand>,
}

impl Arguments {
    /// Returns `true` for a run that changes events.
    pub(crate) fn changes_servers(&self) -> bool {
        match &self.what {
            None => !self.publish.dry_run,
            Some(RelayCommand::Replay(arguments)) => !arguments.dry_run,
            Some(RelayCommand::Status(_)) => false,
            Some(_) => true,
        }
    }
}

/// Operation on existing events.
#[derive(Debug, Subcommand)]
pub enum RelayCommand {
    /// Show pending events with their age, and dead events.
    Status(status::Arguments),
    /// Publish a dead or waiting event again at once.
    Retry(dead_events::RetryArguments),
    /// Give up an event: its aggregate continues without it.
    Skip(dead_events::SkipArguments),
    /// Publish events again that were published before.
    Replay(replay::Arguments),
    /// Remove published events older than the manifest's `keep`.
    Clean(clean::Arguments),
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<RelayReport> {
    if cfg!(not(feature = "relay")) {
        return Err(missing_feature("relay"));
    }
    Ok(match &arguments.what {
        None => RelayReport::Published(publish::run(app, &arguments.publish).await?),
        Some(RelayCommand::Status(arguments)) => RelayReport::Status(status::run(app, arguments).await?),
        Some(RelayCommand::Retry(arguments)) => {
            RelayReport::Decided(dead_events::retry(app, arguments).await?)
        }
        Some(RelayCommand::Skip(arguments)) => RelayReport::Decided(dead_events::skip(app, arguments).await?),
        Some(RelayCommand::Replay(arguments)) => RelayReport::Replayed(replay::run(app, arguments).await?),
        Some(RelayCommand::Clean(arguments)) => RelayReport::Cleaned(clean::run(app, arguments).await?),
    })
}

report_enum! {
    RelayReport {
        Published(publish::PublishedEvents),
        Status(status::RelayStatus),
        Decided(dead_events::DecidedEvent),
        Replayed(replay::ReplayedEvents),
        Cleaned(clean::CleanedOutboxes),
    }
}
