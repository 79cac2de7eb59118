//! Comparison of access lists of every kind: desired entries with actual ones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::comparison::Comparison;
use crate::action::Action;
use crate::object::Object;
use crate::stage::Risk;
use martydb_model::contract::{ObjectClass, Privilege, Privileges, access_to, access_to_future};
use martydb_model::{AccessTarget, AclEntry, DesiredService, Grantee, RoleKind, RoleName, SchemaName};

/// Privileges by grantee: held, required or allowed.
pub(crate) type Holding = BTreeMap<Grantee, BTreeSet<Privilege>>;

/// Returns the privileges of the service's roles on a class by the contract: those that it grants, or those
/// that it allows.
pub(crate) fn wanted(
    service: &DesiredService,
    class: ObjectClass,
    privileges: fn(RoleKind, ObjectClass) -> &'static [Privilege],
) -> Holding {
    let rows = service.roles.iter().map(|(kind, role)| (role, privileges(*kind, class)));
    let held = rows.filter(|(_, privileges)| !privileges.is_empty());
    held.map(|(role, privileges)| (Grantee::Role(role.clone()), privileges.iter().copied().collect()))
        .collect()
}

/// Returns the privileges of further roles on a class of objects by the manifest.
pub(crate) fn declared(service: &DesiredService, class: ObjectClass, spot: AccessTarget<'_>) -> Holding {
    collected(access_to(service, class, spot))
}

/// Returns their privileges on the owner's future objects, everywhere or in one schema.
pub(crate) fn declared_future(
    service: &DesiredService,
    class: ObjectClass,
    schema: Option<&SchemaName>,
) -> Holding {
    collected(access_to_future(service, class, schema))
}

fn collected<'a>(held: impl Iterator<Item = (&'a RoleName, &'static [Privilege])>) -> Holding {
    let mut all = Holding::new();
    for (role, privileges) in held {
        all.entry(Grantee::Role(role.clone())).or_default().extend(privileges);
    }
    all
}

pub(crate) fn held<'a>(acl: impl IntoIterator<Item = &'a AclEntry>) -> Holding {
    let mut held = Holding::new();
    for entry in acl {
        held.entry(entry.grantee.clone()).or_default().insert(Privilege::named(&entry.privilege));
    }
    held
}

/// Returns what is held in `one` and not in `other`.
pub(crate) fn difference(one: &Holding, other: &Holding) -> Vec<(Grantee, Privileges)> {
    let none = BTreeSet::new();
    let rows = one.iter().map(|(grantee, privileges)| {
        let more = privileges.difference(other.get(grantee).unwrap_or(&none));
        (grantee.clone(), Privileges::new(more.copied()))
    });
    rows.filter(|(_, more)| !more.is_empty()).collect()
}

/// Describes what a REVOKE takes.
pub(crate) fn taken(privileges: &Privileges, only_option: bool) -> String {
    if only_option { format!("the grant option for {privileges}") } else { privileges.to_string() }
}

/// An access list to compare.
pub(crate) struct Acl<'a> {
    pub on: Object,
    /// Its owner, whose own privileges are never drift.
    pub owner: &'a str,
    /// Its next owner, if that changes: privileges of that role become an owner's own.
    pub next_owner: Option<&'a str>,
    pub found: &'a [AclEntry],
}

impl Acl<'_> {
    /// Grants missing privileges. Those of the old owner do not count, because they end with its ownership.
    pub(crate) fn missing(&self, look: &mut Comparison<'_>, wanted: &Holding) {
        let others = self.found.iter().filter(|found| !self.is_owner(&found.grantee));
        for (to, privileges) in difference(wanted, &held(others)) {
            let reason = format!("grant {privileges} on {} to {to}", self.on);
            look.add(Risk::Safe, Action::Grant { on: self.on.clone(), privileges, to }, reason);
        }
    }

    /// Revokes what managed roles and PUBLIC hold beyond `allowed`; what other roles hold is prunable.
    pub(crate) fn beyond(&self, look: &mut Comparison<'_>, allowed: &Holding) {
        let mut taken: BTreeMap<(&Grantee, &RoleName, bool), Vec<Privilege>> = BTreeMap::new();
        let next = |found: &&AclEntry| found.grantee.role().map(RoleName::as_str) == self.next_owner;
        let owners =
            |found: &&AclEntry| self.is_owner(&found.grantee) || self.next_owner.is_some() && next(found);
        for found in self.found.iter().filter(|found| !owners(found)) {
            let privilege = Privilege::named(&found.privilege);
            let fine = allowed.get(&found.grantee).is_some_and(|fine| fine.contains(&privilege));
            if !fine || found.grantable {
                // An allowed privilege loses only its grant option.
                taken.entry((&found.grantee, &found.grantor, fine)).or_default().push(privilege);
            }
        }
        let mut taken: Vec<_> = taken.into_iter().collect();
        // A delegate's grants are revoked before its own privilege: CASCADE would revoke them too, and their
        // own statement would then only warn that there is nothing to revoke.
        taken.sort_by_key(|((grantee, ..), _)| Reverse(self.depth(grantee, 0)));
        for ((grantee, grantor, only_option), privileges) in taken {
            self.revoke(look, grantee, grantor, only_option, Privileges::new(privileges));
        }
    }

    fn is_owner(&self, grantee: &Grantee) -> bool {
        grantee.role().is_some_and(|role| role.as_str() == self.owner)
    }

    fn revoke(
        &self,
        look: &mut Comparison<'_>,
        grantee: &Grantee,
        grantor: &RoleName,
        only_option: bool,
        privileges: Privileges,
    ) {
        let right = taken(&privileges, only_option);
        let delegated = grantor.as_str() != self.owner;
        let by = if delegated { format!(", granted by {grantor}") } else { String::new() };
        let reason = format!("{grantee} holds {right} on {}{by}: not in the manifest", self.on);
        let root = if delegated { self.root(look, grantor, 0) } else { None };
        let action = Action::Revoke {
            on: self.on.clone(),
            privileges,
            only_option: only_option || root.is_some(),
            grantor: (delegated && root.is_none()).then(|| grantor.clone()),
            // Revoking the option from a delegate of ours also revokes everything that depends on it.
            from: root.map_or_else(|| grantee.clone(), Grantee::Role),
        };
        if !look.is_managed(grantee) {
            look.add_prunable(action, reason);
        } else {
            let risk = match grantee {
                Grantee::Public => look.caution(),
                _ if look.is_taken_over(grantee) => Risk::Caution,
                _ => Risk::Safe,
            };
            look.add(risk, action, reason);
        }
    }

    /// Returns the first in a chain of managed delegates that begins at the owner. REVOKE as the owner reaches
    /// all of them; as the delegate itself it would need USAGE on the schema.
    fn root(&self, look: &Comparison<'_>, delegate: &RoleName, so_far: usize) -> Option<RoleName> {
        let grantee = Grantee::Role(delegate.clone());
        if !look.is_managed(&grantee) || so_far > self.found.len() {
            return None;
        }
        let holds = self.found.iter().filter(|found| found.grantee == grantee && found.grantable);
        let mut grantors = holds.map(|found| &found.grantor);
        if grantors.clone().any(|grantor| grantor.as_str() == self.owner) {
            return Some(delegate.clone());
        }
        grantors.find_map(|grantor| self.root(look, grantor, so_far + 1))
    }

    /// Returns the number of grants between the owner and a grantee, on the longest chain.
    fn depth(&self, grantee: &Grantee, so_far: usize) -> usize {
        // A server has no cycles of grants; the bound protects against other inputs.
        let from_others =
            |found: &&AclEntry| found.grantee == *grantee && found.grantor.as_str() != self.owner;
        let grantors = self.found.iter().filter(from_others).filter(|_| so_far < self.found.len());
        let above = grantors.map(|found| self.depth(&Grantee::Role(found.grantor.clone()), so_far + 1));
        above.max().unwrap_or(so_far)
    }
}
