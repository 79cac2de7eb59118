//! Foreign keys that are dropped before their tables: PostgreSQL drops no table that one of a table left refers to, and two tables
//! may refer to each other. One to a partitioned table holds each of its partitions. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::object_changes::ObjectChanges;
use crate::structure::{SchemaObjectId, SchemaObjectKind, Structure};

/// Tables that are dropped, with those that their foreign keys refer to.
type References<'a> = BTreeMap<&'a SchemaObjectId, BTreeSet<&'a SchemaObjectId>>;

/// Returns the foreign keys that cannot go with their table.
pub(crate) fn dropped_first(from: &Structure, changes: &ObjectChanges) -> BTreeSet<SchemaObjectId> {
    let is_dropped = |id: &SchemaObjectId| changes.get(id).drops();
    let key = |id| {
        let table = from.objects.get(id)?.parent.as_ref().filter(|table| is_dropped(table))?;
        let others: BTreeSet<_> =
            referenced(from, id).into_iter().filter(|other| is_dropped(other)).collect();
        Some((id, table, others))
    };
    let keys: Vec<_> = from.objects.keys().filter(|id| is_foreign(from, id)).filter_map(key).collect();
    let mut references = References::new();
    for (_, table, others) in &keys {
        references.entry(*table).or_default().extend(others);
    }
    let reached: References<'_> =
        references.keys().map(|table| (*table, reach(&references, table))).collect();
    let is_partitioned =
        |id: &SchemaObjectId| from.objects.get(id).is_some_and(|table| !table.body.is_empty());
    let is_first = |other: &&SchemaObjectId, table: &SchemaObjectId| {
        is_partitioned(other) || reached.get(other).is_some_and(|further| further.contains(table))
    };
    let first = keys.iter().filter(|(_, table, others)| others.iter().any(|other| is_first(other, table)));
    first.map(|(id, ..)| (*id).clone()).collect()
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

/// Returns the tables to which a table refers, directly or through others.
fn reach<'a>(references: &References<'a>, table: &'a SchemaObjectId) -> BTreeSet<&'a SchemaObjectId> {
    let (mut found, mut next) = (BTreeSet::new(), vec![table]);
    while let Some(table) = next.pop() {
        let further = references.get(table).into_iter().flatten().copied();
        next.extend(further.filter(|other| found.insert(*other)));
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
