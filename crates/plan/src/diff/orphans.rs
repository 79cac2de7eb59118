//! Orphans: roles and databases with this manifest's marker that the manifest no longer declares; for `--prune`
//! only. They are removed as `drop` removes a service. The role that owns objects of removed services is kept
//! as long as it owns something, or is about to.
//!
//! A missing or changed comment means "not ours": two manifests on one server do not touch each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::removal::teardown::Teardown;
use crate::step::{Plan, PrivilegeGap};
use martydb_model::contract::{had, managed, was_managed};
use martydb_model::error::Error;
use martydb_model::{
    ActualRole, ActualServer, DbName, DesiredServer, FormerNames, Holdings, MoveNote, RoleDependencies,
    RoleName,
};

/// Returns the marked roles that belong to no service of the manifest. Alternates of declared logins count as
/// declared.
pub(crate) fn roles(desired: &DesiredServer, actual: &ActualServer) -> Vec<RoleName> {
    let marked = actual.roles.iter().filter(|(_, found)| desired.marks(found.comment.as_deref()));
    let names = marked.map(|(name, _)| name.clone());
    let is_declared = |name: &RoleName| {
        managed(desired, name).is_some()
            || was_managed(desired, name)
            || desired.access.contains_key(name)
            || waiting(desired, actual).any(|former| had(former, name))
    };
    names.filter(|name| !is_declared(name)).collect()
}

fn databases(desired: &DesiredServer, actual: &ActualServer) -> Vec<DbName> {
    let tests = actual.test_databases(desired).into_iter();
    let undeclared = tests.filter(|(_, test)| !desired.services.contains_key(&test.service));
    left_over(desired, actual).into_iter().chain(undeclared.map(|(name, _)| name)).collect()
}

/// Returns the databases that this manifest made for services and that none of its services has, or had under
/// another name.
pub fn left_over(desired: &DesiredServer, actual: &ActualServer) -> Vec<DbName> {
    let mut declared: BTreeSet<&DbName> =
        desired.services.values().map(|service| &service.database).collect();
    let former = desired.services.values().filter_map(|service| service.moved.as_ref());
    let renamed = former.filter(|former| former.server.is_none());
    declared.extend(renamed.chain(waiting(desired, actual)).map(|former| &former.database));
    let marked = actual.databases.iter().filter(|(_, found)| desired.marks(found.comment.as_deref()));
    marked.map(|(name, _)| name.clone()).filter(|name| !declared.contains(name)).collect()
}

/// Returns the objects of services that moved to other servers and whose databases have yet to be copied there.
fn waiting<'a>(
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
) -> impl Iterator<Item = &'a FormerNames> {
    desired.leaving.iter().filter(|former| {
        let found = actual.databases.get(&former.database);
        found.is_some_and(|found| desired.move_note(found.comment.as_deref()) != Some(MoveNote::Moved))
    })
}

pub(crate) fn diff(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    let (mut roles, databases) = (roles(desired, actual), databases(desired, actual));
    let orphans = desired.orphans();
    roles.retain(|role| *role != orphans);
    let idle = is_idle(desired, actual, &orphans);
    let mut traces = dependencies(actual, &roles, &databases);
    let given = traces.shared_owned
        || !traces.databases.is_empty()
        || traces.inside.values().any(|what| !what.is_empty());
    if idle && !given {
        roles.push(orphans);
        traces = dependencies(actual, &roles, &databases);
    }
    let teardown = Teardown { desired, actual, service: None, roles, databases, traces: &traces };
    match teardown.steps() {
        Ok(steps) => plan.prunable.extend(steps),
        Err(error) => plan.limits.push(gap(desired, &error)),
    }
}

/// Returns `true` if the role for objects of removed services owns nothing any more.
fn is_idle(desired: &DesiredServer, actual: &ActualServer, orphans: &RoleName) -> bool {
    let ours = |found: &ActualRole| desired.marks(found.comment.as_deref());
    let owns = actual.databases.values().any(|found| found.owner == orphans.as_str());
    actual.roles.get(orphans).is_some_and(ours) && !actual.holdings.contains_key(orphans) && !owns
}

fn gap(desired: &DesiredServer, error: &Error) -> PrivilegeGap {
    let causes: Vec<&str> = error.causes.iter().map(String::as_str).collect();
    let what = "remove roles and databases that are not in the manifest".into();
    let why = format!("{}: {}", error.message, causes.join("; "));
    let gap = PrivilegeGap::without_grant(&desired.name, None, what, why);
    PrivilegeGap { grant: error.hints.first().cloned(), ..gap }
}

/// Returns their dependencies, as far as they are known without connecting to every database.
fn dependencies(actual: &ActualServer, roles: &[RoleName], dropped: &[DbName]) -> RoleDependencies {
    let held: Vec<&Holdings> = roles.iter().filter_map(|role| actual.holdings.get(role)).collect();
    let mut inside: BTreeMap<DbName, Vec<String>> = BTreeMap::new();
    let places = held.iter().flat_map(|held| &held.inside);
    for (place, owned) in places.filter(|(place, _)| !dropped.contains(place)) {
        let what = inside.entry(place.clone()).or_default();
        if *owned && what.is_empty() {
            what.push("something".into());
        }
    }
    let theirs = |owner: &str| roles.iter().any(|role| role.as_str() == owner);
    let owned =
        actual.databases.iter().filter(|(name, found)| theirs(&found.owner) && !dropped.contains(name));
    RoleDependencies {
        inside,
        databases: owned.map(|(name, _)| name.clone()).collect(),
        // Privileges on shared objects, such as CONNECT on a database, end wherever DROP OWNED runs.
        shared: !roles.is_empty(),
        shared_owned: held.iter().any(|held| held.shared),
        stuck: held.iter().flat_map(|held| &held.stuck).filter_map(|stuck| stays(stuck, dropped)).collect(),
        guests: BTreeMap::new(),
    }
}

/// Describes an object that only a superuser may own, unless it is dropped with its database.
fn stays((place, what): &(Option<DbName>, String), dropped: &[DbName]) -> Option<String> {
    match place {
        Some(place) if dropped.contains(place) => None,
        Some(place) => Some(format!("{what} in {place}")),
        None => Some(what.clone()),
    }
}
