//! What a declared access comes down to: rows of the table of grants, for the roles and places that the manifest names.

use super::ObjectClass::{self, Database, Schema, Table};
use super::{Privilege, granted};
use crate::{AccessExtent, AccessLevel, DesiredService, RoleKind, RoleName, SchemaName, Spot};

/// What a level gives on a class of objects: `apply` grants it, and it is all that may be held.
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

/// The roles that the manifest lets at something in a service's database, and what they hold there.
pub fn access_to<'a>(
    service: &'a DesiredService,
    class: ObjectClass,
    spot: Spot<'_>,
) -> impl Iterator<Item = (&'a RoleName, &'static [Privilege])> {
    let is_code = matches!(class, ObjectClass::Function | ObjectClass::SecurityDefiner);
    let there = service.access.iter().filter(move |grant| {
        grant.extent.leads_to(spot) && !(is_code && matches!(grant.extent, AccessExtent::Table(..)))
    });
    let delivers = is_of_delivery(service, spot);
    let held = there.map(move |grant| match grant.level {
        AccessLevel::Deliver if delivers && class == Table => (&grant.role, CHANGE),
        level => (&grant.role, privileges(level, class)),
    });
    held.filter(|(_, privileges)| !privileges.is_empty())
}

/// What may be held on a column that tells of a delivery: what is held on the table, and the change.
const CHANGE: &[Privilege] = &[Privilege::Select, Privilege::Update];

fn is_of_delivery(service: &DesiredService, spot: Spot<'_>) -> bool {
    let (Spot::Column { column, .. }, Some(outbox)) = (spot, &service.outbox) else { return false };
    outbox.columns.of_delivery().contains(&column)
}

/// What they will hold on what the owner makes: anywhere, or in one schema.
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

/// Whether the manifest gives the role this privilege there.
pub fn is_declared_access(
    service: &DesiredService,
    role: &RoleName,
    class: ObjectClass,
    spot: Spot<'_>,
    privilege: &str,
) -> bool {
    let privilege = Privilege::named(privilege);
    access_to(service, class, spot).any(|(holder, held)| holder == role && held.contains(&privilege))
}
