//! Who can act as whom: memberships followed to their end, through roles that nobody declared, by MEMBER and not
//! by what is inherited. ADMIN alone counts: its holder is one GRANT away.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ActualServer, DesiredServer, DesiredService, Membership, RoleKind, RoleName};

/// What the audit knows of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// One of the four roles of a service, or the twin of one.
    Managed(&'a DesiredService, RoleKind),
    /// A superuser, the admin, or a member of what may own the databases: nothing fences them in.
    Trusted,
    /// Made by PostgreSQL: `pg_monitor` and its like.
    Predefined,
    /// Nobody declared it.
    Unmanaged,
}

/// The roles of one server, classified and connected.
pub struct Roles<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    trusted: BTreeSet<&'a RoleName>,
    /// Rows that nobody declared, by member.
    undeclared: BTreeMap<&'a RoleName, Vec<&'a Membership>>,
}

/// One role that can be reached, and the first membership on the way: the one to revoke.
#[derive(Debug, Clone, Copy)]
pub struct Reached<'a> {
    /// Where the way ends.
    pub role: &'a RoleName,
    /// How it starts.
    pub first: &'a Membership,
    /// How it ends.
    pub last: &'a Membership,
}

impl<'a> Roles<'a> {
    /// Classifies every role.
    pub fn new(desired: &'a DesiredServer, actual: &'a ActualServer) -> Self {
        let mut roles = Roles { desired, actual, trusted: BTreeSet::new(), undeclared: BTreeMap::new() };
        roles.trusted = roles.find_trusted();
        for row in &actual.memberships {
            if !roles.is_declared(row) {
                roles.undeclared.entry(&row.member).or_default().push(row);
            }
        }
        roles
    }

    /// What a role is; one that is gone is nobody's.
    pub fn who(&self, role: &RoleName) -> Who<'a> {
        match self.managed(role) {
            Some((service, kind)) => Who::Managed(service, kind),
            None if self.trusted.contains(role) => Who::Trusted,
            None if role.as_str().starts_with("pg_") => Who::Predefined,
            None => Who::Unmanaged,
        }
    }

    /// The service and kind of a role or of the twin that a rotation gave it.
    pub fn managed(&self, role: &RoleName) -> Option<(&'a DesiredService, RoleKind)> {
        let first = || {
            let first = RoleName::found(role.as_str().strip_suffix(crate::TWIN_SUFFIX)?).ok()?;
            self.desired.managed_role(&first).filter(|(_, kind)| *kind != RoleKind::Owner)
        };
        self.desired.managed_role(role).or_else(first)
    }

    /// Every role of a service of this manifest that exists, twins included.
    pub fn all_managed(&self) -> impl Iterator<Item = (&'a RoleName, &'a DesiredService, RoleKind)> + '_ {
        self.actual
            .roles
            .keys()
            .filter_map(|role| self.managed(role).map(|(service, kind)| (role, service, kind)))
    }

    /// Logins that are neither a service's nor trusted.
    pub fn strangers(&self) -> impl Iterator<Item = &'a RoleName> + '_ {
        let logins = self.actual.roles.iter().filter(|(_, found)| found.login).map(|(name, _)| name);
        logins.filter(|name| self.who(name) == Who::Unmanaged)
    }

    /// Everything that a role can become by memberships that nobody declared. A service's role ends the way: what
    /// it can become is told of it.
    pub fn reached(&self, from: &'a RoleName) -> Vec<Reached<'a>> {
        let mut found: BTreeMap<&RoleName, Reached<'a>> = BTreeMap::new();
        let mut next: Vec<(&'a RoleName, Option<&'a Membership>)> = vec![(from, None)];
        while let Some((member, first)) = next.pop() {
            for row in self.undeclared.get(member).into_iter().flatten() {
                let reached = Reached { role: &row.role, first: first.unwrap_or(row), last: row };
                if row.role != *from && !found.contains_key(&row.role) {
                    found.insert(&row.role, reached);
                    if self.managed(&row.role).is_none() {
                        next.push((&row.role, Some(reached.first)));
                    }
                }
            }
        }
        found.into_values().collect()
    }

    /// Roles of services and strange logins that can act as this role. Of a service's role that is the role alone:
    /// whoever else can become it is told as a member.
    pub fn behind(&self, role: &'a RoleName) -> Vec<&'a RoleName> {
        if self.managed(role).is_some() {
            return vec![role];
        }
        let all = self.all_managed().map(|(name, _, _)| name).chain(self.strangers());
        all.filter(|name| *name == role || self.reached(name).iter().any(|reached| reached.role == role))
            .collect()
    }

    fn is_declared(&self, row: &Membership) -> bool {
        let Some((service, kind)) = self.managed(&row.member) else { return false };
        let as_owner = kind == RoleKind::Migrator && row.role == *service.role(RoleKind::Owner);
        let twin = row.member.as_str().strip_suffix(crate::TWIN_SUFFIX) == Some(row.role.as_str());
        (as_owner || twin) && !row.admin
    }

    fn find_trusted(&self) -> BTreeSet<&'a RoleName> {
        let actual = self.actual;
        let superusers = actual.roles.iter().filter(|(_, found)| found.superuser).map(|(name, _)| name);
        let mut trusted: BTreeSet<&RoleName> = superusers.collect();
        trusted.extend(actual.roles.keys().filter(|name| name.as_str() == actual.admin.name));
        trusted.extend(self.desired.database_owner.iter().filter(|name| actual.roles.contains_key(*name)));
        let of_admin = actual.memberships.iter().filter(|row| row.member.as_str() == actual.admin.name);
        let owners: BTreeSet<&str> = self
            .desired
            .services
            .values()
            .filter_map(|service| actual.databases.get(&service.database))
            .map(|found| found.owner.as_str())
            .collect();
        trusted.extend(of_admin.map(|row| &row.role).filter(|role| owners.contains(role.as_str())));
        // Members of a database's rightful owner own it too.
        let groups: BTreeSet<&RoleName> = trusted
            .iter()
            .copied()
            .filter(|role| owners.contains(role.as_str()) && !actual.roles[*role].superuser)
            .collect();
        trusted.extend(
            actual.memberships.iter().filter(|row| groups.contains(&row.role)).map(|row| &row.member),
        );
        trusted.retain(|role| self.managed(role).is_none());
        trusted
    }
}
