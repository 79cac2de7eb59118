//! What is inside one database, as facts.

use std::collections::BTreeMap;

use super::super::context::Audit;
use super::gather::{Gathered, ObjectName};
use super::search_paths::superuser_paths;
use crate::catalog::{PrivilegedCatalog, PrivilegedRelation, PrivilegedRoutine};
use crate::reach::{DatabaseId, Object, ObjectId, Target};

/// C functions that open a way out to each role that may call them, by the beginning of their name.
const POWERS: &[(&str, Target)] = &[
    ("pg_read_file", Target::Files),
    ("pg_read_binary_file", Target::Files),
    ("pg_file_", Target::Files),
    ("be_lo_import", Target::Files),
    ("be_lo_export", Target::Files),
    ("set_user", Target::Superuser),
    ("pg_get_wal_", Target::OtherDatabases),
];

/// Catalogues that hold secrets.
const SECRETS: &[(&str, Target)] = &[
    ("pg_catalog.pg_authid", Target::Verifiers),
    ("pg_catalog.pg_shadow", Target::Verifiers),
    ("pg_catalog.pg_subscription", Target::Verifiers),
    ("pg_catalog.pg_user_mapping", Target::Verifiers),
];

pub fn inside<'a>(
    audit: &Audit<'a>,
    id: DatabaseId,
    name: &'a str,
    found: &'a PrivilegedCatalog,
    all: &mut Gathered<'a>,
) {
    let paths = superuser_paths(audit, name);
    let mut schemas: BTreeMap<&str, ObjectId> = BTreeMap::new();
    for schema in &found.schemas {
        let object = all.name(ObjectName {
            database: name,
            kind: "schema",
            shown: &schema.name,
            owner: &schema.owner,
            grant_on: None,
            extension: None,
            system: schema.name.starts_with("pg_"),
            acl: &schema.acl,
        });
        let (usage, create) = (all.holders(object, &["USAGE"]), all.holders(object, &["CREATE"]));
        all.facts.schemas.push((object, id));
        let owner = all.role_id(&schema.owner);
        if !all.facts.is_end(owner) {
            all.facts.schema_owners.push((object, owner));
        }
        all.facts.usage.extend(usage);
        all.facts.create.extend(create);
        if paths.contains(&schema.name) {
            all.facts.superuser_paths.push((id, object));
        }
        schemas.insert(&schema.name, object);
    }
    let mut routines: BTreeMap<&str, ObjectId> = BTreeMap::new();
    for found in &found.routines {
        if let Some(schema) = schemas.get(found.schema.as_str()) {
            routines.insert(&found.shown, routine(id, *schema, name, found, all));
        }
    }
    let mut relations: BTreeMap<&str, ObjectId> = BTreeMap::new();
    for found in &found.relations {
        if let Some(schema) = schemas.get(found.schema.as_str()) {
            let relation = relation(audit, id, *schema, name, found, all);
            relations.insert(&found.shown, relation.id);
            let fired = found.triggers.iter().filter_map(|routine| routines.get(routine.as_str()));
            all.facts.triggers.extend(fired.map(|function| (relation, *function)));
        }
    }
    let leads = |found: &&PrivilegedRelation| {
        !found.invoker && !found.system && (found.filled || !found.materialized)
    };
    for found in found.relations.iter().filter(leads) {
        let Some(view) = relations.get(found.shown.as_str()) else { continue };
        let read = found.reads.iter().filter_map(|relation| relations.get(relation.as_str()));
        let edges = if found.materialized { &mut all.facts.copies } else { &mut all.facts.views };
        edges.extend(read.map(|relation| (*view, *relation)));
    }
}

fn routine<'a>(
    database: DatabaseId,
    schema: ObjectId,
    database_name: &'a str,
    found: &'a PrivilegedRoutine,
    all: &mut Gathered<'a>,
) -> ObjectId {
    let id = all.name(ObjectName {
        database: database_name,
        kind: if found.grant_on.starts_with("PROCEDURE") { "procedure" } else { "function" },
        shown: &found.shown,
        owner: &found.owner,
        grant_on: Some(&found.grant_on),
        extension: found.extension.as_deref(),
        system: found.schema == "pg_catalog",
        acl: &found.acl,
    });
    let owner = all.role_id(&found.owner);
    let object = Object { id, database, schema, owner };
    // What an extension's script made to run with its owner's rights is the extension's base.
    if found.definer && found.executes && found.extension.is_none() {
        all.facts.definers.push(object);
    }
    let power = found.symbol.as_ref().and_then(|symbol| POWERS.iter().find(|row| symbol.starts_with(row.0)));
    all.facts.powers.extend(power.map(|row| (object, row.1)));
    if found.trigger {
        all.facts.trigger_functions.push(id);
    }
    if found.called {
        all.facts.called_by_server.push(id);
    }
    if found.event && !all.facts.is_end(owner) {
        all.facts.event_functions.push(object);
    }
    let holders = all.holders(id, &["EXECUTE"]);
    all.facts.execute.extend(holders);
    id
}

fn relation<'a>(
    audit: &Audit<'a>,
    database: DatabaseId,
    schema: ObjectId,
    database_name: &'a str,
    found: &'a PrivilegedRelation,
    all: &mut Gathered<'a>,
) -> Object {
    let id = all.name(ObjectName {
        database: database_name,
        kind: match (&found.wrapper, found.reads.is_empty()) {
            (Some(_), _) => "foreign table",
            (None, false) => "view",
            (None, true) => "table",
        },
        shown: &found.shown,
        owner: &found.owner,
        grant_on: Some(&found.grant_on),
        extension: None,
        system: found.system,
        acl: &found.acl,
    });
    let object = Object { id, database, schema, owner: all.role_id(&found.owner) };
    all.facts.relations.push(object);
    let (select, write) = (all.holders(id, &["SELECT"]), all.holders(id, &["INSERT", "UPDATE", "DELETE"]));
    all.facts.select.extend(select);
    all.facts.write.extend(write);
    let secret = SECRETS.iter().find(|row| row.0 == found.shown).map(|row| row.1);
    let target = secret.or_else(|| away(audit, found));
    all.facts.secrets.extend(target.map(|target| (id, target)));
    object
}

/// Where a foreign table leads.
fn away(audit: &Audit<'_>, found: &PrivilegedRelation) -> Option<Target> {
    if found.wrapper.as_deref() == Some("file_fdw") {
        return Some(Target::Files);
    }
    let name = found.database.as_deref()?;
    audit.service_of(name)?;
    let at = audit.actual.databases.keys().position(|other| other.as_str() == name)?;
    Some(Target::ServiceDatabase(DatabaseId::try_from(at).ok()?))
}
