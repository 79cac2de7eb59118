//! Schemas that were changed by hand, for `plan --check`. No `apply` changes them back.

use serde::Serialize;

use crate::app::App;
use crate::commands::support::per_service::map_concurrent;
use martydb_context::targets;
use martydb_migrate::{MigrationTarget, SchemaDrift, SchemaState, drift_hint, drift_in_words};
use martydb_model::DesiredService;
use martydb_model::error::{Kind, Result};
use martydb_provision::Plans;
use martydb_ui::report::printable;

/// Schema of a service that was changed by hand.
#[derive(Serialize)]
pub(super) struct ChangedSchema {
    service: String,
    schema_drift: Vec<SchemaDrift>,
}

/// Compares the schema of each service with what its runs left. One that is not provisioned has none; one that cannot be read
/// is noted.
pub(super) async fn changed(
    app: &App,
    services: &[DesiredService],
    plans: &Plans,
) -> Result<Vec<ChangedSchema>> {
    let answers = |service: &&DesiredService| {
        plans.iter().any(|(server, planned)| *server == service.server.as_str() && planned.is_ok())
    };
    let there: Vec<DesiredService> = services.iter().filter(answers).cloned().collect();
    let wait = app.lock_wait;
    let look = |(service, target): (DesiredService, Result<MigrationTarget>)| async move {
        (service.name.to_string(), async { martydb_migrate::schema_state(&target?, wait).await }.await)
    };
    let targets = targets::for_services(app, &there).await?;
    let mut all = vec![];
    for (service, state) in map_concurrent(app.jobs.count, targets, look).await {
        match state {
            Ok(SchemaState::Drifted(schema_drift)) => all.push(ChangedSchema { service, schema_drift }),
            Ok(SchemaState::Same | SchemaState::Unknown(_)) => {}
            Err(error) if error.kind == Kind::NotProvisioned => {}
            Err(error) => {
                let why = printable(&error.to_string());
                app.out.note(&format!("note: {service}: its schema was not compared: {why}"));
            }
        }
    }
    Ok(all)
}

pub(super) fn text(all: &[ChangedSchema]) -> String {
    let one = |ChangedSchema { service, schema_drift }: &ChangedSchema| {
        let (words, hint) = (drift_in_words(schema_drift), drift_hint(service));
        format!("\n{service}: {words}.\n  hint: {hint}\n")
    };
    all.iter().map(one).collect()
}
