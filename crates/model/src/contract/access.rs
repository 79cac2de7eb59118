//! Declared access, expanded to rows of the table of grants for the roles and objects named by the manifest.

use super::ObjectClass::{self, Database, Schema, Table};
use super::{HISTORY_SCHEMA, Privilege, REFINERY_TABLE, granted};
use crate::{
    AccessExtent, AccessLevel, AccessTarget, DesiredService, RoleKind, RoleName, SERVE_SCHEMA, SchemaName,
    is_counting_sequence,
};

/// Returns the privileges of a level on a class of objects: `apply` grants exactly these.
fn privileges(level: AccessLevel, class: ObjectClass) -> &'static [Privilege] {
    match (level, class) {
        (AccessLevel::Connect | AccessLevel::Read | AccessLevel::Write | AccessLevel::Deliver, Database) => {
            &[Privilege::Connect]
        }
        (AccessLevel::Connect, _) => &[],
        (AccessLevel::Read, _) => granted(RoleKind::Readonly, class),
        (AccessLevel::Write, _) => granted(RoleKind::App, class),
        (AccessLevel::Deliver, Schema) => &[Privilege::Usage],
        (AccessLevel::Deliver, Table) => &[Privilege::Select],
        (AccessLevel::Deliver, _) => &[],
        (AccessLevel::Like(kind), _) => granted(kind, class),
    }
}

/// Returns the roles with declared access to an object of a service's database, with their privileges.
pub fn access_to<'a>(
    service: &'a DesiredService,
    class: ObjectClass,
    spot: AccessTarget<'_>,
) -> impl Iterator<Item = (&'a RoleName, &'static [Privilege])> {
    let of_records = is_record_object(spot);
    let is_code = matches!(class, ObjectClass::Function | ObjectClass::SecurityDefiner);
    let there = service.access.iter().filter(move |grant| {
        !of_records
            && grant.extent.leads_to(spot)
            && !(is_code && matches!(grant.extent, AccessExtent::Table(..)))
    });
    let delivers = is_of_delivery(service, spot);
    let held = there.map(move |grant| match grant.level {
        AccessLevel::Deliver if delivers && class == Table => (&grant.role, CHANGE),
        level => (&grant.role, privileges(level, class)),
    });
    let held = held.filter(|(_, privileges)| !privileges.is_empty());
    let of_serve = access_to_records(service, spot).chain(access_to_history(service, class, spot));
    held.chain(of_serve).chain(access_to_listed(service, class, spot))
}

/// Tables of the history in martydb's own schema.
const HISTORY_TABLES: [&str; 4] = ["definitions", "history", "progress", "repeatable"];

/// Returns the data service's reading login with its privileges on the history: it tells callers which migrations are applied.
fn access_to_history<'a>(
    service: &'a DesiredService,
    class: ObjectClass,
    spot: AccessTarget<'_>,
) -> impl Iterator<Item = (&'a RoleName, &'static [Privilege])> {
    let privileges: &'static [Privilege] = match spot {
        AccessTarget::Schema(HISTORY_SCHEMA) => &[Privilege::Usage],
        AccessTarget::Object { schema: HISTORY_SCHEMA, name } if HISTORY_TABLES.contains(&name) => {
            &[Privilege::Select]
        }
        AccessTarget::Object { name: REFINERY_TABLE, .. } if class == ObjectClass::History => {
            &[Privilege::Select]
        }
        _ => &[],
    };
    let reader = service.serve.iter().map(|exposure| &exposure.reader);
    reader.filter(move |_| !privileges.is_empty()).map(move |role| (role, privileges))
}

/// Returns the logins by which callers of the data service read, with EXECUTE on the functions that the manifest lists for
/// callers: these run with the privileges of the login. One that runs with those of its owner is not among them, because
/// it could write.
fn access_to_listed<'a>(
    service: &'a DesiredService,
    class: ObjectClass,
    spot: AccessTarget<'_>,
) -> impl Iterator<Item = (&'a RoleName, &'static [Privilege])> {
    let exposure = service.serve.as_ref().filter(|exposure| match spot {
        AccessTarget::Object { schema, name } if class == ObjectClass::Function => {
            exposure.functions.contains(name) && exposure.schemas.iter().any(|own| own.as_str() == schema)
        }
        _ => false,
    });
    let readers = exposure.into_iter().flat_map(|exposure| exposure.reading_logins());
    readers.map(|role| (role, &[Privilege::Execute][..]))
}

fn is_record_object(spot: AccessTarget<'_>) -> bool {
    match spot {
        AccessTarget::Database => false,
        AccessTarget::Schema(schema)
        | AccessTarget::Object { schema, .. }
        | AccessTarget::Column { schema, .. } => schema == SERVE_SCHEMA,
    }
}

/// Privileges on the tables of the data service's records, by table. Row security narrows them: see `records`.
const RECORD_PRIVILEGES: &[(&str, &[Privilege])] = &[
    ("audit", &[Privilege::Insert]),
    ("requests", &[Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete]),
];

/// Returns the logins of the data service with their privileges on its records.
fn access_to_records<'a>(
    service: &'a DesiredService,
    spot: AccessTarget<'_>,
) -> impl Iterator<Item = (&'a RoleName, &'static [Privilege])> {
    let (answers, audits, privileges): (bool, bool, &'static [Privilege]) = match spot {
        AccessTarget::Schema(SERVE_SCHEMA) => (true, true, &[Privilege::Usage]),
        AccessTarget::Object { schema: SERVE_SCHEMA, name } if is_counting_sequence(name) => {
            (false, false, &[Privilege::Select])
        }
        AccessTarget::Object { schema: SERVE_SCHEMA, name }
        | AccessTarget::Column { schema: SERVE_SCHEMA, table: name, .. } => {
            let row = RECORD_PRIVILEGES.iter().find(|row| row.0 == name);
            (name == "requests", name == "audit", row.map_or(&[], |row| row.1))
        }
        _ => (false, false, &[]),
    };
    let caches = match spot {
        AccessTarget::Schema(_) => true,
        AccessTarget::Object { name, .. } => is_counting_sequence(name),
        _ => false,
    };
    let logins = service.serve.iter().flat_map(move |exposure| {
        let answering = exposure.answering_logins().filter(move |_| answers);
        let caching = exposure.caching_logins().filter(move |_| caches);
        answering.chain(exposure.audited_logins().filter(move |_| audits)).chain(caching)
    });
    logins.filter(move |_| !privileges.is_empty()).map(move |role| (role, privileges))
}

/// Privileges on a delivery column: those on the table, and UPDATE.
const CHANGE: &[Privilege] = &[Privilege::Select, Privilege::Update];

fn is_of_delivery(service: &DesiredService, spot: AccessTarget<'_>) -> bool {
    let (AccessTarget::Column { column, .. }, Some(outbox)) = (spot, &service.outbox) else { return false };
    outbox.columns.of_delivery().contains(&column)
}

/// Returns the privileges on the owner's future objects, in one schema or in all.
pub fn access_to_future<'a>(
    service: &'a DesiredService,
    class: ObjectClass,
    schema: Option<&SchemaName>,
) -> impl Iterator<Item = (&'a RoleName, &'static [Privilege])> {
    let is_meant = move |extent: &AccessExtent| match (extent, schema) {
        (AccessExtent::Whole, None) => true,
        (AccessExtent::Schema(own), Some(schema)) => own == schema && class != ObjectClass::Schema,
        _ => false,
    };
    let meant = service.access.iter().filter(move |grant| is_meant(&grant.extent));
    let held = meant.map(move |grant| (&grant.role, privileges(grant.level, class)));
    held.filter(|(_, privileges)| !privileges.is_empty())
}

/// Returns `true` if the manifest gives the role this privilege there.
pub fn is_declared_access(
    service: &DesiredService,
    role: &RoleName,
    class: ObjectClass,
    spot: AccessTarget<'_>,
    privilege: &str,
) -> bool {
    let privilege = Privilege::named(privilege);
    access_to(service, class, spot).any(|(holder, held)| holder == role && held.contains(&privilege))
}
