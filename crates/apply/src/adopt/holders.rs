//! Privileges in a database: those of each role and of PUBLIC on the service's relations.

use std::collections::{BTreeMap, BTreeSet};

use super::levels::{FutureNeeds, Need, RelationName, SchemaRelations};
use martydb_model::contract::is_history;
use martydb_model::{
    AclEntry, ActualObject, ActualServer, Contents, DesiredServer, DesiredService, Grantee, ObjectKind,
    RoleName, SchemaName,
};

/// Privileges that `write` grants on a table; a role that holds only some of them gains the others.
const OF_WRITERS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Privileges of a role or of PUBLIC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldPrivileges {
    /// `true` if it holds CONNECT itself.
    pub connects: bool,
    /// Privileges by relation.
    pub privileges: BTreeMap<RelationName, BTreeSet<String>>,
    pub needs: BTreeMap<RelationName, Need>,
    pub future: FutureNeeds,
    /// Schemas in which it holds a privilege that no level grants: on a column, on a function, or one such as
    /// TRUNCATE.
    pub unsaid: BTreeSet<SchemaName>,
}

/// Input of an adoption: the manifest, the service and its database's catalog.
#[derive(Clone, Copy)]
pub struct ScanContext<'a> {
    pub desired: &'a DesiredServer,
    /// Service with its future schemas.
    pub service: &'a DesiredService,
    pub actual: &'a ActualServer,
    pub contents: &'a Contents,
    /// Roles with an open session in the database.
    pub sessions: &'a BTreeSet<RoleName>,
}

impl ScanContext<'_> {
    /// Returns `true` if the manifest may declare the role under `access:`: it is not a role of the server, of a
    /// service or of a provider.
    pub fn is_other(&self, role: &RoleName) -> bool {
        let Some(found) = self.actual.roles.get(role) else { return false };
        let kept = self.desired.platform.is_some_and(|platform| platform.owns_role(role.as_str()));
        !found.superuser
            && !kept
            && !role.as_str().starts_with("pg_")
            && role.as_str() != self.actual.admin.name
            && *role != self.desired.orphans()
            && martydb_model::contract::managed(self.desired, role).is_none()
    }

    pub fn is_login(&self, role: &RoleName) -> bool {
        self.actual.roles.get(role).is_some_and(|found| found.login)
    }

    /// Returns tables and views in the service's schemas, without the history table.
    pub fn relations(&self) -> SchemaRelations {
        let mut all = SchemaRelations::new();
        let tables = self.objects().filter(|found| found.kind != ObjectKind::Sequence);
        for found in tables {
            all.entry(found.schema.to_string()).or_default().insert(found.name.clone());
        }
        all
    }

    /// Returns relations in the service's schemas; sequences that a table owns are left out.
    fn objects(&self) -> impl Iterator<Item = &ActualObject> {
        use ObjectKind::{MaterializedView, Sequence, Table, View};
        self.contents.objects.iter().filter(move |found| {
            matches!(found.kind, Table | View | MaterializedView | Sequence)
                && found.of_table.is_none()
                && self.service.schemas.contains(&found.schema)
                && !is_history(found.schema.as_str(), &found.name, &self.service.schemas)
        })
    }

    /// Returns logins that own an object in the service's schemas: `apply` makes them members of the app role.
    pub fn old_owners(&self) -> BTreeSet<RoleName> {
        let owners =
            self.contents.objects.iter().filter(|found| self.service.schemas.contains(&found.schema));
        let owners = owners.map(|found| &found.owner);
        let of_schemas = self.contents.schemas.iter().filter(|(name, _)| self.service.schemas.contains(name));
        let of_database = self.actual.databases.get(&self.service.database);
        let of_database = of_database.and_then(|found| RoleName::found(found.owner.clone()).ok());
        let all = owners.chain(of_schemas.map(|(_, found)| &found.owner)).cloned().chain(of_database);
        all.filter(|role| self.is_other(role) && self.is_login(role)).collect()
    }

    /// Returns grantees of privileges that no level grants, with the schemas of these privileges.
    fn unsaid(&self) -> impl Iterator<Item = (&SchemaName, &Grantee)> {
        let own = self.contents.objects.iter().filter(|found| self.service.schemas.contains(&found.schema));
        let coded = |kind: ObjectKind| !matches!(kind, ObjectKind::Type | ObjectKind::Other);
        own.filter(move |found| coded(found.kind)).flat_map(|found| {
            let whole = found.acl.iter().filter(|entry| need(found.kind, &entry.privilege).is_none());
            let all = whole.chain(found.column_acl.iter().map(|(_, entry)| entry));
            all.map(|entry| (&found.schema, &entry.grantee))
        })
    }

    /// Returns privileges by role, and those of PUBLIC separately.
    pub fn holders(&self) -> (BTreeMap<RoleName, HeldPrivileges>, HeldPrivileges) {
        let mut all: BTreeMap<Grantee, HeldPrivileges> = BTreeMap::new();
        if let Some(database) = self.actual.databases.get(&self.service.database) {
            for entry in database.acl.iter().filter(|entry| entry.privilege == "CONNECT") {
                all.entry(entry.grantee.clone()).or_default().connects = true;
            }
        }
        for found in self.objects() {
            for entry in &found.acl {
                all.entry(entry.grantee.clone()).or_default().add(found, entry);
            }
            // A group that owns the relation will lose it; its members write by the privileges that it is granted.
            if !self.is_login(&found.owner) {
                let held = all.entry(Grantee::Role(found.owner.clone())).or_default();
                held.needs.insert(place(found), Need::Write);
            }
        }
        for row in self.contents.default_acls.iter().filter(|row| row.object == 'r') {
            for entry in &row.acl {
                let schema = row.schema.as_ref().map(ToString::to_string);
                let held = all.entry(entry.grantee.clone()).or_default();
                if let Some(need) = need(ObjectKind::Table, &entry.privilege) {
                    let known = held.future.entry(schema).or_insert(need);
                    *known = need.max(*known);
                }
            }
        }
        for (schema, grantee) in self.unsaid() {
            all.entry(grantee.clone()).or_default().unsaid.insert(schema.clone());
        }
        let public = all.remove(&Grantee::Public).unwrap_or_default();
        let roles = all.into_iter().filter_map(|(grantee, held)| Some((grantee.role()?.clone(), held)));
        (roles.filter(|(role, _)| self.is_other(role)).collect(), public)
    }
}

impl HeldPrivileges {
    fn add(&mut self, found: &ActualObject, entry: &AclEntry) {
        self.privileges.entry(place(found)).or_default().insert(entry.privilege.clone());
        if let Some(need) = need(found.kind, &entry.privilege) {
            let known = self.needs.entry(place(found)).or_insert(need);
            *known = need.max(*known);
        }
    }

    /// Adds the privileges of PUBLIC.
    pub fn with(mut self, public: &HeldPrivileges) -> HeldPrivileges {
        for (place, need) in &public.needs {
            let known = self.needs.entry(place.clone()).or_insert(*need);
            *known = (*need).max(*known);
        }
        for (place, privileges) in &public.privileges {
            self.privileges.entry(place.clone()).or_default().extend(privileges.iter().cloned());
        }
        self
    }

    /// Returns `true` if a level of `access:` grants what the role uses. A role with CONNECT that otherwise holds
    /// only privileges beyond every level would lose those by an entry.
    pub(crate) fn is_expressible(&self) -> bool {
        !self.needs.is_empty() || self.connects && self.unsaid.is_empty()
    }

    /// Returns tables on which `write` grants more than the role holds.
    pub(crate) fn widened(&self, relations: &SchemaRelations) -> Vec<&RelationName> {
        let is_table =
            |place: &RelationName| relations.get(&place.0).is_some_and(|names| names.contains(&place.1));
        let writes = self.needs.iter().filter(|(place, need)| **need == Need::Write && is_table(place));
        let partly = |place: &RelationName| {
            let held = self.privileges.get(place);
            held.is_some_and(|held| OF_WRITERS.iter().any(|privilege| !held.contains(*privilege)))
        };
        writes.map(|(place, _)| place).filter(|place| partly(place)).collect()
    }
}

fn place(found: &ActualObject) -> RelationName {
    (found.schema.to_string(), found.name.clone())
}

/// Returns the use of a privilege on a relation; `None` if no level grants it.
fn need(kind: ObjectKind, privilege: &str) -> Option<Need> {
    match (kind, privilege) {
        (_, "SELECT") => Some(Need::Read),
        (ObjectKind::Sequence, "USAGE" | "UPDATE") => Some(Need::Write),
        (ObjectKind::Sequence | ObjectKind::Function | ObjectKind::Procedure, _) => None,
        (_, "INSERT" | "UPDATE" | "DELETE") => Some(Need::Write),
        _ => None,
    }
}
