//! Whole roles and databases that carry this manifest's marker and that nobody declares any more: for `--prune` alone.
//!
//! A lost or changed comment means "not ours": two manifests on one server leave each other alone.

use std::collections::BTreeSet;

use super::Look;
use crate::model::{ActualServer, DbName, DesiredServer, RoleName};
use crate::plan::{Action, Risk, Stage, Step};

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

pub fn diff(look: &mut Look<'_>) {
    let marker = look.desired.marker();
    let declared: BTreeSet<&DbName> =
        look.desired.services.values().map(|service| &service.database).collect();
    let marked = look.actual.databases.iter().filter(|(_, found)| found.comment.as_deref() == Some(&marker));
    let databases: Vec<DbName> =
        marked.map(|(name, _)| name.clone()).filter(|name| !declared.contains(name)).collect();
    let roles = roles(look.desired, look.actual);
    for name in &databases {
        let reason = format!("database {name} carries this manifest's marker, and no service declares it");
        let action = Action::DropDatabase { database: name.clone() };
        look.plan.prunable.push(step(Some(name), Stage::Create, action, reason));
    }
    if !roles.is_empty() {
        empty_and_drop(look, &databases, roles);
    }
}

/// A role that owns or holds something anywhere cannot be dropped: what it owns goes to the database's owner first.
fn empty_and_drop(look: &mut Look<'_>, dropped: &[DbName], roles: Vec<RoleName>) {
    let held = roles.iter().filter_map(|role| look.actual.holdings.get(role)).flatten();
    let mut places: BTreeSet<DbName> = held.filter(|place| !dropped.contains(place)).cloned().collect();
    // Rights on shared objects, such as CONNECT on a database, end wherever DROP OWNED runs.
    places.extend(DbName::found(look.actual.maintenance.clone()));
    for place in places {
        let here = |role: &&RoleName| look.actual.holdings.get(*role).is_some_and(|all| all.contains(&place));
        let owning: Vec<RoleName> = roles.iter().filter(here).cloned().collect();
        let owner =
            look.actual.databases.get(&place).and_then(|found| RoleName::found(found.owner.clone()).ok());
        if let (false, Some(to)) = (owning.is_empty(), owner) {
            let reason = format!("what undeclared roles own in database {place} goes to {to}");
            look.plan.prunable.push(step(
                Some(&place),
                Stage::Inside,
                Action::Reassign { roles: owning, to },
                reason,
            ));
        }
        let reason = format!("undeclared roles lose what they hold in database {place}");
        look.plan.prunable.push(step(
            Some(&place),
            Stage::Inside,
            Action::DropOwned { roles: roles.clone() },
            reason,
        ));
    }
    let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
    let reason = format!("{}: this manifest's marker, and no service declares them", names.join(", "));
    look.plan.prunable.push(step(None, Stage::Admit, Action::DropRoles { roles }, reason));
}

fn step(database: Option<&DbName>, stage: Stage, action: Action, reason: String) -> Step {
    Step { service: None, database: database.cloned(), stage, action, reason, risk: Risk::Destructive }
}
