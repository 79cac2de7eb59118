//! `split rollback`: directs the writes of a service back to the shared database.

use clap::Args;
use serde::Serialize;

use super::common::{self, MapChoice, disabled_text};
use super::status::next;
use crate::app::Run;
use crate::commands::choice;
use martydb_model::error::Result;
use martydb_split::state::SplitPhase;
use martydb_split::switching::{AfterRollback, RolledBack, SwitchEndpoints, roll_back};
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style};

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

pub async fn run(run: &Run, arguments: &Arguments) -> Result<RolledBackService> {
    let map = arguments.map.load(run)?;
    let access = common::source(run, &map).await?;
    let database = map.source.database.as_str();
    let service = &choice::service(run, &arguments.service).await?;
    let name = &service.name;
    let held = common::locked(run, &access, database).await?;
    let mut ends = SwitchEndpoints::open_alone(run, &access, held, database, service).await?;
    let copy = if arguments.forget { AfterRollback::Forget } else { AfterRollback::Keep };
    let end = roll_back(&mut ends, copy).await;
    let (phase, online) = (SplitPhase::RolledBack, ends.run.online);
    ends.close().await;
    let (led, done) =
        end.map_err(|error| error.while_doing(format!("service \"{name}\" was not rolled back")))?;
    let phase = if led == RolledBack::CopyForgotten { SplitPhase::Planned } else { phase };
    Ok(RolledBackService {
        service: name.to_string(),
        database: database.to_owned(),
        phase,
        refused_ms: done.refused.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        warnings: done.warnings,
        disabled: done.disabled,
        next: next(phase, name.as_str(), online, &arguments.map),
        led,
    })
}

/// Current location of a service's writes.
#[derive(Serialize)]
pub struct RolledBackService {
    service: String,
    /// Shared database.
    database: String,
    phase: SplitPhase,
    /// Time for which neither side accepted writes, in milliseconds; `null` if only one was closed.
    refused_ms: Option<u64>,
    warnings: Vec<String>,
    /// Triggers and rules that are disabled in the shared database, because of other services.
    disabled: Vec<String>,
    next: Option<String>,
    #[serde(skip)]
    led: RolledBack,
}

impl Report for RolledBackService {
    fn text(&self, _: &Style) -> String {
        let (service, database) = (&self.service, &self.database);
        let mut text = match self.led {
            RolledBack::CopyForgotten => {
                format!("Database {database} accepts the writes of {service}; the copy was discarded.\n")
            }
            RolledBack::WritesBack => {
                format!(
                    "Writes of {service} go to database {database} again, which has every row written since.\n"
                )
            }
        };
        if let Some(refused) = self.refused_ms {
            text += &format!("They were refused for {refused} ms.\n");
        }
        text += &disabled_text(&self.disabled);
        self.warnings.iter().for_each(|warning| text += &format!("warning: {warning}\n"));
        let next = self.next.as_ref().map(|next| format!("\nnext: `{next}`\n"));
        text + &next.unwrap_or_default()
    }
}
