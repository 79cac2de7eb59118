//! Groups in these files: their members, and roles that can become members because a login adds members to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::context::Audit;
use martydb_catalog::LineMatch;
use martydb_model::{self, RoleName};

pub(crate) struct Groups<'a> {
    /// Members by group.
    members: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Roles to which a service's role or an unmanaged login can add members, with that role or login.
    growable_group: BTreeMap<&'a str, &'a str>,
}

/// Memberships that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MembershipScope {
    /// Present memberships.
    Present,
    /// Includes memberships that a login could grant or revoke.
    Possible,
}

impl<'a> Groups<'a> {
    pub(crate) fn new(audit: &Audit<'a>, counted: MembershipScope) -> Groups<'a> {
        let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in &audit.actual.memberships {
            members.entry(row.role.as_str()).or_default().insert(row.member.as_str());
        }
        let growable_group =
            if counted == MembershipScope::Possible { growable_group(audit) } else { BTreeMap::new() };
        Groups { members, growable_group }
    }

    /// Compares a role with a group's members; uncertain if a login can add or remove members.
    pub(crate) fn has_member(&self, role: &str, group: &str) -> LineMatch {
        if self.grower(group).is_some() { LineMatch::Perhaps } else { self.is_member(role, group).into() }
    }

    /// Returns the login that can add members to the group, or to a group in it.
    pub(crate) fn grower(&self, group: &str) -> Option<&'a str> {
        let mut growable_group = self.growable_group.iter();
        growable_group.find(|(role, _)| self.is_member(role, group)).map(|(_, grower)| *grower)
    }

    /// Returns `true` for direct and indirect members, whether or not they inherit; each role is a member of itself.
    fn is_member(&self, role: &str, group: &str) -> bool {
        let (mut seen, mut next) = (BTreeSet::from([group]), vec![group]);
        while let Some(one) = next.pop() {
            if one == role {
                return true;
            }
            let members = self.members.get(one).into_iter().flatten().copied();
            next.extend(members.filter(|member| seen.insert(member)));
        }
        false
    }
}

/// Returns the roles that can get new members. A role with ADMIN OPTION on a role can grant it to any other
/// role, even a superuser. Before 16, CREATEROLE allows that for every role. Only a superuser can grant a
/// superuser's role.
fn growable_group<'a>(audit: &Audit<'a>) -> BTreeMap<&'a str, &'a str> {
    let roles = &audit.actual.roles;
    let is_superuser = |role: &RoleName| roles.get(role).is_some_and(|found| found.superuser);
    let managed = audit.roles.all_managed().map(|(role, ..)| role);
    let mut growable_group = BTreeMap::new();
    for login in managed.chain(audit.roles.unmanaged_logins()) {
        let reachable = audit.roles.reachable(login);
        let acts_as: BTreeSet<&RoleName> = reachable.iter().map(|path| path.role).chain([login]).collect();
        if acts_as.iter().any(|role| is_superuser(role)) {
            continue;
        }
        let has_admin = |row: &&martydb_model::Membership| row.admin && acts_as.contains(&row.member);
        let granted = audit.actual.memberships.iter().filter(has_admin).map(|row| &row.role);
        let creates = audit.actual.major() < 16
            && acts_as.iter().any(|role| roles.get(*role).is_some_and(|found| found.createrole));
        let all = roles.keys().filter(|_| creates);
        for role in granted.chain(all).filter(|role| !is_superuser(role)) {
            growable_group.entry(role.as_str()).or_insert(login.as_str());
        }
    }
    growable_group
}
