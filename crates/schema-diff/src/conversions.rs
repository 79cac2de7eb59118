//! Conversions of a column that keep every value, as far as the types say. Pure.

mod type_name;
mod widening;

use std::collections::BTreeSet;

use super::names::split;
use super::object_changes::labels;
use super::structure::{SchemaObject, SchemaObjectId, SchemaObjectKind, Structure, TYPE};
pub(crate) use type_name::{TypeName, uncollated};
use widening::widens;

/// Maximum depth of types within types.
const MAX_DEPTH: usize = 32;

/// Returns `true` if a column of one schema's type keeps every value as one of the other schema's type.
pub(crate) fn keeps(from: &Structure, to: &Structure, old: &str, new: &str) -> bool {
    kept(from, to, old, new, 0)
}

fn kept(from: &Structure, to: &Structure, old: &str, new: &str, depth: usize) -> bool {
    let (old, new) = (resolved(from, old), resolved(to, new));
    if old.is_array != new.is_array || depth > MAX_DEPTH {
        return false;
    }
    if old == new {
        return same_type(from, to, &old, depth);
    }
    let is_enum = from.objects.contains_key(&named(SchemaObjectKind::Enum, &old.base));
    // The output function of an enum writes its label: enum.c, enum_out.
    let is_label = is_enum && ["text", "character varying"].contains(&new.base.as_str());
    widens(&old, &new)
        || is_label && new.modifiers.is_empty()
        || new.modifiers.is_empty() && from.coercible.contains(&(old.base, new.base))
}

/// Returns `true` if a type that has the same name in both schemas keeps its values.
fn same_type(from: &Structure, to: &Structure, kind: &TypeName, depth: usize) -> bool {
    use SchemaObjectKind::{CompositeType, Enum, Range};
    let pair = |kind_of: SchemaObjectKind| {
        let id = named(kind_of, &kind.base);
        Some((from.objects.get(&id)?, to.objects.get(&id)?, id))
    };
    if let Some((before, after, _)) = pair(Enum) {
        let (old, new): (BTreeSet<&str>, BTreeSet<&str>) =
            (labels(before).into_iter().collect(), labels(after).into_iter().collect());
        return old.is_subset(&new);
    }
    if let Some((before, after, id)) = pair(CompositeType) {
        let (old, new) = (attributes(from, &id, before), attributes(to, &id, after));
        let same = |(old, new): (&(String, String), &(String, String))| {
            old.0 == new.0 && kept(from, to, &old.1, &new.1, depth + 1)
        };
        return old.len() == new.len() && old.iter().zip(&new).all(same);
    }
    pair(Range).is_none_or(|(before, after, _)| before.body == after.body)
}

/// Returns names and types of the attributes in their order, in which a row is read from its text.
fn attributes(structure: &Structure, id: &SchemaObjectId, object: &SchemaObject) -> Vec<(String, String)> {
    let of_it = structure.objects.iter().filter(|(_, other)| other.parent.as_ref() == Some(id));
    let mut all: Vec<(usize, String, String)> = of_it
        .filter_map(|(id, attribute)| {
            let (name, kind) = (split(&id.name).1.to_owned(), attribute.parts.get(TYPE)?.value.clone());
            Some((object.create_sql.find(&format!("\n    {name} {kind}"))?, name, kind))
        })
        .collect();
    all.sort();
    all.into_iter().map(|(_, name, kind)| (name, kind)).collect()
}

/// Returns the type with the base types of domains in place of these.
pub(crate) fn resolved(structure: &Structure, kind: &str) -> TypeName {
    let mut found = TypeName::parse(kind);
    for _ in 0..MAX_DEPTH {
        let domain = structure.objects.get(&named(SchemaObjectKind::Domain, &found.base));
        // The body of a domain is its base type with the number of its collation.
        let Some((base, _)) = domain.and_then(|domain| domain.body.rsplit_once(' ')) else { break };
        let base = TypeName::parse(base);
        found = TypeName { is_array: found.is_array || base.is_array, ..base };
    }
    found
}

fn named(kind: SchemaObjectKind, name: &str) -> SchemaObjectId {
    SchemaObjectId { kind, name: name.to_owned() }
}

#[cfg(test)]
mod tests;
