//! Renames that the author names, and likely ones to ask about. Pure.

use std::collections::BTreeSet;

use super::names::split;
use super::nodes::SchemaVerb;
use super::steps::SchemaStep;
use super::structure::{SchemaObjectId, SchemaObjectKind, Structure, TYPE};
use martydb_model::sql::{Ident, stmt};

/// Rename of one object: the statement, and the one that undoes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    pub done: SchemaStep,
    pub undone: SchemaStep,
}

/// Kinds that can be renamed, with the words of their statements. The name of a part is behind its table's.
const FORMS: &[(SchemaObjectKind, &str, &str)] = &[
    (SchemaObjectKind::Schema, "SCHEMA", ""),
    (SchemaObjectKind::Enum, "TYPE", ""),
    (SchemaObjectKind::Domain, "DOMAIN", ""),
    (SchemaObjectKind::Range, "TYPE", ""),
    (SchemaObjectKind::CompositeType, "TYPE", ""),
    (SchemaObjectKind::Sequence, "SEQUENCE", ""),
    (SchemaObjectKind::Table, "TABLE", ""),
    (SchemaObjectKind::Column, "TABLE", "COLUMN "),
    (SchemaObjectKind::Attribute, "TYPE", "ATTRIBUTE "),
    (SchemaObjectKind::Constraint, "TABLE", "CONSTRAINT "),
    (SchemaObjectKind::Index, "INDEX", ""),
    (SchemaObjectKind::View, "VIEW", ""),
    (SchemaObjectKind::MaterializedView, "MATERIALIZED VIEW", ""),
];

/// Finds the object of a pair `OLD:NEW`, such as `item:article` or `item.title:name`, and writes the rename.
///
/// # Errors
/// If the pair names no object, several, or no name.
pub fn rename(structure: &Structure, pair: &str) -> Result<Rename, String> {
    let Some((old, new)) = pair.split_once(':') else {
        return Err(format!("\"{pair}\" has no colon between the present and the new name"));
    };
    let new = new.rsplit('.').next().unwrap_or(new).trim_matches('"');
    let new = Ident::new(new).map_err(|why| format!("\"{pair}\": {why}"))?;
    let suffix = format!(".{old}");
    let is_meant =
        |id: &&SchemaObjectId| (id.name == old || id.name.ends_with(&suffix)) && form(id.kind).is_some();
    // A column also ends like a table of its name: the shortest name is meant.
    let found: Vec<&SchemaObjectId> = structure.objects.keys().filter(is_meant).collect();
    let fewest = found.iter().map(|id| id.name.matches('.').count()).min();
    let found: Vec<&SchemaObjectId> =
        found.into_iter().filter(|id| Some(id.name.matches('.').count()) == fewest).collect();
    match found.as_slice() {
        [one] => {
            written(structure, one, stmt!("{new}").shown()).ok_or_else(|| format!("{one} cannot be renamed"))
        }
        [] => Err(format!("the migrations make no object named {old}")),
        several => Err(format!(
            "{old} is {}",
            several.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
        )),
    }
}

fn form(kind: SchemaObjectKind) -> Option<(&'static str, &'static str)> {
    FORMS.iter().find(|row| row.0 == kind).map(|row| (row.1, row.2))
}

fn written(structure: &Structure, id: &SchemaObjectId, new: &str) -> Option<Rename> {
    let (noun, part) = form(id.kind)?;
    let (above, old) = split(&id.name);
    let (before, after) = match part {
        "" => (format!("ALTER {noun} {} RENAME", id.name), format!("ALTER {noun} {above}{new} RENAME")),
        part => {
            let parent = &structure.objects.get(id)?.parent.as_ref()?;
            let noun = if parent.kind == SchemaObjectKind::Domain { "DOMAIN" } else { noun };
            let of_it = format!("ALTER {noun} {} RENAME {part}", parent.name);
            (format!("{of_it}{old}"), format!("{of_it}{new}"))
        }
    };
    let step = |text: String| SchemaStep {
        id: id.clone(),
        verb: SchemaVerb::Rename,
        part: String::new(),
        text,
        loses: false,
        conversion: None,
        narrowing: None,
        former_results: vec![],
    };
    Some(Rename { done: step(format!("{before} TO {new}")), undone: step(format!("{after} TO {old}")) })
}

/// Maximum number of pairs to ask about.
const MAX_PAIRS: usize = 10;

/// Returns likely renames as pairs `OLD:NEW`: dropped and created tables that share half of their columns, and columns of
/// equal type in one table.
pub fn likely_renames(from: &Structure, to: &Structure) -> Vec<String> {
    let gone = |kind| from.objects.keys().filter(move |id| id.kind == kind && !to.objects.contains_key(*id));
    let made = |kind| to.objects.keys().filter(move |id| id.kind == kind && !from.objects.contains_key(*id));
    let mut pairs = vec![];
    for old in gone(SchemaObjectKind::Table) {
        let columns = columns(from, old);
        let shared = |new: &&SchemaObjectId| columns.intersection(&self::columns(to, new)).count() * 2;
        let best = made(SchemaObjectKind::Table).max_by_key(shared);
        if let Some(best) = best.filter(|best| shared(best) >= columns.len().max(1)) {
            pairs.push(format!("{}:{}", old.name, split(&best.name).1));
        }
    }
    for old in gone(SchemaObjectKind::Column) {
        let kind = |of: &Structure, id: &SchemaObjectId| {
            let object = of.objects.get(id)?;
            Some((object.parent.clone()?, object.parts.get(TYPE)?.value.clone()))
        };
        let same = kind(from, old);
        if let Some(new) = made(SchemaObjectKind::Column).find(|new| same.is_some() && kind(to, new) == same)
        {
            pairs.push(format!("{}:{}", old.name, split(&new.name).1));
        }
    }
    pairs.truncate(MAX_PAIRS);
    pairs
}

fn columns<'a>(of: &'a Structure, table: &SchemaObjectId) -> BTreeSet<&'a str> {
    let parts = of
        .objects
        .iter()
        .filter(|(id, object)| id.kind == SchemaObjectKind::Column && object.parent.as_ref() == Some(table));
    parts.map(|(id, _)| split(&id.name).1).collect()
}
