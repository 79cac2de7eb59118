//! `split cutover`: directs the writes of a service to its own database.

use clap::Args;
use serde::Serialize;

use super::common::{self, MapChoice, disabled_text};
use crate::app::Run;
use crate::commands::{choice, login_choice};
use martydb_manifest::connection_string::Form;
use martydb_model::error::Result;
use martydb_model::{DesiredService, RoleKind};
use martydb_split::state::SplitPhase;
use martydb_split::switching::{SwitchEndpoints, Switched, cut_over};
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
    #[command(flatten)]
    pub service: OneService,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<CutOverService> {
    let map = arguments.map.load(run)?;
    let access = common::source(run, &map).await?;
    let database = map.source.database.as_str();
    let service = &choice::service(run, &arguments.service).await?;
    let held = common::locked(run, &access, database).await?;
    let mut ends = SwitchEndpoints::open_alone(run, &access, held, database, service).await?;
    let end = cut_over(&mut ends).await;
    ends.close().await;
    let name = &service.name;
    let done = end.map_err(|error| error.while_doing(format!("service \"{name}\" was not cut over")))?;
    let (app, readonly) =
        (url(run, service, RoleKind::App).await?, url(run, service, RoleKind::Readonly).await?);
    Ok(CutOverService::new(service, done, [app, readonly], &arguments.map))
}

/// Returns the URL without its password, which `martydb url` prints.
async fn url(run: &Run, service: &DesiredService, kind: RoleKind) -> Result<String> {
    login_choice::address(run, service, kind).await?.render(Form::Uri)
}

/// Result of one service's cutover.
#[derive(Serialize)]
pub struct CutOverService {
    service: String,
    database: String,
    phase: SplitPhase,
    /// Time for which neither side accepted writes, in milliseconds; `null` if the copy had closed the source.
    refused_ms: Option<u64>,
    /// New connections of applications, without passwords.
    connections: Vec<String>,
    warnings: Vec<String>,
    /// Triggers and rules that are disabled in the shared database until a rollback.
    disabled: Vec<String>,
    next: Vec<String>,
}

impl CutOverService {
    fn new(
        service: &DesiredService,
        done: Switched,
        connections: [String; 2],
        map: &MapChoice,
    ) -> CutOverService {
        let name = &service.name;
        CutOverService {
            service: name.to_string(),
            database: service.database.to_string(),
            phase: SplitPhase::CutOver,
            refused_ms: done.refused.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            connections: connections.into(),
            warnings: done.warnings,
            disabled: done.disabled,
            next: [
                format!("martydb url {name}"),
                map.in_command(&format!("martydb split rollback --service {name}")),
                map.in_command("martydb split finish"),
            ]
            .into(),
        }
    }
}

impl Report for CutOverService {
    fn text(&self, _: &Style) -> String {
        let mut text = format!("Writes of {} now go to database {}.\n", self.service, self.database);
        if let Some(refused) = self.refused_ms {
            text += &format!("They were refused for {refused} ms.\n");
        }
        text += "\nApplications connect to:\n";
        self.connections.iter().for_each(|url| text += &format!("  {url}\n"));
        text += &disabled_text(&self.disabled);
        self.warnings.iter().for_each(|warning| text += &format!("warning: {warning}\n"));
        text + &format!(
            "\nnext: `{}` prints it with the password; `{}` reverts the cutover, and `{}` ends the split\n",
            self.next[0], self.next[1], self.next[2]
        )
    }
}
