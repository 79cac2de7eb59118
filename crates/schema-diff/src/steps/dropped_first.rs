//! Foreign keys, rules and other parts that are dropped before their relations: PostgreSQL drops no relation to which a part of
//! another refers, and two may refer to each other. A key to a partitioned table holds each of its partitions. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::object_changes::ObjectChanges;
use crate::structure::{SchemaObjectId, SchemaObjectKind, Structure};

/// Dropped relations and routines, with those that they and their parts refer to.
type References<'a> = BTreeMap<&'a SchemaObjectId, BTreeSet<&'a SchemaObjectId>>;

/// Returns the parts that cannot go with their relation, because it waits for one that waits for it.
pub(crate) fn dropped_first(from: &Structure, changes: &ObjectChanges) -> BTreeSet<SchemaObjectId> {
    let is_dropped = |id: &SchemaObjectId| changes.get(id).drops();
    let others = |id: &SchemaObjectId| -> BTreeSet<&SchemaObjectId> {
        let object = &from.objects[id];
        let needs = object.needs.iter().map(|need| whole(from, need));
        needs.filter(|other| is_dropped(other) && object.parent.as_ref() != Some(*other)).collect()
    };
    let mut references = References::new();
    for id in from.objects.keys() {
        let above = whole(from, id);
        if is_dropped(above) {
            references.entry(above).or_default().extend(others(id));
        }
    }
    let is_partitioned = |id: &SchemaObjectId| {
        id.kind == SchemaObjectKind::Table && from.objects.get(id).is_some_and(|table| !table.body.is_empty())
    };
    let mut reached = References::new();
    let mut waits = |other, relation: &SchemaObjectId| {
        reached.entry(other).or_insert_with(|| reach(&references, other)).contains(relation)
    };
    let parts = from.objects.iter().filter(|(id, _)| !id.kind.is_column());
    let mut first = BTreeSet::new();
    for (id, part) in parts {
        let Some(relation) = part.parent.as_ref().filter(|relation| is_dropped(relation)) else { continue };
        let holds = |other: &SchemaObjectId| is_foreign(from, id) && is_partitioned(other);
        if others(id).into_iter().any(|other| holds(other) || waits(other, relation)) {
            first.insert(id.clone());
        }
    }
    first
}

/// Returns the relation or type of a part, and any other object itself.
fn whole<'a>(from: &'a Structure, id: &'a SchemaObjectId) -> &'a SchemaObjectId {
    from.objects.get(id).and_then(|object| object.parent.as_ref()).map_or(id, |above| whole(from, above))
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

/// Returns what an object refers to, directly or through others.
fn reach<'a>(references: &References<'a>, id: &'a SchemaObjectId) -> BTreeSet<&'a SchemaObjectId> {
    let (mut found, mut next) = (BTreeSet::new(), vec![id]);
    while let Some(id) = next.pop() {
        let further = references.get(id).into_iter().flatten().copied();
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
