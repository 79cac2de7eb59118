//! Privileges that the contract or the manifest gives.

use super::context::Database;
use martydb_catalog::CatalogObject;
use martydb_model::contract::{self, ObjectClass};
use martydb_model::{AccessTarget, AclEntry};

/// Returns `true` if the manifest grants it to this user as a further role.
pub fn is_declared(db: &Database<'_>, item: &CatalogObject, entry: &AclEntry, user: &str) -> bool {
    let (Some(service), Some(schema)) = (db.service, item.schema.as_deref()) else { return false };
    let class = class_of(db, item);
    let table = item.table.as_deref().and_then(|table| table.strip_prefix(schema)?.strip_prefix('.'));
    let spot = match (class, &item.column) {
        _ if item.kind == "schema" => AccessTarget::Schema(&item.name),
        (_, Some(column)) => AccessTarget::Column { schema, table: &item.name, column },
        _ => AccessTarget::Object { schema, name: table.unwrap_or(&item.name) },
    };
    db.audit.is_declared_access(service, entry, user, class, spot)
}

/// Returns `true` for a privilege that the contract or the manifest gives to the holder of an entry.
pub fn is_meant(db: &Database<'_>, item: &CatalogObject, entry: &AclEntry) -> bool {
    entry.grantee.role().is_some_and(|role| {
        let kind = db.audit.managed(role.as_str()).filter(|_| db.is_own(role.as_str())).map(|(_, kind)| kind);
        kind.is_some_and(|kind| contract::allows(kind, class_of(db, item), &entry.privilege))
            || is_declared(db, item, entry, role.as_str())
    })
}

/// Returns the class of an object in the contract's table.
pub fn class_of(db: &Database<'_>, item: &CatalogObject) -> ObjectClass {
    let first = db.service.and_then(|service| service.schemas.first()).map(|schema| schema.as_str());
    let own = item.schema.as_ref().and_then(|schema| contract::class_of_schema(schema, &item.name, first));
    if let Some(class) = own {
        return class;
    }
    match item.kind.as_str() {
        "table" | "view" | "materialized view" | "foreign table" | "column" => ObjectClass::Table,
        "sequence" => ObjectClass::Sequence,
        "schema" => ObjectClass::Schema,
        "function" | "procedure" if item.definer => ObjectClass::SecurityDefiner,
        "function" | "procedure" => ObjectClass::Function,
        "type" => ObjectClass::Type,
        "large object" => ObjectClass::LargeObject,
        _ => ObjectClass::Other,
    }
}
