//! Change of each object: none, an alteration, or a rebuild, which spreads to the objects that depend on it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::structure::{SchemaObject, SchemaObjectId, SchemaObjectKind, Structure, TYPE};

/// Change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectChange {
    Same,
    /// Only parts differ.
    Altered,
    /// By CREATE OR REPLACE.
    Replaced,
    /// Dropped and made again.
    Rebuilt,
    /// A type: renamed, made again, and dropped when its columns have the new one.
    Swapped,
    Dropped,
    Created,
}

impl ObjectChange {
    /// Returns `true` if the existing object is dropped.
    pub(crate) fn drops(self) -> bool {
        matches!(self, ObjectChange::Rebuilt | ObjectChange::Swapped | ObjectChange::Dropped)
    }

    /// Returns `true` if an object is created.
    pub(crate) fn creates(self) -> bool {
        matches!(self, ObjectChange::Rebuilt | ObjectChange::Swapped | ObjectChange::Created)
    }
}

/// Changes of all objects.
#[derive(Debug, Default)]
pub(crate) struct ObjectChanges {
    pub by_object: BTreeMap<SchemaObjectId, ObjectChange>,
    /// Columns whose type is set although its name stays.
    pub retyped: BTreeSet<SchemaObjectId>,
    /// Columns whose default is removed and set again, because the function that it calls is rebuilt.
    pub redefaulted: BTreeSet<SchemaObjectId>,
}

impl ObjectChanges {
    /// Returns the decision about an object; `Same` for one that is in neither schema.
    pub(crate) fn get(&self, id: &SchemaObjectId) -> ObjectChange {
        self.by_object.get(id).copied().unwrap_or(ObjectChange::Same)
    }

    fn set(&mut self, id: &SchemaObjectId, change: ObjectChange) {
        self.by_object.insert(id.clone(), change);
    }
}

/// Decides about every object of both schemas; these types are made again.
pub(crate) fn object_changes(
    from: &Structure,
    to: &Structure,
    remade: &BTreeSet<SchemaObjectId>,
) -> ObjectChanges {
    let mut changes = ObjectChanges::default();
    for id in from.objects.keys().chain(to.objects.keys()) {
        let change = match (from.objects.get(id), to.objects.get(id)) {
            (Some(_), Some(_)) if remade.contains(id) => ObjectChange::Swapped,
            (Some(before), Some(after)) => alone(id, before, after),
            (Some(_), None) => ObjectChange::Dropped,
            (None, _) => ObjectChange::Created,
        };
        changes.set(id, change);
    }
    // The server refuses another type of an attribute that a column stores.
    let stored = |id: &&SchemaObjectId| {
        id.kind == SchemaObjectKind::Attribute && has_other_type(from, to, id) && from.is_stored(id)
    };
    let both = from.objects.iter().filter(|(id, _)| to.objects.contains_key(*id));
    for (_, attribute) in both.filter(|(id, _)| stored(id)) {
        if let Some(kind) = &attribute.parent {
            changes.set(kind, ObjectChange::Swapped);
        }
    }
    spread(from, to, &mut changes);
    changes
}

/// Decides about an object without regard to others.
fn alone(id: &SchemaObjectId, before: &SchemaObject, after: &SchemaObject) -> ObjectChange {
    if before.signature != after.signature {
        return ObjectChange::Rebuilt;
    }
    if before.body != after.body {
        return match id.kind {
            SchemaObjectKind::View | SchemaObjectKind::Routine => ObjectChange::Replaced,
            kind if kind.is_type() => ObjectChange::Swapped,
            _ => ObjectChange::Rebuilt,
        };
    }
    if id.kind == SchemaObjectKind::Enum && added_labels(before, after).is_none() {
        return ObjectChange::Swapped;
    }
    let unalterable = before.parts.iter().any(|(name, part)| match after.parts.get(name) {
        _ if id.kind == SchemaObjectKind::Enum => false,
        Some(new) => {
            new.value != part.value
                && new.alter_sql.is_none()
                && (part.remove_sql.is_none() || new.create_sql.is_none())
        }
        None => part.remove_sql.is_none(),
    });
    let altered = before.parts.len() != after.parts.len()
        || before
            .parts
            .iter()
            .any(|(name, part)| after.parts.get(name).is_none_or(|new| new.value != part.value))
        || id.kind == SchemaObjectKind::Enum
            && added_labels(before, after).is_some_and(|added| !added.is_empty());
    match (unalterable, altered) {
        (true, _) => ObjectChange::Rebuilt,
        (_, true) => ObjectChange::Altered,
        _ => ObjectChange::Same,
    }
}

/// Returns the labels of an enum in order.
pub(crate) fn labels(object: &SchemaObject) -> Vec<&str> {
    let is_label = |name: &str| name.starts_with('\'') || name.starts_with("E'") || name.starts_with(" E'");
    let mut all: Vec<_> = object.parts.iter().filter(|(name, _)| is_label(name)).collect();
    all.sort_by_key(|(_, part)| part.place);
    all.into_iter().map(|(name, _)| name.as_str()).collect()
}

/// Returns the labels that are added, each with the words that place it; `None` if others go or move.
pub(crate) fn added_labels<'a>(
    before: &SchemaObject,
    after: &'a SchemaObject,
) -> Option<Vec<(&'a str, String)>> {
    let (old, new) = (labels(before), labels(after));
    let kept: Vec<&str> = new.iter().copied().filter(|label| old.contains(label)).collect();
    if kept != old {
        return None;
    }
    let mut previous: Option<&str> = None;
    let mut added = vec![];
    for label in new {
        if !old.contains(&label) {
            let place = match (previous, old.first()) {
                (Some(previous), _) => format!(" AFTER {previous}"),
                (None, Some(first)) => format!(" BEFORE {first}"),
                (None, None) => String::new(),
            };
            added.push((label, place));
        }
        previous = Some(label);
    }
    Some(added)
}

/// Spreads decisions to the objects that depend on others.
fn spread(from: &Structure, to: &Structure, changes: &mut ObjectChanges) {
    let dependents = from.dependents();
    let retyped = |changes: &ObjectChanges, id: &SchemaObjectId| {
        changes.get(id) == ObjectChange::Altered && has_other_type(from, to, id)
    };
    let mut next: Vec<SchemaObjectId> = changes
        .by_object
        .keys()
        .filter(|id| changes.get(id).drops() || retyped(changes, id))
        .cloned()
        .collect();
    let mut seen: BTreeSet<SchemaObjectId> = next.iter().cloned().collect();
    while let Some(id) = next.pop() {
        for dependent in dependents.get(&id).into_iter().flatten() {
            if !to.objects.contains_key(dependent) || changes.get(dependent).drops() {
                continue;
            }
            if let Some(changed) = follow(from, changes, &id, dependent)
                && (seen.insert(changed.clone()) || changes.get(&changed).drops())
            {
                next.push(changed);
            }
        }
    }
}

fn has_other_type(from: &Structure, to: &Structure, id: &SchemaObjectId) -> bool {
    let value = |of: &Structure| Some(of.objects.get(id)?.parts.get(TYPE)?.value.clone());
    id.kind.is_column() && value(from) != value(to)
}

/// Decides about `dependent`, which depends on a dropped object or a column that changes its type. Returns the object
/// whose dependents are affected in turn.
fn follow(
    from: &Structure,
    changes: &mut ObjectChanges,
    id: &SchemaObjectId,
    dependent: &SchemaObjectId,
) -> Option<SchemaObjectId> {
    use SchemaObjectKind::{Attribute, Column, Constraint, Index, Sequence, Statistics, Table};
    let object = from.objects.get(dependent)?;
    let swapped = changes.get(id) == ObjectChange::Swapped || changes.retyped.contains(id);
    let is_type = id.kind.is_type();
    let retyped = id.kind.is_column() && !changes.get(id).drops();
    match dependent.kind {
        Table | Sequence => return None,
        Attribute if object.parent.as_ref() == Some(id) => return None,
        Constraint if object.parent.as_ref() == Some(id) && swapped && is_type => return None,
        Attribute => {
            let parent = object.parent.clone()?;
            changes.set(&parent, ObjectChange::Swapped);
            return Some(parent);
        }
        kind if kind.is_type() => changes.set(dependent, ObjectChange::Swapped),
        Column if object.parent.as_ref() == Some(id) => return None,
        Column if !object.body.is_empty() => changes.set(dependent, ObjectChange::Rebuilt),
        Column if is_type && !swapped => return None,
        Column if is_type => {
            changes.set(dependent, ObjectChange::Altered);
            changes.retyped.insert(dependent.clone());
        }
        Column => {
            changes.set(dependent, ObjectChange::Altered);
            changes.redefaulted.insert(dependent.clone());
            return None;
        }
        // ALTER TABLE rebuilds these itself, but with the old expression.
        Constraint | Index | Statistics if retyped && !swapped => return None,
        _ => changes.set(dependent, ObjectChange::Rebuilt),
    }
    Some(dependent.clone())
}
