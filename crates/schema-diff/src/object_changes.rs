//! Decision for each object: whether it stays, is changed by statements of its own, or has to be made again, and which
//! others have to be made again with it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::structure::{SchemaObject, SchemaObjectId, SchemaObjectKind, Structure, TYPE};

/// Decision about an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectFate {
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
    Made,
}

impl ObjectFate {
    /// Returns `true` if the present object goes.
    pub fn ends(self) -> bool {
        matches!(self, ObjectFate::Rebuilt | ObjectFate::Swapped | ObjectFate::Dropped)
    }

    /// Returns `true` if an object is made where none is, or no longer.
    pub fn begins(self) -> bool {
        matches!(self, ObjectFate::Rebuilt | ObjectFate::Swapped | ObjectFate::Made)
    }
}

/// Decisions about all objects.
#[derive(Debug, Default)]
pub struct Fates {
    pub of: BTreeMap<SchemaObjectId, ObjectFate>,
    /// Columns whose type is set although its name stays.
    pub retyped: BTreeSet<SchemaObjectId>,
    /// Columns whose default is removed and set again, because what it calls is made again.
    pub redefaulted: BTreeSet<SchemaObjectId>,
}

impl Fates {
    /// Returns the decision about an object; `Same` for one that is in neither schema.
    pub fn get(&self, id: &SchemaObjectId) -> ObjectFate {
        self.of.get(id).copied().unwrap_or(ObjectFate::Same)
    }
}

/// Decides about every object of both schemas.
pub fn fates(from: &Structure, to: &Structure) -> Fates {
    let mut fates = Fates::default();
    for id in from.objects.keys().chain(to.objects.keys()) {
        let fate = match (from.objects.get(id), to.objects.get(id)) {
            (Some(before), Some(after)) => alone(id, before, after),
            (Some(_), None) => ObjectFate::Dropped,
            (None, _) => ObjectFate::Made,
        };
        fates.of.insert(id.clone(), fate);
    }
    spread(from, to, &mut fates);
    fates
}

/// Decides about an object without regard to others.
fn alone(id: &SchemaObjectId, before: &SchemaObject, after: &SchemaObject) -> ObjectFate {
    if before.signature != after.signature {
        return ObjectFate::Rebuilt;
    }
    if before.body != after.body {
        return match id.kind {
            SchemaObjectKind::View | SchemaObjectKind::Routine => ObjectFate::Replaced,
            kind if kind.is_type() => ObjectFate::Swapped,
            _ => ObjectFate::Rebuilt,
        };
    }
    if id.kind == SchemaObjectKind::Enum && added_labels(before, after).is_none() {
        return ObjectFate::Swapped;
    }
    let unalterable = before.parts.iter().any(|(name, part)| match after.parts.get(name) {
        _ if id.kind == SchemaObjectKind::Enum => false,
        Some(new) => {
            new.value != part.value && new.changed.is_none() && (part.undone.is_none() || new.made.is_none())
        }
        None => part.undone.is_none(),
    });
    let altered = before.parts.len() != after.parts.len()
        || before
            .parts
            .iter()
            .any(|(name, part)| after.parts.get(name).is_none_or(|new| new.value != part.value))
        || id.kind == SchemaObjectKind::Enum
            && added_labels(before, after).is_some_and(|added| !added.is_empty());
    match (unalterable, altered) {
        (true, _) => ObjectFate::Rebuilt,
        (_, true) => ObjectFate::Altered,
        _ => ObjectFate::Same,
    }
}

/// Returns the labels of an enum in order.
fn labels(object: &SchemaObject) -> Vec<&str> {
    let is_label = |name: &str| name.starts_with('\'') || name.starts_with("E'") || name.starts_with(" E'");
    let mut all: Vec<_> = object.parts.iter().filter(|(name, _)| is_label(name)).collect();
    all.sort_by_key(|(_, part)| part.place);
    all.into_iter().map(|(name, _)| name.as_str()).collect()
}

/// Returns the labels that are added, each with the words that place it; `None` if others go or move.
pub fn added_labels<'a>(before: &SchemaObject, after: &'a SchemaObject) -> Option<Vec<(&'a str, String)>> {
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
fn spread(from: &Structure, to: &Structure, fates: &mut Fates) {
    let dependents = from.dependents();
    let retyped = |fates: &Fates, id: &SchemaObjectId| {
        fates.get(id) == ObjectFate::Altered && has_other_type(from, to, id)
    };
    let mut next: Vec<SchemaObjectId> =
        fates.of.keys().filter(|id| fates.get(id).ends() || retyped(fates, id)).cloned().collect();
    let mut seen: BTreeSet<SchemaObjectId> = next.iter().cloned().collect();
    while let Some(id) = next.pop() {
        for dependent in dependents.get(&id).into_iter().flatten() {
            if !to.objects.contains_key(dependent) || fates.get(dependent).ends() {
                continue;
            }
            if let Some(changed) = follow(from, fates, &id, dependent)
                && (seen.insert(changed.clone()) || fates.get(&changed).ends())
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

/// Decides about `dependent`, which depends on an object that goes or a column of another type. Returns the object whose
/// dependents are affected in turn.
fn follow(
    from: &Structure,
    fates: &mut Fates,
    id: &SchemaObjectId,
    dependent: &SchemaObjectId,
) -> Option<SchemaObjectId> {
    use SchemaObjectKind::{Attribute, Column, Constraint, Index, Sequence, Statistics, Table};
    let object = from.objects.get(dependent)?;
    let swapped = fates.get(id) == ObjectFate::Swapped || fates.retyped.contains(id);
    let is_type = id.kind.is_type();
    let retyped = id.kind.is_column() && !fates.get(id).ends();
    match dependent.kind {
        Table | Sequence => return None,
        Attribute if object.parent.as_ref() == Some(id) => return None,
        Constraint if object.parent.as_ref() == Some(id) && swapped && is_type => return None,
        Attribute => {
            let parent = object.parent.clone()?;
            fates.of.insert(parent.clone(), ObjectFate::Swapped);
            return Some(parent);
        }
        kind if kind.is_type() => drop(fates.of.insert(dependent.clone(), ObjectFate::Swapped)),
        Column if object.parent.as_ref() == Some(id) => return None,
        Column if !object.body.is_empty() => drop(fates.of.insert(dependent.clone(), ObjectFate::Rebuilt)),
        Column if is_type && !swapped => return None,
        Column if is_type => {
            fates.of.insert(dependent.clone(), ObjectFate::Altered);
            fates.retyped.insert(dependent.clone());
        }
        Column => {
            fates.of.insert(dependent.clone(), ObjectFate::Altered);
            fates.redefaulted.insert(dependent.clone());
            return None;
        }
        // ALTER TABLE makes these again itself, but by the former expression.
        Constraint | Index | Statistics if retyped && !swapped => return None,
        _ => drop(fates.of.insert(dependent.clone(), ObjectFate::Rebuilt)),
    }
    Some(dependent.clone())
}
