//! Who holds what in a database: each role's own rights on the service's relations, and those of everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::levels::{FutureNeeds, Need, RelationName, SchemaRelations};
use martydb_model::contract::is_history;
use martydb_model::{
    AclEntry, ActualObject, ActualServer, Contents, DesiredServer, DesiredService, Grantee, ObjectKind,
    RoleName, SchemaName,
};

/// What `write` gives on a table; who holds less of it gets more by it.
const OF_WRITERS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// What a role, or PUBLIC, holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Whether it may connect by a right of its own.
    pub connects: bool,
    /// By relation, the privileges.
    pub privileges: BTreeMap<RelationName, BTreeSet<String>>,
    pub needs: BTreeMap<RelationName, Need>,
    pub future: FutureNeeds,
    /// Schemas in which it holds what no level gives: on a column, a function, or for TRUNCATE and the like.
    pub unsaid: BTreeSet<SchemaName>,
}

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub desired: &'a DesiredServer,
    /// With the schemas that it will have.
    pub service: &'a DesiredService,
    pub actual: &'a ActualServer,
    pub contents: &'a Contents,
    /// The roles that have a session in the database now.
    pub sessions: &'a BTreeSet<RoleName>,
}

impl Scene<'_> {
    /// Whether the manifest could let the role in: not the server's own roles, nor those of services and providers.
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

    /// Tables and views in the service's schemas, the history aside.
    pub fn relations(&self) -> SchemaRelations {
        let mut all = SchemaRelations::new();
        let tables = self.objects().filter(|found| found.kind != ObjectKind::Sequence);
        for found in tables {
            all.entry(found.schema.to_string()).or_default().insert(found.name.clone());
        }
        all
    }

    /// Relations in the service's schemas; a table's own sequences go with it.
    fn objects(&self) -> impl Iterator<Item = &ActualObject> {
        use ObjectKind::{MaterializedView, Sequence, Table, View};
        let first = self.service.schemas.first().map(SchemaName::as_str);
        self.contents.objects.iter().filter(move |found| {
            matches!(found.kind, Table | View | MaterializedView | Sequence)
                && found.of_table.is_none()
                && self.service.schemas.contains(&found.schema)
                && !is_history(found.schema.as_str(), &found.name, first)
        })
    }

    /// Roles that log in and own something in the service's schemas: `apply` makes them members of the app role.
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

    /// Rights that no level gives by themselves, with the schemas in which they are.
    fn unsaid(&self) -> impl Iterator<Item = (&SchemaName, &Grantee)> {
        let own = self.contents.objects.iter().filter(|found| self.service.schemas.contains(&found.schema));
        let coded = |kind: ObjectKind| !matches!(kind, ObjectKind::Type | ObjectKind::Other);
        own.filter(move |found| coded(found.kind)).flat_map(|found| {
            let whole = found.acl.iter().filter(|entry| need(found.kind, &entry.privilege).is_none());
            let all = whole.chain(found.column_acl.iter().map(|(_, entry)| entry));
            all.map(|entry| (&found.schema, &entry.grantee))
        })
    }

    /// By role; what PUBLIC holds stands beside.
    pub fn holders(&self) -> (BTreeMap<RoleName, Held>, Held) {
        let mut all: BTreeMap<Grantee, Held> = BTreeMap::new();
        if let Some(database) = self.actual.databases.get(&self.service.database) {
            for entry in database.acl.iter().filter(|entry| entry.privilege == "CONNECT") {
                all.entry(entry.grantee.clone()).or_default().connects = true;
            }
        }
        for found in self.objects() {
            for entry in &found.acl {
                all.entry(entry.grantee.clone()).or_default().add(found, entry);
            }
            // A group that owns it will not; its members write by what it is given.
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

impl Held {
    fn add(&mut self, found: &ActualObject, entry: &AclEntry) {
        self.privileges.entry(place(found)).or_default().insert(entry.privilege.clone());
        if let Some(need) = need(found.kind, &entry.privilege) {
            let known = self.needs.entry(place(found)).or_insert(need);
            *known = need.max(*known);
        }
    }

    /// The same, as one who also held what everybody holds.
    pub fn with(mut self, public: &Held) -> Held {
        for (place, need) in &public.needs {
            let known = self.needs.entry(place.clone()).or_insert(*need);
            *known = (*need).max(*known);
        }
        for (place, privileges) in &public.privileges {
            self.privileges.entry(place.clone()).or_default().extend(privileges.iter().cloned());
        }
        self
    }

    /// Whether a level of `access:` gives it what it uses; who may connect and holds only what no level gives would lose
    /// that by an entry.
    pub fn is_expressible(&self) -> bool {
        !self.needs.is_empty() || self.connects && self.unsaid.is_empty()
    }

    /// Tables on which `write` gives more than it holds.
    pub fn widened(&self, relations: &SchemaRelations) -> Vec<&RelationName> {
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

/// What a privilege on a relation is used for, as far as a level gives it.
fn need(kind: ObjectKind, privilege: &str) -> Option<Need> {
    match (kind, privilege) {
        (_, "SELECT") => Some(Need::Read),
        (ObjectKind::Sequence, "USAGE" | "UPDATE") => Some(Need::Write),
        (ObjectKind::Sequence | ObjectKind::Function | ObjectKind::Procedure, _) => None,
        (_, "INSERT" | "UPDATE" | "DELETE") => Some(Need::Write),
        _ => None,
    }
}
