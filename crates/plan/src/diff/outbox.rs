//! Columns of an outbox that its relay's login may change. A migration creates the table: until then they are a
//! gap, and the next `apply` grants them.

use super::acl::{Acl, Holding, declared};
use super::comparison::Comparison;
use crate::object::Object;
use crate::step::PrivilegeGap;
use martydb_model::contract::{ObjectClass, Privilege};
use martydb_model::{
    AccessTarget, ActualObject, Contents, DesiredService, Grantee, ObjectKind, Outbox, RoleKind,
};

fn is_it(outbox: &Outbox, found: &ActualObject) -> bool {
    found.kind == ObjectKind::Table && found.schema == outbox.schema && found.name == outbox.table
}

/// Returns the privileges allowed on a column in addition to those on its table.
pub(crate) fn of_column(service: &DesiredService, found: &ActualObject, column: &str) -> Holding {
    let spot = AccessTarget::Column { schema: found.schema.as_str(), table: &found.name, column };
    declared(service, ObjectClass::Table, spot)
}

/// Grants missing privileges on the delivery columns.
pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualObject) {
    let Some(outbox) = service.outbox.as_ref().filter(|outbox| is_it(outbox, found)) else { return };
    let owner = service.role(RoleKind::Owner);
    let wanted = Holding::from([(Grantee::Role(outbox.relay.clone()), [Privilege::Update].into())]);
    for column in outbox.columns.of_delivery() {
        let of_it = found.column_acl.iter().filter(|(name, _)| name == column);
        let held: Vec<_> = of_it.map(|(_, entry)| entry.clone()).collect();
        let (schema, table) = (found.schema.clone(), found.name.clone());
        let on = Object::Column { schema, table, column: column.to_owned() };
        Acl { on, owner: owner.as_str(), next_owner: None, found: &held }.missing(look, &wanted);
    }
}

/// Returns the gap for what cannot be granted yet.
pub(crate) fn limit(
    look: &Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
) -> Option<PrivilegeGap> {
    let outbox = service.outbox.as_ref()?;
    if contents.objects.iter().any(|found| is_it(outbox, found)) {
        return None;
    }
    let table = format!("{}.{}", outbox.schema, outbox.table);
    let what = format!("let {} publish {table}", outbox.relay);
    let why = format!(
        "there is no table {table} yet: `apply` grants the privilege after the migration that creates the table (`martydb revision {} --template outbox -m outbox` writes one)",
        service.name
    );
    let gap = PrivilegeGap::without_grant(&look.desired.name, Some(&service.name), what, why);
    Some(PrivilegeGap { awaits_migration: true, ..gap })
}
