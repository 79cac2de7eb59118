//! One comparison for every kind of access list: wanted entries against found ones.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::Comparison;
use super::service_steps::ServiceSteps;
use crate::contract::{ObjectClass, Privilege, Privileges};
use crate::model::{AclEntry, DesiredService, Grantee, RoleKind, RoleName};
use crate::plan::action::Action;
use crate::plan::object::Object;
use crate::plan::stage::Risk;

/// What each grantee should hold, or may hold at most.
pub type Wanted = BTreeMap<Grantee, BTreeSet<Privilege>>;

/// What the contract gives the service's roles on a class: as much as it grants, or as much as it allows.
pub fn wanted(
    service: &DesiredService,
    class: ObjectClass,
    privileges: fn(RoleKind, ObjectClass) -> &'static [Privilege],
) -> Wanted {
    let rows = service.roles.iter().map(|(kind, role)| (role, privileges(*kind, class)));
    let held = rows.filter(|(_, privileges)| !privileges.is_empty());
    held.map(|(role, privileges)| (Grantee::Role(role.clone()), privileges.iter().copied().collect()))
        .collect()
}

/// An access list under comparison.
pub struct Acl<'a> {
    /// What it is about.
    pub on: Object,
    /// Its owner, whose own rights are never drift.
    pub owner: &'a str,
    /// What it holds.
    pub found: &'a [AclEntry],
    /// The risk of taking something away from PUBLIC.
    pub public_risk: Risk,
}

impl Acl<'_> {
    /// Grants what is wanted and missing.
    pub fn missing(&self, wanted: &Wanted, steps: &mut ServiceSteps<'_>) {
        for (grantee, privileges) in wanted {
            let held = self.held(grantee);
            let lacking: Vec<_> = privileges.difference(&held).copied().collect();
            if !lacking.is_empty() {
                let privileges = Privileges::new(lacking);
                let reason = format!("grant {privileges} on {} to {grantee}", self.on);
                steps.add(
                    Risk::Safe,
                    Action::Grant { on: self.on.clone(), privileges, to: grantee.clone() },
                    reason,
                );
            }
        }
    }

    /// Revokes what managed roles and PUBLIC hold beyond `allowed`; what others hold is prunable.
    pub fn beyond(&self, look: &Comparison<'_>, allowed: &Wanted, steps: &mut ServiceSteps<'_>) {
        let none = BTreeSet::new();
        let mut taken: BTreeMap<(&Grantee, &RoleName, bool), Vec<Privilege>> = BTreeMap::new();
        for found in self.found.iter().filter(|found| !self.is_owner(&found.grantee)) {
            let privilege = Privilege::named(&found.privilege);
            let fine = allowed.get(&found.grantee).unwrap_or(&none).contains(&privilege);
            if !fine || found.grantable {
                // A right that may stay loses only the option to pass it on.
                taken.entry((&found.grantee, &found.grantor, fine)).or_default().push(privilege);
            }
        }
        let mut taken: Vec<_> = taken.into_iter().collect();
        // A delegate's grants go before the delegate's own right: CASCADE would take them along, and the statement
        // for them would then only warn that there is nothing to revoke.
        taken.sort_by_key(|((grantee, ..), _)| std::cmp::Reverse(self.depth(grantee, 0)));
        for ((grantee, grantor, only_option), privileges) in taken {
            self.take(look, grantee, grantor, only_option, privileges, steps);
        }
    }

    fn take(
        &self,
        look: &Comparison<'_>,
        grantee: &Grantee,
        grantor: &RoleName,
        only_option: bool,
        privileges: Vec<Privilege>,
        steps: &mut ServiceSteps<'_>,
    ) {
        let privileges = Privileges::new(privileges);
        let right =
            if only_option { format!("the grant option for {privileges}") } else { privileges.to_string() };
        let delegated = grantor.as_str() != self.owner;
        let by = if delegated { format!(", granted by {grantor}") } else { String::new() };
        let reason = format!("{grantee} holds {right} on {}{by}: not in the manifest", self.on);
        let root = if delegated { self.root(look, grantor, 0) } else { None };
        let action = Action::Revoke {
            on: self.on.clone(),
            privileges,
            // A delegate of ours loses the option, and with it goes everything that hangs on it.
            from: root.clone().map_or_else(|| grantee.clone(), Grantee::Role),
            only_option: only_option || root.is_some(),
            grantor: (delegated && root.is_none()).then(|| grantor.clone()),
        };
        match (look.is_managed(grantee), grantee) {
            (false, _) => steps.prunable(action, reason),
            (true, Grantee::Public) => steps.add(self.public_risk, action, reason),
            (true, Grantee::Role(_)) => steps.add(Risk::Safe, action, reason),
        }
    }

    /// The first in a chain of managed delegates that begins at the owner. REVOKE as the owner reaches all of them;
    /// as the delegate itself it would need the delegate's way into the schema.
    fn root(&self, look: &Comparison<'_>, delegate: &RoleName, so_far: usize) -> Option<RoleName> {
        let grantee = Grantee::Role(delegate.clone());
        if !look.is_managed(&grantee) || so_far > self.found.len() {
            return None;
        }
        let holds = |found: &&AclEntry| found.grantee == grantee && found.grantable;
        let grantors: Vec<&RoleName> = self.found.iter().filter(holds).map(|found| &found.grantor).collect();
        match grantors.iter().any(|grantor| grantor.as_str() == self.owner) {
            true => Some(delegate.clone()),
            false => grantors.into_iter().find_map(|grantor| self.root(look, grantor, so_far + 1)),
        }
    }

    /// How many grants lie between the owner and a grantee, the longest way round.
    fn depth(&self, grantee: &Grantee, so_far: usize) -> usize {
        // A server keeps no circles; the bound is for lists that no server made.
        let from_others =
            |found: &&AclEntry| found.grantee == *grantee && found.grantor.as_str() != self.owner;
        let grantors = self.found.iter().filter(from_others).filter(|_| so_far < self.found.len());
        let above = grantors.map(|found| self.depth(&Grantee::Role(found.grantor.clone()), so_far + 1));
        above.max().unwrap_or(so_far)
    }

    fn held(&self, grantee: &Grantee) -> BTreeSet<Privilege> {
        let entries = self.found.iter().filter(|found| found.grantee == *grantee);
        entries.map(|found| Privilege::named(&found.privilege)).collect()
    }

    fn is_owner(&self, grantee: &Grantee) -> bool {
        matches!(grantee, Grantee::Role(role) if role.as_str() == self.owner)
    }
}
