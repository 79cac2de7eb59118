//! Counters of writes for the tables whose answers the data service keeps.

use std::collections::BTreeSet;

use super::acl::{Acl, declared};
use super::comparison::Comparison;
use crate::action::Action;
use crate::object::Object;
use crate::stage::Risk;
use crate::step::PrivilegeGap;
use martydb_model::contract::ObjectClass;
use martydb_model::{
    AccessTarget, ActualObject, Contents, DesiredService, ObjectKind, RoleKind, SERVE_SCHEMA, SchemaName,
    WriteCounter,
};

/// Returns the tables whose writes are counted; those of a later migration are not there yet.
pub(crate) fn counted<'c>(
    service: &DesiredService,
    contents: &'c Contents,
) -> impl Iterator<Item = &'c ActualObject> {
    let exposure = service.serve.clone();
    contents.objects.iter().filter(move |found| {
        let is_cached = |exposure: &martydb_model::ServiceExposure| {
            exposure.cache.contains_key(&found.name) && exposure.schemas.contains(&found.schema)
        };
        found.is_plain && exposure.as_ref().is_some_and(is_cached)
    })
}

/// Returns the counters that a database has, or what is left of them.
pub(crate) fn found(contents: &Contents) -> BTreeSet<WriteCounter> {
    let ours = contents.objects.iter().filter(|found| found.schema.as_str() == SERVE_SCHEMA);
    ours.filter_map(|found| WriteCounter::named(&found.name)).collect()
}

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService, contents: &Contents) {
    let wanted: Vec<&ActualObject> = counted(service, contents).collect();
    let names: BTreeSet<WriteCounter> =
        wanted.iter().map(|table| WriteCounter::new(table.schema.as_str(), &table.name)).collect();
    for counter in found(contents).difference(&names) {
        let action = Action::DropWriteCounter { counter: counter.clone() };
        look.add(Risk::Safe, action, "the manifest keeps no answers of its table");
    }
    for table in wanted {
        table_counter(look, service, contents, table);
    }
}

fn table_counter(
    look: &mut Comparison<'_>,
    service: &DesiredService,
    contents: &Contents,
    table: &ActualObject,
) {
    let counter = WriteCounter::new(table.schema.as_str(), &table.name);
    let of_it = contents.counters.iter().find(|one| one.name == counter.function());
    let counts = of_it.is_some_and(|one| one.counts(&counter, &table.schema, &table.name));
    let sequence = counter.sequence();
    let has_sequence = contents.objects.iter().any(|one| {
        one.schema.as_str() == SERVE_SCHEMA && one.kind == ObjectKind::Sequence && one.name == sequence
    });
    if counts && has_sequence {
        return;
    }
    let reason = match of_it {
        None => "the manifest keeps its answers: each write is counted",
        Some(_) => "it was changed: without it no answer of the table is kept",
    };
    let owner = service.role(RoleKind::Owner).clone();
    let action =
        Action::CreateWriteCounter { schema: table.schema.clone(), table: table.name.clone(), owner };
    look.add(Risk::Safe, action, reason);
    let Ok(schema) = SchemaName::new(SERVE_SCHEMA) else { return };
    let wanted = declared(
        service,
        ObjectClass::Records,
        AccessTarget::Object { schema: SERVE_SCHEMA, name: &sequence },
    );
    let on = Object::Named { kind: ObjectKind::Sequence, schema, name: sequence };
    let admin = look.actual.admin.name.clone();
    Acl { on, owner: &admin, next_owner: None, found: &[] }.missing(look, &wanted);
}

/// Returns the gaps for tables that are not there yet, and for what is no table.
pub(crate) fn limits<'a>(
    look: &'a Comparison<'_>,
    service: &'a DesiredService,
    contents: &'a Contents,
) -> impl Iterator<Item = PrivilegeGap> + 'a {
    let tables =
        service.serve.iter().flat_map(|exposure| exposure.cache.keys().map(move |name| (exposure, name)));
    tables.filter_map(move |(exposure, name)| {
        let own = |found: &&ActualObject| found.name == *name && exposure.schemas.contains(&found.schema);
        let mut there = contents.objects.iter().filter(own).filter(|found| {
            use ObjectKind::{MaterializedView, Table, View};
            matches!(found.kind, Table | View | MaterializedView)
        });
        let found = there.clone().find(|found| found.is_plain).or_else(|| there.next());
        if found.is_some_and(|found| found.is_plain) {
            return None;
        }
        let why = match found.map(|found| found.kind) {
            Some(ObjectKind::Table) => {
                format!("{name} is partitioned, or a foreign table: answers of such tables are not kept")
            }
            Some(kind) => format!("{name} is a {}: only answers of tables are kept", kind.word()),
            None => format!(
                "there is no table {name} yet: `apply` makes its trigger after the migration that creates the table"
            ),
        };
        let what = format!("keep answers of {name}");
        let gap = PrivilegeGap::without_grant(&look.desired.name, Some(&service.name), what, why);
        Some(PrivilegeGap { awaits_migration: found.is_none(), ..gap })
    })
}
