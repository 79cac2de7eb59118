//! Records of a command's run, one on each of its servers.

use std::collections::BTreeMap;

use crate::app::App;
use martydb_apply::run_record::{RunFacts, RunRecord};
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_model::units::counted;
use martydb_pg::server::Access;
use martydb_plan::{Step, StepOutcome};
use martydb_provision::{Plans, planned};

const TOOL: &str = concat!("martydb ", env!("CARGO_PKG_VERSION"));

fn facts(app: &App, action: &'static str) -> RunFacts {
    let base = app.manifest.files.first().map_or("", |file| &file.text);
    RunFacts::new(&app.manifest.project, &app.manifest.env, action, TOOL, base)
}

/// Returns the record of a run on the services of one server.
pub(crate) fn of_server(
    app: &App,
    access: &Access,
    services: &[DesiredService],
    action: &'static str,
) -> RunRecord {
    let here = services.iter().filter(|service| service.server == access.server);
    let here = here.map(|service| service.name.to_string()).collect();
    RunRecord::new(access, &app.manifest.desired(&access.server), facts(app, action), here)
}

/// Returns the records of a run on all planned servers.
pub(crate) fn of_plans(
    app: &App,
    plans: &Plans,
    services: &[DesiredService],
    action: &'static str,
) -> BTreeMap<String, RunRecord> {
    let one = |(server, planned): (&str, &martydb_provision::PlannedServer)| {
        (server.to_owned(), of_server(app, &planned.access, services, action))
    };
    planned(plans).map(one).collect()
}

/// Ends a record with the number of changes, or with the error.
pub(crate) async fn end_with(record: &RunRecord, steps: &[(Step, StepOutcome)], end: &Result<()>) {
    let made = steps.iter().filter(|(_, outcome)| *outcome == StepOutcome::Ok).count();
    record
        .end(end.as_ref().map(|()| counted(made, "change")).as_deref().map_err(|error: &&Error| *error))
        .await;
}

/// Ends the record of a run that is one change.
pub(crate) async fn end_of<T>(record: &RunRecord, note: &str, end: &Result<T>) {
    record.end(end.as_ref().map(|_| note)).await;
}
