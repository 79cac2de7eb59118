//! Files of a revision: the statements in order, with those commented out that lose rows. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::nodes::SchemaVerb;
use super::steps::SchemaStep;
use super::structure::{SchemaObjectId, SchemaObjectKind, Structure};

/// Texts of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    pub up: String,
    pub down: String,
}

/// Returns the objects that stay until a person has decided: those whose rows or values would be lost or that PostgreSQL
/// does not convert, and what these need or contain.
pub fn held(from: &Structure, up: &[SchemaStep]) -> BTreeSet<SchemaObjectId> {
    let mut held: BTreeSet<SchemaObjectId> =
        up.iter().filter(|step| step.loses || step.unconverted).map(|step| step.id.clone()).collect();
    let dropped: BTreeSet<&SchemaObjectId> =
        up.iter().filter(|step| step.verb == SchemaVerb::Drop).map(|step| &step.id).collect();
    loop {
        let of_it = |id: &SchemaObjectId| held.contains(id);
        let within = from.objects.iter().filter(|(id, object)| {
            let owned = object.parts.get("owner").and_then(|part| part.needs.as_ref());
            from.is_within(id, of_it)
                || owned.is_some_and(|owner| of_it(owner) || from.is_within(owner, of_it))
        });
        let within = within.map(|(id, _)| id);
        let needed = held.iter().filter_map(|id| from.objects.get(id)).flat_map(|object| &object.needs);
        let more: Vec<SchemaObjectId> =
            within.chain(needed.filter(|id| dropped.contains(id))).cloned().collect();
        let before = held.len();
        held.extend(more);
        if held.len() == before {
            return held;
        }
    }
}

/// Returns the text of a file, with `head` as its first lines.
pub fn text(
    head: &str,
    steps: &[SchemaStep],
    held: &BTreeSet<SchemaObjectId>,
    reasons: &BTreeMap<SchemaObjectId, String>,
) -> String {
    let mut text = format!("{head}\n");
    if steps.iter().any(|step| step.verb == SchemaVerb::Make && step.id.kind == SchemaObjectKind::Routine) {
        // A body may name objects that are made later.
        text += "\nSET LOCAL check_function_bodies = off;\n";
    }
    for step in steps {
        text.push('\n');
        if held.contains(&step.id) {
            let reason = reasons.get(&step.id).map_or("with the lines above or below", String::as_str);
            text += &format!("-- uncomment: {reason}\n");
            text += &step.text.lines().map(|line| format!("-- {line}")).collect::<Vec<_>>().join("\n");
            text += ";\n";
        } else {
            text += &format!("{};\n", step.text);
        }
    }
    text
}

/// Returns why each step is commented out. `rows` has the number of rows of each table.
pub fn reasons(
    from: &Structure,
    up: &[SchemaStep],
    rows: &BTreeMap<String, i64>,
) -> BTreeMap<SchemaObjectId, String> {
    let mut all = BTreeMap::new();
    for step in up {
        let parent = from.objects.get(&step.id).and_then(|object| object.parent.as_ref());
        let count = |table: &SchemaObjectId| rows.get(&table.name).map(|count| count.to_string());
        let reason = match (step.loses, step.unconverted, parent) {
            (true, _, None) => match count(&step.id) {
                Some(rows) => format!("loses {rows} rows"),
                None => "loses all rows".into(),
            },
            (true, _, Some(table)) => match count(table) {
                Some(rows) => format!("loses the values of {rows} rows"),
                None => "loses all values".into(),
            },
            (_, true, _) => "no assignment cast exists; write the conversion behind USING".into(),
            _ => continue,
        };
        all.insert(step.id.clone(), reason);
    }
    all
}
