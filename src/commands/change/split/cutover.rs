//! `split cutover`: directs the writes of a service to its own database.

use std::slice;

use clap::Args;

use super::common::MapChoice;
use super::switch::{self, NextCommands, SwitchReport};
use crate::app::App;
use crate::commands::support::login_choice::ServiceConnections;
use martydb_manifest::connection_string::Form;
use martydb_model::error::Result;
use martydb_model::{DesiredService, RoleKind};
use martydb_provision::run_records;
use martydb_split::{SplitPhase, cut_over, is_cut_over};
use martydb_ui::flags::OneService;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
    #[command(flatten)]
    pub service: OneService,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<SwitchReport> {
    let map = &arguments.map;
    let (mut sides, service, _) = switch::open(app, map, &arguments.service).await?;
    let (name, database) = (&service.name, service.database.as_str());
    let mut connections = vec![];
    for kind in [RoleKind::App, RoleKind::Readonly] {
        connections.push(url(app, &service, kind).await?);
    }
    // Applications wait for it; the rest of the cutover takes seconds.
    let opened = || app.out.note(&format!("{name} accepts writes at {}", connections[0]));
    is_cut_over(&mut sides).await?;
    let record = run_records::of_server(
        app,
        &app.admin(&service.server).await?,
        slice::from_ref(&service),
        "split cutover",
    );
    record.begin().await;
    let end = cut_over(&mut sides, &opened).await;
    run_records::end_of(&record, &format!("to database {database}"), &end).await;
    sides.close().await;
    let done = end.map_err(|error| error.while_doing(format!("service \"{name}\" was not cut over")))?;
    let next = NextCommands::AfterCutover([
        format!("martydb url {name}"),
        map.in_command(&format!("martydb split rollback --service {name}")),
        map.in_command("martydb split finish"),
    ]);
    let outcome = format!("Writes of {name} now go to database {database}.");
    let mut report = SwitchReport::new(&service, database, SplitPhase::CutOver, done, next, outcome);
    report.connections = connections;
    Ok(report)
}

/// Returns the URL without its password, which `martydb url` prints.
async fn url(app: &App, service: &DesiredService, kind: RoleKind) -> Result<String> {
    ServiceConnections { app, service }.address(kind).await?.render(Form::Uri)
}
