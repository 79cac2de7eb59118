//! Input of every rule of the audit.

use super::memberships::suspended::suspended;
use super::roles::{RoleClass, Roles};
use martydb_catalog::{CatalogObject, DatabaseCatalog, Snapshot};
use martydb_model::contract::{self, ATTRIBUTES, ObjectClass};
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC};
use martydb_model::{
    AccessTarget, AclEntry, ActualDatabase, ActualServer, DbName, DesiredServer, DesiredService,
    RUN_RECORD_SCHEMA, RoleKind, RoleName,
};

pub struct Audit<'a> {
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    pub snapshot: &'a Snapshot,
    pub roles: Roles<'a>,
}

/// One database, with the roles that can use its objects.
pub struct Database<'a> {
    pub audit: &'a Audit<'a>,
    pub name: &'a str,
    pub catalog: &'a DatabaseCatalog,
    pub service: Option<&'a DesiredService>,
}

impl<'a> Database<'a> {
    /// Returns the owner of a service's objects.
    pub fn owner(&self) -> Option<&'a str> {
        self.service.map(|service| service.role(RoleKind::Owner).as_str())
    }

    /// Returns `true` for a role of this database's service.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        self.audit.is_of(name, self.service)
    }

    /// Returns the severity if a user can call something with the powers of a superuser.
    pub fn severity(&self, user: &str) -> Severity {
        match user {
            PUBLIC if self.service.is_some() || self.is_visited() => Critical,
            // No login can connect to it, but every database created from the template inherits the grant.
            PUBLIC if self.name == "template1" => High,
            // Unmanaged logins with explicit access: no service is affected before they do more.
            PUBLIC => Low,
            _ if self.service.is_some() && self.audit.managed(user).is_some() => Critical,
            _ if self.audit.user_can_connect(user, self.name) => Critical,
            _ => Medium,
        }
    }

    /// Returns `true` if a service's login can connect.
    pub(crate) fn is_visited(&self) -> bool {
        self.audit.roles.all_managed().any(|(role, ..)| self.audit.can_connect(role, self.name))
    }

    /// Returns `true` for the schema and the table of the record of runs.
    pub(crate) fn is_run_record(&self, item: &CatalogObject) -> bool {
        let in_schema = item.schema.as_deref() == Some(RUN_RECORD_SCHEMA);
        let is_schema = item.kind == "schema" && item.name == RUN_RECORD_SCHEMA;
        self.service.is_none() && self.name == self.audit.actual.maintenance && (in_schema || is_schema)
    }

    /// Returns `true` if new databases are made as copies of it.
    pub(crate) fn is_template(&self) -> bool {
        self.audit.database(self.name).is_some_and(|found| found.is_template)
    }

    /// Returns `true` if an unmanaged login can connect.
    pub(crate) fn is_entered(&self) -> bool {
        self.audit.roles.unmanaged_logins().any(|role| self.audit.can_connect(role, self.name))
    }

    /// Returns `true` for a database of no service that only superusers may enter, such as a restored copy: no login
    /// can use the privileges in it.
    pub(crate) fn is_closed(&self) -> bool {
        self.service.is_none() && !self.is_visited() && !self.is_entered()
    }

    /// Returns `true` for access among unmanaged roles in a database of their own.
    pub(crate) fn is_elsewhere(&self, item: &CatalogObject, user: &str) -> bool {
        let among_them =
            self.is_granted_by_name(user) || user == PUBLIC && self.service.is_none() && !self.is_visited();
        among_them && matches!(self.audit.class_of(&item.owner), RoleClass::Unmanaged | RoleClass::Predefined)
    }

    /// Returns `true` if access was granted by name to an unmanaged login in a database of no service, such as
    /// a pooler's.
    pub(crate) fn is_granted_by_name(&self, user: &str) -> bool {
        self.service.is_none() && user != PUBLIC && self.audit.managed(user).is_none()
    }
}

/// The subject of a finding, from the values that the audit reads.
pub(crate) trait AuditSubject {
    /// In this database, exposing its service.
    fn inside(self, db: &Database<'_>) -> Self;

    /// About this object of the database.
    fn about(self, db: &Database<'_>, item: &CatalogObject) -> Self;
}

impl AuditSubject for FindingBuilder {
    fn inside(self, db: &Database<'_>) -> Self {
        self.service(db.service).database(db.name)
    }

    fn about(self, db: &Database<'_>, item: &CatalogObject) -> Self {
        self.inside(db).object(item.object())
    }
}

impl<'a> Audit<'a> {
    pub fn new(desired: &'a DesiredServer, snapshot: &'a Snapshot) -> Audit<'a> {
        let actual = &snapshot.actual;
        let suspended = suspended(snapshot);
        Audit { desired, actual, snapshot, roles: Roles::new(desired, actual, suspended) }
    }

    pub fn role(&self, name: &str) -> Option<&'a RoleName> {
        let name = RoleName::found(name).ok()?;
        self.actual.roles.get_key_value(&name).map(|(name, _)| name)
    }

    /// Returns the class of a role; one that does not exist is unmanaged.
    pub(crate) fn class_of(&self, name: &str) -> RoleClass<'a> {
        self.role(name).map_or(RoleClass::Unmanaged, |role| self.roles.class_of(role))
    }

    pub fn service_of(&self, database: &str) -> Option<&'a DesiredService> {
        self.desired.service_of_database(database, self.actual)
    }

    pub fn database(&self, name: &str) -> Option<&'a ActualDatabase> {
        self.actual.databases.get(&DbName::found(name).ok()?)
    }

    /// Returns every database that was read.
    pub fn databases(&self) -> impl Iterator<Item = Database<'_>> {
        let all = self.snapshot.databases.iter();
        all.map(|(name, catalog)| Database { audit: self, name, catalog, service: self.service_of(name) })
    }

    /// Returns one database, if it was read.
    pub fn inside(&self, name: &DbName) -> Option<Database<'_>> {
        let (name, catalog) = self.snapshot.databases.get_key_value(name.as_str())?;
        Some(Database { audit: self, name, catalog, service: self.service_of(name) })
    }

    /// Returns `true` if a role can connect to a database: itself, through any role that it can become, or as PUBLIC.
    pub(crate) fn can_connect(&self, role: &'a RoleName, database: &str) -> bool {
        let Some(found) = self.database(database) else { return false };
        let reachable = self.roles.reachable(role);
        let holds = |holder: &RoleName| holder == role || reachable.iter().any(|path| path.role == holder);
        found.grants_connect(holds)
    }

    /// Returns the same by name; `false` if there is no such role.
    pub(crate) fn user_can_connect(&self, user: &str, database: &str) -> bool {
        self.role(user).is_some_and(|role| self.can_connect(role, database))
    }

    /// Returns the roles that can use a privilege: PUBLIC, or the [`actors`](Self::actors) of its grantee.
    pub(crate) fn users_of(&self, entry: &AclEntry) -> Vec<&'a str> {
        entry.grantee.role().map_or(vec![PUBLIC], |role| self.actors(role.as_str()))
    }

    /// Returns `true` if the manifest grants the privilege to the holder of an entry, and the user is that role
    /// or one of its declared members.
    pub(crate) fn is_declared_access(
        &self,
        service: &DesiredService,
        entry: &AclEntry,
        user: &str,
        class: ObjectClass,
        spot: AccessTarget<'_>,
    ) -> bool {
        entry.grantee.role().is_some_and(|role| {
            !entry.grantable
                && self.is_declared_user(role, user)
                && contract::is_declared_access(service, role, class, spot, &entry.privilege)
        })
    }

    /// Returns `true` if a user is a further role of the manifest, or a declared member of one.
    pub(crate) fn is_declared_user(&self, role: &RoleName, user: &str) -> bool {
        let declared = self.desired.access.get(role).filter(|declared| !declared.expired);
        declared.is_some_and(|declared| {
            user == role.as_str() || declared.members.iter().any(|member| member.as_str() == user)
        })
    }

    /// Returns PUBLIC, services' roles and unmanaged logins that can use a privilege on an object, its owner's
    /// included.
    pub fn callers(&self, item: &CatalogObject, privilege: &str) -> Vec<&'a str> {
        let entries = item.acl.iter().filter(|entry| entry.privilege == privilege);
        let mut users: Vec<&str> = entries.flat_map(|entry| self.users_of(entry)).collect();
        users.extend(self.actors(&item.owner));
        users.sort_unstable();
        users.dedup();
        users
    }

    /// Returns the first entry of an object through which a role can use it.
    pub(crate) fn entry_for<'i>(&self, item: &'i CatalogObject, user: &str) -> Option<&'i AclEntry> {
        item.acl.iter().find(|entry| self.users_of(entry).contains(&user))
    }

    /// Returns services' roles and unmanaged logins that can act as a role; none for a superuser.
    pub(crate) fn actors(&self, name: &str) -> Vec<&'a str> {
        let actors = |role| self.roles.actors(role).into_iter().map(RoleName::as_str).collect();
        self.role(name).map_or(vec![], actors)
    }

    /// Returns `true` for a role that no login can become, and that has only what it owns or was granted: what it executes
    /// for others is a matter of `reach`.
    pub(crate) fn is_powerless(&self, name: &str) -> bool {
        let Some(role) = self.role(name).filter(|_| self.class_of(name) == RoleClass::Unmanaged) else {
            return false;
        };
        let found = &self.actual.roles[role];
        let has_power = ATTRIBUTES.iter().any(|attribute| attribute.is_power() && (attribute.is_set)(found));
        !found.login && !has_power && self.actors(name).is_empty() && self.roles.reachable(role).is_empty()
    }

    /// Returns `true` for a role without power that also holds nothing by name, here or on the server: it has what PUBLIC has, and
    /// what it owns.
    pub(crate) fn is_bare(&self, name: &str, catalog: &DatabaseCatalog) -> bool {
        let is_it = |entry: &AclEntry| entry.grantee.role().is_some_and(|role| role.as_str() == name);
        let state = &self.snapshot.state;
        let mut databases = self.actual.databases.values();
        self.is_powerless(name)
            && !catalog.objects.iter().any(|item| item.owner != name && item.acl.iter().any(is_it))
            && !databases.any(|database| database.owner == name || database.acl.iter().any(is_it))
            && !self.snapshot.parameters.iter().any(|row| is_it(&row.entry))
            && !state.tablespaces.iter().any(|space| space.owner == name || space.acl.iter().any(is_it))
            && !catalog
                .servers
                .iter()
                .any(|server| server.mappings.iter().any(|mapping| mapping.role.as_deref() == Some(name)))
    }

    pub fn managed(&self, name: &str) -> Option<(&'a DesiredService, RoleKind)> {
        self.roles.managed(&RoleName::found(name).ok()?)
    }

    /// Returns the service of a role.
    pub(crate) fn service_of_role(&self, name: &str) -> Option<&'a DesiredService> {
        self.managed(name).map(|(service, _)| service)
    }

    pub(crate) fn is_of(&self, name: &str, service: Option<&DesiredService>) -> bool {
        matches!((self.managed(name), service), (Some((own, _)), Some(service)) if own.name == service.name)
    }
}
