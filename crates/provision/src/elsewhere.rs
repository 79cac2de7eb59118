//! Databases that a run would create on one server although another server of the manifest has them: a service that
//! was moved in the manifest must not continue with an empty database while its rows are on the former server.

use std::collections::BTreeSet;

use martydb_catalog::inspect;
use martydb_context::Context;
use martydb_manifest::ServerLocation;
use martydb_model::error::Result;
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService};
use martydb_plan::{Action, left_over};

use super::plan::{PlannedServer, Plans, planned};

/// Returns a description of each such database. The manifest's other servers are inspected too; an unreachable one
/// causes a warning.
pub async fn left_elsewhere(context: &Context, plans: &Plans) -> Vec<String> {
    let made: Vec<(&str, &DbName)> = planned(plans)
        .flat_map(|(server, planned)| new_databases(planned).map(move |name| (server, name)))
        .collect();
    let mut left = vec![];
    if made.is_empty() {
        return left;
    }
    for (other, server) in &context.manifest.servers {
        // Inspecting an embedded server would start it, and its data is local to this machine.
        let named = plans.iter().find(|(name, _)| name == other);
        if named.is_none() && matches!(server.location, ServerLocation::Embedded { .. }) {
            continue;
        }
        let found = match named {
            Some((_, Ok(planned))) => RemoteDatabases::new(&planned.desired, &planned.actual),
            // Its own error is reported separately.
            Some((_, Err(_))) => continue,
            None => match inspected(context, other).await {
                Ok((desired, actual)) => RemoteDatabases::new(&desired, &actual),
                Err(error) => {
                    let what = "cannot tell whether it has a database that is missing here";
                    tracing::warn!(target: "martydb", "warning: server \"{other}\": {what}: {}", error.message);
                    continue;
                }
            },
        };
        left.extend(planned(plans).flat_map(|(_, planned)| found.not_there(other, planned)));
        let here = made.iter().filter(|(server, name)| server != other && found.left.contains(name));
        left.extend(here.map(|(server, name)| {
            format!("database \"{name}\" is missing on server \"{server}\", and is on server \"{other}\"")
        }));
    }
    left
}

/// Databases of another server.
struct RemoteDatabases {
    left: Vec<DbName>,
    all: BTreeSet<DbName>,
}

impl RemoteDatabases {
    fn new(desired: &DesiredServer, actual: &ActualServer) -> RemoteDatabases {
        RemoteDatabases { left: left_over(desired, actual), all: actual.databases.keys().cloned().collect() }
    }

    /// Describes services that would be copied from a database that this server lacks, while it has others of no service.
    fn not_there(&self, server: &str, planned: &PlannedServer) -> Vec<String> {
        let made: Vec<&DbName> = new_databases(planned).collect();
        let lacks = |service: &&DesiredService| {
            let former = service.moved.as_ref().filter(|former| former.server.as_deref() == Some(server));
            former.is_some_and(|former| !self.all.contains(&former.database))
                && made.contains(&&service.database)
        };
        let of = |service: &DesiredService| {
            let names: Vec<String> = self.left.iter().map(ToString::to_string).collect();
            format!(
                "`moved:` of service \"{}\" names a database that server \"{server}\" does not have; it has, of no service: {}",
                service.name,
                names.join(", ")
            )
        };
        let all = planned.desired.services.values().filter(|_| !self.left.is_empty());
        all.filter(lacks).map(of).collect()
    }
}

fn new_databases(planned: &PlannedServer) -> impl Iterator<Item = &DbName> {
    planned.plan.steps.iter().filter_map(|step| match &step.action {
        Action::CreateDatabase { database, .. } => Some(database),
        _ => None,
    })
}

async fn inspected(context: &Context, server: &str) -> Result<(DesiredServer, ActualServer)> {
    let access = context.admin(server).await?;
    Ok((context.manifest.desired(server), inspect::inspect_cluster(&access).await?))
}
