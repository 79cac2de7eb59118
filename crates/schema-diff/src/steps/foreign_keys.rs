//! Foreign keys that are dropped before their tables: PostgreSQL drops no table that one of a table left refers to, and two tables
//! may refer to each other. One to a partitioned table holds each of its partitions. Pure.

use std::collections::BTreeSet;

use crate::object_changes::ObjectChanges;
use crate::structure::{SchemaObjectId, SchemaObjectKind, Structure};

/// A foreign key between two tables that are dropped.
struct DroppedKey<'a> {
    id: &'a SchemaObjectId,
    table: &'a SchemaObjectId,
    referenced: BTreeSet<&'a SchemaObjectId>,
}

/// Returns the foreign keys that cannot go with their table.
pub(crate) fn dropped_first(from: &Structure, changes: &ObjectChanges) -> BTreeSet<SchemaObjectId> {
    let is_dropped = |id: &SchemaObjectId| changes.get(id).drops();
    let key = |id| {
        let table = from.objects.get(id)?.parent.as_ref().filter(|table| is_dropped(table))?;
        let referenced = referenced(from, id).into_iter().filter(|other| is_dropped(other)).collect();
        Some(DroppedKey { id, table, referenced })
    };
    let keys: Vec<DroppedKey<'_>> =
        from.objects.keys().filter(|id| is_foreign(from, id)).filter_map(key).collect();
    let is_partitioned =
        |id: &SchemaObjectId| from.objects.get(id).is_some_and(|table| !table.body.is_empty());
    let first = keys.iter().filter(|key| {
        key.referenced.iter().any(|other| is_partitioned(other))
            || reach(&keys, &key.referenced).contains(key.table)
    });
    first.map(|key| key.id.clone()).collect()
}

/// Returns `true` for a foreign key.
fn is_foreign(from: &Structure, id: &SchemaObjectId) -> bool {
    id.kind == SchemaObjectKind::Constraint && from.objects.get(id).is_some_and(|key| key.signature == "f")
}

/// Returns the other tables that a foreign key refers to.
pub(crate) fn referenced<'a>(from: &'a Structure, id: &SchemaObjectId) -> BTreeSet<&'a SchemaObjectId> {
    let Some(key) = from.objects.get(id) else { return BTreeSet::new() };
    let table = |need: &'a SchemaObjectId| match need.kind {
        SchemaObjectKind::Table => Some(need),
        _ => from.objects.get(need)?.parent.as_ref(),
    };
    key.needs.iter().filter_map(table).filter(|other| key.parent.as_ref() != Some(other)).collect()
}

/// Returns these tables, and those that they refer to directly or through others.
fn reach<'a>(keys: &[DroppedKey<'a>], begin: &BTreeSet<&'a SchemaObjectId>) -> BTreeSet<&'a SchemaObjectId> {
    let (mut found, mut next) = (begin.clone(), begin.iter().copied().collect::<Vec<_>>());
    while let Some(table) = next.pop() {
        let further = keys.iter().filter(|key| key.table == table).flat_map(|key| &key.referenced);
        next.extend(further.copied().filter(|other| found.insert(other)));
    }
    found
}

/// Returns the partitions of a table, and theirs.
pub(crate) fn partitions<'a>(from: &'a Structure, table: &'a SchemaObjectId) -> BTreeSet<&'a SchemaObjectId> {
    let (mut found, mut next) = (BTreeSet::new(), vec![table]);
    while let Some(above) = next.pop() {
        let below = from
            .objects
            .iter()
            .filter(|(id, object)| id.kind == SchemaObjectKind::Table && object.needs.contains(above));
        next.extend(below.map(|(id, _)| id).filter(|id| found.insert(*id)));
    }
    found
}
