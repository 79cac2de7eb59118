//! `relay`: publishes the outboxes of services; subcommands show their progress and manage single events.

mod arguments;
mod clean;
mod dead_events;
mod publish;
mod replay;
mod serving;
mod status;

use clap::{Args, Subcommand};

use super::missing_feature;
use super::one_of::one_of;
use crate::app::Run;
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

pub async fn run(run: &Run, arguments: &Arguments) -> Result<RelayReport> {
    if cfg!(not(feature = "relay")) {
        return Err(missing_feature("relay"));
    }
    Ok(match &arguments.what {
        None => RelayReport::Published(publish::run(run, &arguments.publish).await?),
        Some(RelayCommand::Status(arguments)) => RelayReport::Status(status::run(run, arguments).await?),
        Some(RelayCommand::Retry(arguments)) => {
            RelayReport::Decided(dead_events::retry(run, arguments).await?)
        }
        Some(RelayCommand::Skip(arguments)) => RelayReport::Decided(dead_events::skip(run, arguments).await?),
        Some(RelayCommand::Replay(arguments)) => RelayReport::Replayed(replay::run(run, arguments).await?),
        Some(RelayCommand::Clean(arguments)) => RelayReport::Cleaned(clean::run(run, arguments).await?),
    })
}

one_of! {
    RelayReport {
        Published(publish::PublishedEvents),
        Status(status::RelayStatus),
        Decided(dead_events::DecidedEvent),
        Replayed(replay::ReplayedEvents),
        Cleaned(clean::CleanedOutboxes),
    }
}
