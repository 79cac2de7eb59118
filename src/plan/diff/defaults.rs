//! Default privileges: what the owner creates later is usable at once by the roles that the contract names, and by no
//! others.
//!
//! They are set for the whole database: PostgreSQL adds the rows of single schemas to the global ones, so a
//! `REVOKE … FROM PUBLIC` in a schema would do nothing
//! (<https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html>).

use std::collections::{BTreeMap, BTreeSet};

use super::acl::wanted;
use super::comparison::Comparison;
use super::service_steps::ServiceSteps;
use crate::contract::{DefaultKind, Privilege, Privileges, builtin, granted};
use crate::model::{AclEntry, DefaultAcl, DesiredService, Grantee, RoleKind};
use crate::plan::action::Action;
use crate::plan::stage::Risk;

pub fn diff(look: &Comparison<'_>, service: &DesiredService, steps: &mut ServiceSteps<'_>) {
    let found = look.actual.databases.get(&service.database).and_then(|database| database.contents.as_ref());
    let rows: &[DefaultAcl] = found.map_or(&[], |contents| &contents.default_acls);
    let owner = service.role(RoleKind::Owner);
    for (kind, letter, ..) in DefaultKind::ALL {
        let global =
            rows.iter().find(|row| row.role == *owner && row.schema.is_none() && row.object == *letter);
        whole_database(look, service, *kind, global, steps);
    }
    for row in rows.iter().filter(|row| row.role != *owner || row.schema.is_some()) {
        elsewhere(look, service, row, steps);
    }
}

/// What PostgreSQL gives PUBLIC where no row says otherwise.
fn unset(kind: DefaultKind) -> Held {
    let privileges: BTreeSet<Privilege> = builtin(kind.class()).iter().copied().collect();
    let public = (!privileges.is_empty()).then_some((Grantee::Public, privileges));
    public.into_iter().collect()
}

type Held = BTreeMap<Grantee, BTreeSet<Privilege>>;

fn held(acl: &[AclEntry]) -> Held {
    let mut held = Held::new();
    for entry in acl {
        held.entry(entry.grantee.clone()).or_default().insert(Privilege::named(&entry.privilege));
    }
    held
}

fn whole_database(
    look: &Comparison<'_>,
    service: &DesiredService,
    kind: DefaultKind,
    row: Option<&DefaultAcl>,
    steps: &mut ServiceSteps<'_>,
) {
    let owner = service.role(RoleKind::Owner);
    let mut found = row.map_or_else(|| unset(kind), |row| held(&row.acl));
    found.remove(&Grantee::Role(owner.clone()));
    let wanted = wanted(service, kind.class(), granted);
    let nothing = BTreeSet::new();
    for (grantee, has) in &found {
        let extra: Vec<_> = has.difference(wanted.get(grantee).unwrap_or(&nothing)).copied().collect();
        if !extra.is_empty() {
            take(look, service, row, kind, grantee, Privileges::new(extra), false, steps);
        }
    }
    for (grantee, passed_on) in row.map_or_else(Held::new, |row| options(&row.acl, &wanted)) {
        take(look, service, row, kind, &grantee, Privileges::new(passed_on), true, steps);
    }
    for (grantee, privileges) in &wanted {
        let lacking: Vec<_> =
            privileges.difference(found.get(grantee).unwrap_or(&nothing)).copied().collect();
        if !lacking.is_empty() {
            let privileges = Privileges::new(lacking);
            let reason = format!(
                "grant {privileges} to {grantee} on future {} of {owner}",
                kind.word().to_lowercase()
            );
            let action =
                Action::GrantDefault { owner: owner.clone(), on: kind, privileges, to: grantee.clone() };
            steps.add(Risk::Safe, action, reason);
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "each is a part of one statement")]
fn take(
    look: &Comparison<'_>,
    service: &DesiredService,
    row: Option<&DefaultAcl>,
    kind: DefaultKind,
    grantee: &Grantee,
    privileges: Privileges,
    only_option: bool,
    steps: &mut ServiceSteps<'_>,
) {
    let owner = row.map_or_else(|| service.role(RoleKind::Owner).clone(), |row| row.role.clone());
    let schema = row.and_then(|row| row.schema.clone());
    let place = schema.as_ref().map_or_else(String::new, |schema| format!(" in schema {schema}"));
    let right =
        if only_option { format!("the grant option for {privileges}") } else { privileges.to_string() };
    let word = kind.word().to_lowercase();
    let managed = look.is_managed(grantee);
    let reason = if managed {
        format!("revoke {right} from {grantee} on future {word} of {owner}{place}")
    } else {
        format!("{grantee} gets {right} on future {word} of {owner}{place}: not in the manifest")
    };
    let from = grantee.clone();
    let action = Action::RevokeDefault { owner, schema, on: kind, privileges, from, only_option };
    if managed {
        steps.add(Risk::Safe, action, reason);
    } else {
        steps.prunable(action, reason);
    }
}

/// Rights that may stay, but not with the option to pass them on.
fn options(acl: &[AclEntry], allowed: &Held) -> Held {
    let kept = |entry: &&AclEntry| {
        let privilege = Privilege::named(&entry.privilege);
        entry.grantable && allowed.get(&entry.grantee).is_some_and(|fine| fine.contains(&privilege))
    };
    let entries: Vec<AclEntry> = acl.iter().filter(kept).cloned().collect();
    held(&entries)
}

/// Rows of single schemas, and rows of other roles that give our roles or everybody something.
fn elsewhere(
    look: &Comparison<'_>,
    service: &DesiredService,
    row: &DefaultAcl,
    steps: &mut ServiceSteps<'_>,
) {
    let Some(kind) = DefaultKind::from_letter(row.object) else { return };
    let by_us = look.is_managed(&Grantee::Role(row.role.clone()));
    let owner = service.role(RoleKind::Owner);
    let fine = if row.role == *owner { wanted(service, kind.class(), granted) } else { Held::new() };
    let builtin = if row.schema.is_none() { unset(kind) } else { Held::new() };
    let nothing = BTreeSet::new();
    for (grantee, passed_on) in options(&row.acl, &fine) {
        take(look, service, Some(row), kind, &grantee, Privileges::new(passed_on), true, steps);
    }
    for (grantee, has) in held(&row.acl) {
        let own = grantee == Grantee::Role(row.role.clone());
        let usual = builtin.get(&grantee).unwrap_or(&nothing);
        let allowed = fine.get(&grantee).unwrap_or(&nothing);
        let extra: Vec<_> =
            has.iter().filter(|one| !usual.contains(one) && !allowed.contains(one)).copied().collect();
        if !own && !extra.is_empty() && (by_us || look.is_managed(&grantee)) {
            take(look, service, Some(row), kind, &grantee, Privileges::new(extra), false, steps);
        }
    }
}
