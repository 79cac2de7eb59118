//! What stands behind a login: how much it matters that its password is known.

use std::collections::BTreeSet;

use crate::contract::managed;
use crate::model::{ActualRole, ActualServer, DesiredServer, FILE_ROLES, RoleGraph, RoleName};

/// In the order in which passwords are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It can read or change every service, or become such a role.
    Powerful,
    /// It is a service's.
    OfService,
    /// It may connect to a service's database, or become a service's role.
    Enters,
    /// It may connect to other databases.
    Elsewhere,
    /// It may connect to none.
    Outside,
}

pub struct Standings<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    memberships: RoleGraph<'a>,
}

impl Standing {
    pub fn words(self) -> &'static str {
        match self {
            Standing::Powerful => ", and it has power over the whole server",
            Standing::Enters => ", and it can enter a service's database",
            Standing::OfService | Standing::Elsewhere | Standing::Outside => "",
        }
    }
}

impl<'a> Standings<'a> {
    pub fn new(desired: &'a DesiredServer, actual: &'a ActualServer) -> Standings<'a> {
        Standings { desired, actual, memberships: RoleGraph::new(&actual.memberships) }
    }

    pub fn of(&self, role: &'a RoleName) -> Standing {
        let reached = self.memberships.reachable(role, |_| true).into_iter().map(|path| path.role);
        let all: BTreeSet<&RoleName> = reached.chain([role]).collect();
        if all.iter().any(|one| self.is_powerful(one)) {
            return Standing::Powerful;
        }
        if managed(self.desired, role).is_some() {
            return Standing::OfService;
        }
        let services = self.desired.services.values().map(|service| service.database.as_str());
        let into_service = services.into_iter().any(|database| self.connects(&all, database));
        if into_service || all.iter().any(|one| managed(self.desired, one).is_some()) {
            return Standing::Enters;
        }
        let mut databases = self.actual.databases.keys();
        if databases.any(|database| self.connects(&all, database.as_str())) {
            return Standing::Elsewhere;
        }
        Standing::Outside
    }

    fn is_powerful(&self, role: &RoleName) -> bool {
        let found = self.actual.roles.get(role);
        FILE_ROLES.contains(&role.as_str()) || found.is_some_and(ActualRole::has_server_power)
    }

    fn connects(&self, roles: &BTreeSet<&RoleName>, database: &str) -> bool {
        let found = self.actual.databases.iter().find(|(name, _)| name.as_str() == database);
        found.is_some_and(|(_, found)| {
            let mut entries = found.acl.iter().filter(|entry| entry.privilege == "CONNECT");
            found.allow_connections
                && entries.any(|entry| entry.grantee.role().is_none_or(|role| roles.contains(role)))
        })
    }
}
