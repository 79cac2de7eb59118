//! Changes of a server in memory, in the words of the statements that make them.

use super::{Server, entry, object, role};
use martydb_catalog::{CatalogObject, DatabaseCatalog, Snapshot};
use martydb_model::{ActualDatabase, ActualRole, DbName, DesiredServer, Membership, RoleKind, RoleSetting};

impl Server {
    /// Adds a login that the manifest does not know.
    pub fn unmanaged(self, name: &str) -> Server {
        self.role(name, |found| found.login = true)
    }

    /// Changes a role, or adds one that cannot log in.
    pub fn role(mut self, name: &str, change: impl FnOnce(&mut ActualRole)) -> Server {
        let new = || ActualRole { inherit: true, connection_limit: -1, ..ActualRole::default() };
        change(self.snapshot.actual.roles.entry(role(name)).or_insert_with(new));
        self
    }

    /// Makes a role a member of another one, as GRANT does it without options.
    pub fn member(self, member: &str, of: &str) -> Server {
        self.membership(member, of, [true, true, false])
    }

    /// Makes a role a member of another one, with INHERIT, SET and ADMIN.
    pub fn membership(mut self, member: &str, of: &str, [inherit, set, admin]: [bool; 3]) -> Server {
        self = self.role(member, |_| {}).role(of, |_| {});
        let (of, member, grantor) = (role(of), role(member), Some(role("postgres")));
        self.snapshot.actual.memberships.push(Membership { role: of, member, grantor, admin, inherit, set });
        self
    }

    /// Grants a privilege on a database.
    pub fn grant(mut self, privilege: &str, database: &str, grantee: &str) -> Server {
        let owner = self.actual_database(database).owner.clone();
        self.actual_database(database).acl.push(entry(privilege, grantee, &owner));
        self
    }

    /// Grants a privilege on an object inside a database.
    pub fn grant_inside(self, database: &str, privilege: &str, shown: &str, grantee: &str) -> Server {
        self.alter(database, shown, |found| found.acl.push(entry(privilege, grantee, &found.owner)))
    }

    /// Sets a setting of a role for all databases.
    pub fn set(mut self, name: &str, setting: &str, value: &str) -> Server {
        self.put(name, None, setting, value);
        self
    }

    /// Sets a setting of a role for one database.
    pub fn set_inside(mut self, name: &str, database: &str, setting: &str, value: &str) -> Server {
        self.put(name, Some(DbName::found(database).unwrap()), setting, value);
        self
    }

    fn put(&mut self, name: &str, database: Option<DbName>, setting: &str, value: &str) {
        let settings = self.snapshot.actual.role_settings.entry(role(name)).or_default();
        settings.retain(|row| row.name != setting || row.database != database);
        settings.push(RoleSetting { role: role(name), database, name: setting.into(), value: value.into() });
    }

    /// Adds an object, which belongs to the service of the database or to the admin, and changes it.
    pub fn object(
        mut self,
        database: &str,
        kind: &str,
        shown: &str,
        change: impl FnOnce(&mut CatalogObject),
    ) -> Server {
        let mut services = self.desired.services.values();
        let service = services.find(|service| service.database.as_str() == database);
        let owner = service.map_or("postgres", |service| service.role(RoleKind::Owner).as_str());
        let mut found = object(kind, shown, owner);
        change(&mut found);
        self.catalog_of(database).objects.push(found);
        self
    }

    /// Changes an object.
    pub fn alter(mut self, database: &str, shown: &str, change: impl FnOnce(&mut CatalogObject)) -> Server {
        let mut objects = self.catalog_of(database).objects.iter_mut();
        change(objects.find(|found| found.display == shown).unwrap());
        self
    }

    /// Changes a database, without what is inside it.
    pub fn alter_database(mut self, name: &str, change: impl FnOnce(&mut ActualDatabase)) -> Server {
        change(self.actual_database(name));
        self
    }

    /// Changes what is inside a database.
    pub fn inside(mut self, database: &str, change: impl FnOnce(&mut DatabaseCatalog)) -> Server {
        change(self.catalog_of(database));
        self
    }

    /// Changes anything on the server.
    pub fn with(mut self, change: impl FnOnce(&mut Snapshot)) -> Server {
        change(&mut self.snapshot);
        self
    }

    /// Changes the manifest.
    pub fn manifest(mut self, change: impl FnOnce(&mut DesiredServer)) -> Server {
        change(&mut self.desired);
        self
    }
}
