//! Groups in these files: who is a member of one, and who can become one because a login adds members to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::context::Audit;
use crate::catalog::LineMatch;
use martydb_model::{self, RoleName};

pub struct Groups<'a> {
    /// By group.
    members: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The roles to which a service's role or an unmanaged login adds members, and that role or login.
    growing: BTreeMap<&'a str, &'a str>,
}

/// Which memberships count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Those of today.
    Present,
    /// And those that a login can make or end.
    Possible,
}

impl<'a> Groups<'a> {
    pub fn of(audit: &Audit<'a>, counted: Counted) -> Groups<'a> {
        let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in &audit.actual.memberships {
            members.entry(row.role.as_str()).or_default().insert(row.member.as_str());
        }
        let growing = if counted == Counted::Possible { growing(audit) } else { BTreeMap::new() };
        Groups { members, growing }
    }

    /// What is not certain is what a login can change: it adds members and takes them away.
    pub fn has_member(&self, role: &str, group: &str) -> LineMatch {
        if self.grower(group).is_some() { LineMatch::Perhaps } else { self.is_member(role, group).into() }
    }

    /// Who adds members to the group, or to one of the groups in it.
    pub fn grower(&self, group: &str) -> Option<&'a str> {
        let mut growing = self.growing.iter();
        growing.find(|(role, _)| self.is_member(role, group)).map(|(_, grower)| *grower)
    }

    /// Direct and indirect members count, whatever the membership inherits; each role is a member of itself.
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

/// Who has ADMIN OPTION on a role grants it to every other role, superusers among them. Before 16 CREATEROLE gives that
/// on every role. Only a superuser grants a superuser's role.
fn growing<'a>(audit: &Audit<'a>) -> BTreeMap<&'a str, &'a str> {
    let roles = &audit.actual.roles;
    let is_superuser = |role: &RoleName| roles.get(role).is_some_and(|found| found.superuser);
    let managed = audit.roles.all_managed().map(|(role, ..)| role);
    let mut growing = BTreeMap::new();
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
            growing.entry(role.as_str()).or_insert(login.as_str());
        }
    }
    growing
}
