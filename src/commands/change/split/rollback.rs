//! `split rollback`: directs the writes of a service back to the shared database.

use clap::Args;

use super::common::MapChoice;
use super::status::next;
use super::switch::{self, NextCommands, SwitchReport};
use crate::app::App;
use martydb_model::error::Result;
use martydb_split::{AfterRollback, RolledBack, SplitPhase, roll_back};
use martydb_ui::flags::OneService;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
    #[command(flatten)]
    pub service: OneService,
    /// Discard the copy of a service that was rolled back already: it is no longer followed.
    #[arg(long)]
    pub forget: bool,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<SwitchReport> {
    let map = &arguments.map;
    let (mut sides, service, database) = switch::open(app, map, &arguments.service).await?;
    let copy = if arguments.forget { AfterRollback::Forget } else { AfterRollback::Keep };
    let end = roll_back(&mut sides, copy).await;
    let online = sides.run.online;
    sides.close().await;
    let name = &service.name;
    let (led, done) =
        end.map_err(|error| error.while_doing(format!("service \"{name}\" was not rolled back")))?;
    let (phase, outcome) = match led {
        RolledBack::CopyForgotten => (
            SplitPhase::Planned,
            format!("Database {database} accepts the writes of {name}; the copy was discarded."),
        ),
        RolledBack::WritesBack => (
            SplitPhase::RolledBack,
            format!("Writes of {name} go to database {database} again, which has every row written since."),
        ),
    };
    let next = NextCommands::AfterRollback(next(phase, name.as_str(), online, map));
    Ok(SwitchReport::new(&service, &database, phase, done, next, outcome))
}
