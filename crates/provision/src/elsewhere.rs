//! Databases that a run would create on one server although another server of the manifest has them: a service that
//! was moved in the manifest must not continue with an empty database while its rows are on the former server.

use martydb::app::Run;
use martydb_catalog::inspect;
use martydb_manifest::ServerLocation;
use martydb_model::error::Result;
use martydb_model::{ActualServer, DbName, DesiredServer};
use martydb_plan::{Action, left_over};

use super::plan::{PlannedServer, Plans, planned};

/// Returns a description of each such database. The manifest's other servers are inspected too; an unreachable one
/// causes a warning.
pub async fn left_elsewhere(run: &Run, plans: &Plans) -> Vec<String> {
    let made: Vec<(&str, &DbName)> = planned(plans)
        .flat_map(|(server, planned)| new_databases(planned).map(move |name| (server, name)))
        .collect();
    let mut left = vec![];
    if made.is_empty() {
        return left;
    }
    for (other, server) in &run.manifest.servers {
        // Inspecting an embedded server would start it, and its data is local to this machine.
        let named = plans.iter().find(|(name, _)| name == other);
        if named.is_none() && matches!(server.location, ServerLocation::Embedded { .. }) {
            continue;
        }
        let found = match named {
            Some((_, Ok(planned))) => left_over(&planned.desired, &planned.actual),
            // Its own error is reported separately.
            Some((_, Err(_))) => continue,
            None => match inspected(run, other).await {
                Ok((desired, actual)) => left_over(&desired, &actual),
                Err(error) => {
                    let what = "cannot tell whether it has a database that is missing here";
                    tracing::warn!(target: "martydb", "warning: server \"{other}\": {what}: {}", error.message);
                    continue;
                }
            },
        };
        let here = made.iter().filter(|(server, name)| server != other && found.contains(name));
        left.extend(here.map(|(server, name)| {
            format!("database \"{name}\" is missing on server \"{server}\", and is on server \"{other}\"")
        }));
    }
    left
}

fn new_databases(planned: &PlannedServer) -> impl Iterator<Item = &DbName> {
    planned.plan.steps.iter().filter_map(|step| match &step.action {
        Action::CreateDatabase { database, .. } => Some(database),
        _ => None,
    })
}

async fn inspected(run: &Run, server: &str) -> Result<(DesiredServer, ActualServer)> {
    let access = run.admin(server).await?;
    Ok((run.manifest.desired(server), inspect::inspect_cluster(&access).await?))
}
