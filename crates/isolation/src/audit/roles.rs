//! Roles that can act as other roles: all paths of memberships, also through unmanaged roles, by MEMBER and not
//! by inheritance. ADMIN is enough: its holder needs only one GRANT.

use std::collections::{BTreeMap, BTreeSet};

use martydb_model::contract::{self, MEMBERSHIPS, MemberLogin, MembershipRule};
use martydb_model::{
    ActualServer, DesiredServer, DesiredService, Membership, RoleGraph, RoleKind, RoleName, RolePath,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleClass<'a> {
    /// One of the four roles of a service, or the alternate login of one.
    Managed(&'a DesiredService, RoleKind),
    /// A superuser, the admin, or a member of a role that may own the databases: no privilege limits them.
    Trusted,
    /// A role of PostgreSQL: `pg_monitor` and the like.
    Predefined,
    Unmanaged,
}

pub struct Roles<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    trusted: BTreeSet<&'a RoleName>,
    suspended: BTreeSet<&'a RoleName>,
    undeclared: RoleGraph<'a>,
    /// Roles that can act as each role, without the services' own.
    actors: BTreeMap<&'a RoleName, Vec<&'a RoleName>>,
}

impl<'a> Roles<'a> {
    pub fn new(
        desired: &'a DesiredServer,
        actual: &'a ActualServer,
        suspended: BTreeSet<&'a RoleName>,
    ) -> Self {
        let (trusted, undeclared) = (BTreeSet::new(), RoleGraph::new([]));
        let mut roles = Roles { desired, actual, trusted, suspended, undeclared, actors: BTreeMap::new() };
        roles.trusted = roles.find_trusted();
        roles.undeclared = RoleGraph::new(actual.memberships.iter().filter(|row| !roles.is_declared(row)));
        roles.actors = roles.all_actors();
        roles
    }

    /// Returns the class of a role; a role that was dropped is unmanaged.
    pub(crate) fn class_of(&self, role: &RoleName) -> RoleClass<'a> {
        match self.managed(role) {
            Some((service, kind)) => RoleClass::Managed(service, kind),
            None if self.trusted.contains(role) => RoleClass::Trusted,
            None if role.as_str().starts_with("pg_") => RoleClass::Predefined,
            None => RoleClass::Unmanaged,
        }
    }

    /// Returns the service and kind of a role, or of the login whose alternate it is.
    pub fn managed(&self, role: &RoleName) -> Option<(&'a DesiredService, RoleKind)> {
        contract::managed(self.desired, role)
    }

    /// Returns every existing role of a service of this manifest, alternate logins included.
    pub(crate) fn all_managed(
        &self,
    ) -> impl Iterator<Item = (&'a RoleName, &'a DesiredService, RoleKind)> + '_ {
        let managed = |role| self.managed(role).map(|(service, kind)| (role, service, kind));
        self.actual.roles.keys().filter_map(managed)
    }

    /// Returns logins that are neither a service's nor trusted, and that the server may let in.
    pub(crate) fn unmanaged_logins(&self) -> impl Iterator<Item = &'a RoleName> + '_ {
        let logins = self.actual.roles.iter().filter(|(_, found)| found.login).map(|(name, _)| name);
        logins.filter(|name| self.class_of(name) == RoleClass::Unmanaged && !self.suspended.contains(name))
    }

    /// Returns such logins that the server lets in nowhere, until someone lifts their limit or sets another date.
    pub(crate) fn suspended_logins(&self) -> impl Iterator<Item = &'a RoleName> + '_ {
        let unmanaged = |name: &&'a RoleName| self.class_of(name) == RoleClass::Unmanaged;
        self.suspended.iter().copied().filter(unmanaged)
    }

    /// Returns every role that a role can become by undeclared memberships. A path ends at a service's role,
    /// whose own memberships are findings of their own.
    pub fn reachable(&self, from: &'a RoleName) -> Vec<RolePath<'a>> {
        self.undeclared.reachable(from, |role| self.managed(role).is_none())
    }

    /// Returns roles of services and unmanaged logins that can act as this role. For a service's role that is
    /// only the role itself: any other role that can become it is reported as a member.
    pub(crate) fn actors(&self, role: &'a RoleName) -> Vec<&'a RoleName> {
        if self.managed(role).is_some() {
            return vec![role];
        }
        self.actors.get(role).cloned().unwrap_or_default()
    }

    fn all_actors(&self) -> BTreeMap<&'a RoleName, Vec<&'a RoleName>> {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for name in self.all_managed().map(|(name, _, _)| name).chain(self.unmanaged_logins()) {
            let reached = self.reachable(name).into_iter().map(|path| path.role);
            reached.chain([name]).for_each(|role| all.entry(role).or_default().push(name));
        }
        all
    }

    fn is_declared(&self, row: &Membership) -> bool {
        let Some((service, kind)) = self.managed(&row.member) else { return false };
        let login =
            if row.member == *service.role(kind) { MemberLogin::Primary } else { MemberLogin::Alternate };
        let fits = |rule: &MembershipRule| {
            rule.member == kind && rule.login == login && row.role == *service.role(rule.of)
        };
        !row.admin && MEMBERSHIPS.iter().any(fits)
    }

    fn find_trusted(&self) -> BTreeSet<&'a RoleName> {
        let actual = self.actual;
        let superusers = actual.roles.iter().filter(|(_, found)| found.superuser).map(|(name, _)| name);
        let mut trusted: BTreeSet<&RoleName> = superusers.collect();
        trusted.extend(actual.roles.keys().filter(|name| name.as_str() == actual.admin.name));
        trusted.extend(self.desired.database_owner.iter().filter(|name| actual.roles.contains_key(*name)));
        let databases = self.desired.services.values().filter_map(|one| actual.databases.get(&one.database));
        let owners: BTreeSet<&str> = databases.map(|found| found.owner.as_str()).collect();
        let owns = |role: &RoleName| owners.contains(role.as_str());
        let of_admin = actual.memberships.iter().filter(|row| row.member.as_str() == actual.admin.name);
        trusted.extend(of_admin.map(|row| &row.role).filter(|role| owns(role)));
        // Members of a database's rightful owner own it too.
        let is_group =
            |role: &RoleName| trusted.contains(role) && owns(role) && !actual.roles[role].superuser;
        let of_groups: Vec<&RoleName> =
            actual.memberships.iter().filter(|row| is_group(&row.role)).map(|row| &row.member).collect();
        trusted.extend(of_groups);
        trusted.retain(|role| self.managed(role).is_none());
        trusted
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::{NOTHING, Server, assert_finds, healthy};

    /// The alternate login of `blue_app`, as a rotation makes it.
    fn rotated() -> Server {
        let server = healthy().member("blue_app_b", "blue_app").set("blue_app_b", "temp_file_limit", "1GB");
        let server = server.set_inside("blue_app_b", "blue_db", "search_path", "public");
        let server = server.set_inside("blue_app_b", "blue_db", "role", "blue_app");
        server.role("blue_app_b", |found| (found.login, found.connection_limit) = (true, 6))
    }

    #[test]
    fn an_alternate_login_is_judged_as_the_one_that_it_replaces() {
        assert_eq!(rotated().found(), NOTHING);
        assert_finds(
            &rotated().member("blue_app_b", "blue_owner"),
            "high | own-service-membership | blue | blue_app_b | - | role blue_owner",
        );
        assert_finds(
            &rotated().grant("CONNECT", "red_db", "blue_app_b"),
            "critical | foreign-database-connect | red | blue_app_b | red_db | database red_db",
        );
    }

    #[test]
    fn a_member_of_the_rightful_owner_is_the_admins_equal() {
        let owned = |declared: bool| {
            let server = ["red_db", "blue_db"].into_iter().fold(healthy(), |server, database| {
                server.alter_database(database, |found| found.owner = "dba".into())
            });
            let server = server.role("dba", |_| {}).member("postgres", "dba").unmanaged("deputy");
            let server = server.member("deputy", "dba").grant("CONNECT", "red_db", "deputy");
            server.manifest(|desired| {
                desired.database_owner = declared.then(|| crate::audit::testing::role("dba"));
            })
        };
        let connects = "high | unmanaged-login-connect | red | deputy | red_db | database red_db".to_owned();
        assert!(!owned(true).found().contains(&connects));
        let outsider = healthy().unmanaged("deputy").grant("CONNECT", "red_db", "deputy");
        assert!(outsider.found().contains(&connects));
    }
}
