//! Transitive memberships of roles.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ActualServer, Membership, RoleName};

/// Memberships by member.
pub struct RoleGraph<'a>(BTreeMap<&'a RoleName, Vec<&'a Membership>>);

/// A reachable role, with the first and the last membership on the way.
#[derive(Debug, Clone, Copy)]
pub struct RolePath<'a> {
    pub role: &'a RoleName,
    pub first: &'a Membership,
    pub last: &'a Membership,
}

impl<'a> RoleGraph<'a> {
    pub fn new(memberships: impl IntoIterator<Item = &'a Membership>) -> RoleGraph<'a> {
        let mut by_member: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in memberships {
            by_member.entry(&row.member).or_default().push(row);
        }
        RoleGraph(by_member)
    }

    /// Returns all roles that a role can become, sorted by name. Paths end where `goes_on` is false.
    pub fn reachable(&self, from: &'a RoleName, goes_on: impl Fn(&'a RoleName) -> bool) -> Vec<RolePath<'a>> {
        let mut found: BTreeMap<&RoleName, RolePath<'a>> = BTreeMap::new();
        let mut next: Vec<(&'a RoleName, Option<&'a Membership>)> = vec![(from, None)];
        while let Some((member, first)) = next.pop() {
            for row in self.0.get(member).into_iter().flatten() {
                let path = RolePath { role: &row.role, first: first.unwrap_or(row), last: row };
                if row.role != *from && !found.contains_key(&row.role) {
                    found.insert(&row.role, path);
                    if goes_on(&row.role) {
                        next.push((&row.role, Some(path.first)));
                    }
                }
            }
        }
        found.into_values().collect()
    }
}

impl ActualServer {
    /// Returns the role and all whose privileges it inherits without `SET ROLE`.
    pub fn inherited_by<'a>(&'a self, role: &'a RoleName) -> BTreeSet<&'a RoleName> {
        let graph = RoleGraph::new(self.memberships.iter().filter(|row| row.inherit));
        graph.reachable(role, |_| true).iter().map(|path| path.role).chain([role]).collect()
    }

    /// Returns the role and its direct and indirect members.
    pub fn who_can_become<'a>(&'a self, role: &'a RoleName) -> BTreeSet<&'a RoleName> {
        let (mut found, mut next) = (BTreeSet::from([role]), vec![role]);
        while let Some(role) = next.pop() {
            let members = self.memberships.iter().filter(|row| row.role == *role).map(|row| &row.member);
            next.extend(members.filter(|member| found.insert(member)));
        }
        found
    }
}
