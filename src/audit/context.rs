//! What every rule of the audit reads.

use super::roles::{RoleClass, Roles};
use crate::catalog::{DatabaseCatalog, Snapshot};
use crate::findings::{FindingBuilder, PUBLIC};
use crate::model::{AclEntry, ActualServer, DatabaseKind, DesiredServer, DesiredService, RoleKind, RoleName};

pub struct Audit<'a> {
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    pub snapshot: &'a Snapshot,
    pub roles: Roles<'a>,
}

pub struct Database<'a> {
    pub name: &'a str,
    pub catalog: &'a DatabaseCatalog,
    pub service: Option<&'a DesiredService>,
}

impl Database<'_> {
    /// The role that owns a service's objects.
    pub fn owner(&self) -> Option<&str> {
        self.service.map(|service| service.role(RoleKind::Owner).as_str())
    }
}

impl FindingBuilder {
    /// The service that is exposed.
    pub fn service(self, service: Option<&DesiredService>) -> Self {
        self.service_name(service.map(|service| &service.name))
    }

    /// In this database, exposing its service.
    pub fn inside(self, db: &Database<'_>) -> Self {
        self.service(db.service).database(db.name)
    }
}

impl<'a> Audit<'a> {
    pub fn new(desired: &'a DesiredServer, snapshot: &'a Snapshot) -> Audit<'a> {
        let actual = &snapshot.actual;
        Audit { desired, actual, snapshot, roles: Roles::new(desired, actual) }
    }

    pub fn role(&self, name: &str) -> Option<&'a RoleName> {
        let name = RoleName::found(name).ok()?;
        self.actual.roles.get_key_value(&name).map(|(name, _)| name)
    }

    /// A role that does not exist is unmanaged.
    pub fn class_of(&self, name: &str) -> RoleClass<'a> {
        self.role(name).map_or(RoleClass::Unmanaged, |role| self.roles.class_of(role))
    }

    pub fn service_of(&self, database: &str) -> Option<&'a DesiredService> {
        self.desired.services.values().find(|service| service.database.as_str() == database)
    }

    pub fn kind_of(&self, database: &str) -> DatabaseKind {
        DatabaseKind::of(database, self.desired, self.actual)
    }

    /// Every database that was read.
    pub fn databases(&self) -> impl Iterator<Item = Database<'a>> + '_ {
        let all = self.snapshot.databases.iter();
        all.map(|(name, catalog)| Database { name, catalog, service: self.service_of(name) })
    }

    /// Whether a role can connect to a database: itself, through anything it can become, or as PUBLIC.
    pub fn can_connect(&self, role: &'a RoleName, database: &str) -> bool {
        let Some((_, found)) = self.actual.databases.iter().find(|(name, _)| name.as_str() == database)
        else {
            return false;
        };
        let reachable = self.roles.reachable(role);
        let holds = |holder: &RoleName| holder == role || reachable.iter().any(|path| path.role == holder);
        let mut connects = found.acl.iter().filter(|entry| entry.privilege == "CONNECT");
        connects.any(|entry| entry.grantee.role().is_none_or(holds))
    }

    /// The same by name; false where no role has that name.
    pub fn user_can_connect(&self, user: &str, database: &str) -> bool {
        self.role(user).is_some_and(|role| self.can_connect(role, database))
    }

    /// The roles that can use a privilege: PUBLIC, or the [`actors`](Self::actors) of its grantee.
    pub fn users_of(&self, entry: &AclEntry) -> Vec<&'a str> {
        entry.grantee.role().map_or(vec![PUBLIC], |role| self.actors(role.as_str()))
    }

    /// Services' roles and unmanaged logins that can act as a role; none for a superuser.
    pub fn actors(&self, name: &str) -> Vec<&'a str> {
        let actors = |role| self.roles.actors(role).into_iter().map(RoleName::as_str).collect();
        self.role(name).map_or(vec![], actors)
    }

    pub fn managed(&self, name: &str) -> Option<(&'a DesiredService, RoleKind)> {
        self.roles.managed(&RoleName::found(name).ok()?)
    }

    pub fn is_of(&self, name: &str, service: Option<&DesiredService>) -> bool {
        matches!((self.managed(name), service), (Some((own, _)), Some(service)) if own.name == service.name)
    }
}
