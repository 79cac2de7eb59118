//! Common parts of `split cutover` and `split rollback`: both sides of a service, and the report.

use serde::Serialize;

use super::common::{self, MapChoice, disabled_text};
use crate::app::App;
use crate::commands::support::choice;
use martydb_model::DesiredService;
use martydb_model::error::Result;
use martydb_split::{SplitPhase, SplitSides, Switched};
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style};

/// Opens both sides of the chosen service under the lock of the split; also returns the shared database.
///
/// # Errors
/// If no copy has begun, or another command is running.
pub(crate) async fn open(
    app: &App,
    map: &MapChoice,
    service: &OneService,
) -> Result<(SplitSides, DesiredService, String)> {
    let map = map.load(app)?;
    let access = common::source(app, &map).await?;
    let database = map.source.database.to_string();
    let service = choice::service(app, service).await?;
    let held = common::locked(app, &access, &database).await?;
    let sides = SplitSides::open_alone(app, &access, held, &database, &service).await?;
    Ok((sides, service, database))
}

/// Result of one service's cutover or rollback.
#[derive(Serialize)]
pub struct SwitchReport {
    service: String,
    /// Database that accepts the writes now.
    database: String,
    phase: SplitPhase,
    /// Time for which neither side accepted writes, in milliseconds; `null` if only one was closed.
    refused_ms: Option<u64>,
    /// New connections of applications after a cutover, without passwords.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<String>,
    warnings: Vec<String>,
    /// Triggers and rules that are disabled in the shared database.
    disabled: Vec<String>,
    next: NextCommands,
    /// Sentence about the writes.
    #[serde(skip)]
    outcome: String,
}

/// Commands that may follow.
#[derive(Serialize)]
#[serde(untagged)]
pub enum NextCommands {
    /// URL with its password, rollback, finish.
    AfterCutover([String; 3]),
    AfterRollback(Option<String>),
}

impl SwitchReport {
    /// Makes a report of the service's writes, which go to `database`.
    pub fn new(
        service: &DesiredService,
        database: &str,
        phase: SplitPhase,
        done: Switched,
        next: NextCommands,
        outcome: String,
    ) -> SwitchReport {
        SwitchReport {
            service: service.name.to_string(),
            database: database.to_owned(),
            phase,
            refused_ms: done.refused.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            connections: vec![],
            warnings: done.warnings,
            disabled: done.disabled,
            next,
            outcome,
        }
    }
}

impl Report for SwitchReport {
    fn text(&self, _: &Style) -> String {
        let mut text = format!("{}\n", self.outcome);
        if let Some(refused) = self.refused_ms {
            text += &format!("They were refused for {refused} ms.\n");
        }
        if !self.connections.is_empty() {
            text += &format!("\nApplications connect to:\n  {}\n", self.connections.join("\n  "));
        }
        text += &disabled_text(&self.disabled);
        self.warnings.iter().for_each(|warning| text += &format!("warning: {warning}\n"));
        match &self.next {
            NextCommands::AfterCutover([url, rollback, finish]) => {
                text + &format!(
                    "\nnext: `{url}` prints it with the password; `{rollback}` reverts the cutover, and `{finish}` ends \
                     the split\n"
                )
            }
            NextCommands::AfterRollback(Some(next)) => text + &format!("\nnext: `{next}`\n"),
            NextCommands::AfterRollback(None) => text,
        }
    }
}
