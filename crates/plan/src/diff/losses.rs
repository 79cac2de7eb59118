//! Losses of access: logins that hold a privilege only through PUBLIC or a group from which the plan revokes
//! it, and privileges that remain but become unusable.

mod access_after;
#[cfg(test)]
mod tests;
mod unusable;

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Action;
use crate::loss::{Loss, LostObject};
use crate::object::Object;
use crate::stage::Risk;
use crate::step::{Plan, Step};
use access_after::AccessAfter;
use martydb_model::contract::Privilege;
use martydb_model::{ActualServer, DesiredServer, Grantee, ObjectKind, RoleName};

/// Adds the losses to the plan, makes such steps `caution`, and marks the remaining privileges that are dead.
pub(crate) fn name_in_plan(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    let access_after = AccessAfter::new(desired, actual, plan);
    let lost: Vec<(usize, Vec<Loss>)> = (plan.steps.iter().enumerate())
        .map(|(at, step)| (at, lost(&access_after, step)))
        .filter(|(_, lost)| !lost.is_empty())
        .collect();
    let dead: Vec<(usize, String)> = plan
        .prunable
        .iter()
        .enumerate()
        .filter_map(|(at, step)| Some((at, unusable::why(&access_after, step)?)))
        .collect();
    for (at, why) in dead {
        plan.prunable[at].reason += &why;
    }
    for (at, lost) in &lost {
        let step = &mut plan.steps[*at];
        step.risk = step.risk.max(Risk::Caution);
        lost.iter().for_each(|loss| step.reason += &in_step(loss));
    }
    plan.losses = grouped(lost.into_iter().flat_map(|(_, lost)| lost));
}

/// Describes a loss for the reason of a step that closes a database or a schema; there are too many others.
fn in_step(loss: &Loss) -> String {
    let can = match (&loss.on, loss.privilege) {
        (LostObject::Database, Privilege::Connect) => "connect",
        (LostObject::Schema(_), Privilege::Usage) => "use it",
        _ => return String::new(),
    };
    let declare = if loss.is_declarable() { ", or declare it under `access:`" } else { "" };
    let grant = &loss.grants()[0];
    format!("; {} can {can} by nothing else (to keep: {}{declare})", loss.names(), grant.shown())
}

/// Merges losses into one entry for all objects of a kind.
fn grouped(lost: impl Iterator<Item = Loss>) -> Vec<Loss> {
    let mut all: BTreeMap<_, Loss> = BTreeMap::new();
    for loss in lost {
        let on = match &loss.on {
            LostObject::Objects(kind, _) => LostObject::Objects(*kind, BTreeSet::new()),
            other => other.clone(),
        };
        let key = (
            loss.service.is_none(),
            loss.service.clone(),
            loss.database.clone(),
            on,
            loss.privilege,
            loss.from.clone(),
        );
        let Some(known) = all.get_mut(&key) else {
            all.insert(key, loss);
            continue;
        };
        if let (LostObject::Objects(_, all), LostObject::Objects(_, more)) = (&mut known.on, loss.on) {
            all.extend(more);
        }
        known.roles =
            known.roles.iter().chain(&loss.roles).cloned().collect::<BTreeSet<_>>().into_iter().collect();
    }
    all.into_values().collect()
}

/// Returns what one step takes from logins that hold it through nothing else.
fn lost(access_after: &AccessAfter<'_>, step: &Step) -> Vec<Loss> {
    let Some(database) = &step.database else { return vec![] };
    let loss = |privilege, on, from: &Grantee, roles: Vec<RoleName>| {
        let (service, database, from) = (step.service.clone(), database.clone(), from.clone());
        Some(Loss { service, database, privilege, on, from, roles }).filter(|loss| !loss.roles.is_empty())
    };
    match &step.action {
        Action::Revoke { on, privileges, from, only_option: false, .. } => {
            let Some(lost_on) = lost_on(on) else { return vec![] };
            let one = |privilege| {
                let roles = access_after.losers(database, on, privilege, from);
                loss(privilege, lost_on.clone(), from, roles)
            };
            // No login relies on temporary tables in the maintenance database.
            let counts = |privilege: &Privilege| step.service.is_some() || *privilege == Privilege::Connect;
            privileges.iter().filter(counts).filter_map(one).collect()
        }
        Action::RevokeDefault { owner, schema, on, privileges, from, only_option: false } => {
            let one = |privilege| {
                let roles =
                    access_after.losers_of_future(database, (owner, schema.as_ref(), *on), privilege, from);
                loss(privilege, LostObject::Future(owner.clone(), schema.clone(), on.letter()), from, roles)
            };
            privileges.iter().filter_map(one).collect()
        }
        _ => vec![],
    }
}

/// Returns the lost object. Usage of a type counts only for roles that create objects with it.
fn lost_on(on: &Object) -> Option<LostObject> {
    match on {
        Object::Database(_) => Some(LostObject::Database),
        Object::Schema(schema) => Some(LostObject::Schema(schema.clone())),
        Object::Named { kind: ObjectKind::Type, .. } | Object::Other { .. } | Object::Column { .. } => None,
        Object::Named { kind, .. } | Object::Routine { kind, .. } => {
            Some(LostObject::Objects(*kind, [on.clone()].into()))
        }
    }
}
