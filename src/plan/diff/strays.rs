//! Whole roles and databases that carry this manifest's marker and that nobody declares any more: for `--prune` alone.
//! They go the way that `drop` takes a service off.
//!
//! A lost or changed comment means "not ours": two manifests on one server leave each other alone.

use std::collections::{BTreeMap, BTreeSet};

use super::Look;
use crate::model::{ActualServer, DbName, DesiredServer, RoleName};
use crate::plan::leaving::Leaving;
use crate::plan::removal::Traces;

/// Roles with the marker that no service of the manifest has. Twins of declared logins are declared with them.
pub fn roles(desired: &DesiredServer, actual: &ActualServer) -> Vec<RoleName> {
    let marker = desired.marker();
    let marked = actual.roles.iter().filter(|(_, found)| found.comment.as_deref() == Some(&marker));
    let names = marked.map(|(name, _)| name.clone());
    names.filter(|name| desired.managed_role(name).is_none() && !is_twin(desired, name)).collect()
}

fn is_twin(desired: &DesiredServer, role: &RoleName) -> bool {
    let first = role.as_str().strip_suffix(crate::TWIN_SUFFIX).and_then(|name| RoleName::found(name).ok());
    first.is_some_and(|first| desired.managed_role(&first).is_some())
}

fn databases(desired: &DesiredServer, actual: &ActualServer) -> Vec<DbName> {
    let marker = desired.marker();
    let declared: BTreeSet<&DbName> = desired.services.values().map(|service| &service.database).collect();
    let marked = actual.databases.iter().filter(|(_, found)| found.comment.as_deref() == Some(&marker));
    marked.map(|(name, _)| name.clone()).filter(|name| !declared.contains(name)).collect()
}

pub fn diff(look: &mut Look<'_>) {
    let (desired, actual) = (look.desired, look.actual);
    let (roles, databases) = (roles(desired, actual), databases(desired, actual));
    let traces = traces(actual, &roles, &databases);
    let leaving = Leaving { desired, actual, service: None, roles, databases, traces: &traces };
    // Only an admin without a name has no steps, and the server knows none.
    look.plan.prunable.extend(leaving.steps().unwrap_or_default());
}

/// What is known of them without a visit to every database.
fn traces(actual: &ActualServer, roles: &[RoleName], dropped: &[DbName]) -> Traces {
    let held = roles.iter().filter_map(|role| actual.holdings.get(role)).flatten();
    let places = held.filter(|place| !dropped.contains(place));
    let something = || vec!["something, or hold rights,".to_owned()];
    let theirs = |owner: &str| roles.iter().any(|role| role.as_str() == owner);
    let owned =
        actual.databases.iter().filter(|(name, found)| theirs(&found.owner) && !dropped.contains(name));
    Traces {
        inside: places.map(|place| (place.clone(), something())).collect::<BTreeMap<_, _>>(),
        databases: owned.map(|(name, _)| name.clone()).collect(),
        // Rights on shared objects, such as CONNECT on a database, end wherever DROP OWNED runs.
        shared: !roles.is_empty(),
        guests: BTreeMap::new(),
    }
}
