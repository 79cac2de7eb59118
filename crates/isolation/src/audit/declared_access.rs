//! Privileges that the contract or the manifest gives.

use super::context::Database;
use martydb_catalog::CatalogObject;
use martydb_model::contract::{self, ObjectClass};
use martydb_model::{AccessTarget, AclEntry};

/// Returns `true` if the manifest grants it to this user as a further role.
pub(crate) fn is_declared(db: &Database<'_>, item: &CatalogObject, entry: &AclEntry, user: &str) -> bool {
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
pub(crate) fn is_permitted(db: &Database<'_>, item: &CatalogObject, entry: &AclEntry) -> bool {
    entry.grantee.role().is_some_and(|role| {
        let kind = db.audit.managed(role.as_str()).filter(|_| db.is_own(role.as_str())).map(|(_, kind)| kind);
        kind.is_some_and(|kind| contract::allows(kind, class_of(db, item), &entry.privilege))
            || is_declared(db, item, entry, role.as_str())
    })
}

/// Returns the class of an object in the contract's table.
pub(crate) fn class_of(db: &Database<'_>, item: &CatalogObject) -> ObjectClass {
    let declared = db.service.map_or(&[][..], |service| &service.schemas);
    let own = item.schema.as_ref().and_then(|schema| contract::class_of_schema(schema, &item.name, declared));
    if let Some(class) = own {
        return class;
    }
    match item.kind.as_str() {
        "table" | "view" | "materialized view" | "foreign table" | "column" => ObjectClass::Table,
        "sequence" => ObjectClass::Sequence,
        "schema" if is_of_extensions(db, &item.name) => ObjectClass::Extensions,
        "schema" => ObjectClass::Schema,
        "function" | "procedure" if item.definer => ObjectClass::SecurityDefiner,
        "function" | "procedure" => ObjectClass::Function,
        "type" => ObjectClass::Type,
        "large object" => ObjectClass::LargeObject,
        _ => ObjectClass::Other,
    }
}

fn is_of_extensions(db: &Database<'_>, schema: &str) -> bool {
    db.service.is_some_and(|service| service.extension_schemas().any(|own| own.as_str() == schema))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::{NOTHING, Server, assert_finds, healthy, role};
    use martydb_model::{AccessExtent, AccessGrant, AccessLevel, AccessRole};

    /// A login that reads the table of `red`, as the manifest declares it or not.
    fn reporter(is_declared: bool, expired: bool) -> Server {
        let server = healthy().unmanaged("reporter").grant("CONNECT", "red_db", "reporter");
        let server = server.grant_inside("red_db", "USAGE", "public", "reporter");
        let server = server.grant_inside("red_db", "SELECT", "public.item", "reporter");
        server.manifest(|desired| {
            if !is_declared {
                return;
            }
            let name = role("reporter");
            let declared = AccessRole { expired, ..AccessRole::login(name.clone(), 2, "reports".into()) };
            desired.access.insert(name.clone(), declared);
            let red = desired.services.values_mut().find(|service| service.name.as_str() == "red").unwrap();
            red.access.push(AccessGrant {
                role: name,
                level: AccessLevel::Read,
                extent: AccessExtent::Whole,
            });
        })
    }

    #[test]
    fn declared_access_is_not_a_finding_until_it_expires() {
        assert_eq!(reporter(true, false).found(), NOTHING);
        for other in [reporter(false, false), reporter(true, true)] {
            assert_finds(
                &other,
                "high | unmanaged-login-connect | red | reporter | red_db | database red_db",
            );
            assert_finds(
                &other,
                "medium | unmanaged-role-in-acl | red | reporter | red_db | table public.item",
            );
        }
    }

    #[test]
    fn further_privileges_are_named() {
        let written = reporter(true, false).grant_inside("red_db", "UPDATE", "public.item", "reporter");
        assert_eq!(
            written.grave(),
            ["medium | unmanaged-role-in-acl | red | reporter | red_db | table public.item"]
        );
    }
}
