//! Schemas of which no run kept the definitions: they are compared with what their files make, in a scratch database.

use crate::app::App;
use crate::commands::support::per_service::map_concurrent;
use martydb_apply::scratch::settle_schema;
use martydb_migrate::{
    Ended, Execution, MigrationOutcome, MigrationTarget, Options, SchemaState, drift_hint, drift_in_words,
};
use martydb_model::DesiredService;
use martydb_model::error::Result;
use martydb_ui::report::printable;

/// Compares the schemas that are unknown after a run, and names what was changed by hand. One that cannot be compared stays
/// unknown, with a note.
pub(crate) async fn settle_schemas(
    app: &App,
    targets: &[(DesiredService, Result<MigrationTarget>)],
    outcomes: &[MigrationOutcome],
    options: &Options,
) {
    let is_unknown = |service: &DesiredService| {
        let of = |outcome: &&MigrationOutcome| outcome.service == service.name.as_str();
        let outcome = outcomes.iter().find(of)?;
        let Some(SchemaState::Unknown(reason)) = &outcome.schema else { return None };
        outcome.to.filter(|_| reason.is_settled_by_files() && outcome.ended == Ended::Ok)
    };
    let mut due = vec![];
    for (service, target) in targets {
        if let (Ok(target), Some(current)) = (target, is_unknown(service)) {
            let access = app.access(&service.server).await;
            let desired = app.manifest.desired(&service.server);
            due.push((service.clone(), target.clone(), access.map(|access| (access, desired)), current));
        }
    }
    let one = |(service, target, server, current): (_, _, Result<_>, _)| {
        let options =
            Options { to: Some(current), steps: None, execution: Execution::Real, ..options.clone() };
        async move {
            let found = match server {
                Ok(server) => settle_schema(server, &service, &target, &options).await,
                Err(error) => Err(error),
            };
            (service, found)
        }
    };
    for (service, found) in map_concurrent(app.jobs.count, due, one).await {
        let service: DesiredService = service;
        let name = service.name.as_str();
        match found {
            Ok(SchemaState::Drifted(all)) => {
                app.out.note(&format!("{name}: {}\n  hint: {}", drift_in_words(&all), drift_hint(name)));
            }
            Ok(_) => {}
            Err(error) => {
                let why = printable(&error.to_string());
                app.out.note(&format!("note: {name}: its schema was not compared with its files: {why}"));
            }
        }
    }
}
