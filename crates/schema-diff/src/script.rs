//! Files of a revision: the statements in order, with those commented out that lose rows. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::nodes::SchemaVerb;
use super::read::changed_values::ChangedValues;
use super::steps::SchemaStep;
use super::structure::{OWNER, SchemaObjectId, SchemaObjectKind, Structure, TYPE};
use martydb_model::text::printable;

/// Texts of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    pub up: String,
    pub down: String,
}

/// Returns the objects that stay until a person has decided: those whose rows or values would be lost, unless
/// `with_drops`, those that a person has to convert, what these need or contain, and what needs the converted ones, which
/// are also the columns of another type that a held view, rule or policy needs as they are.
pub fn held(
    (from, to): (&Structure, &Structure),
    (up, down): (&[SchemaStep], &[SchemaStep]),
    with_drops: bool,
) -> BTreeSet<SchemaObjectId> {
    let changes = |step: &SchemaStep| step.loses || step.narrowing.is_some();
    let stays = |step: &&SchemaStep| step.conversion.is_some() || changes(step) && !with_drops;
    // A conversion back from text is one by the type's input function, as psql reads values.
    let returns =
        |step: &&SchemaStep| step.conversion.as_ref().is_some_and(|conversion| !conversion.by_input);
    let ids = up.iter().filter(stays).chain(down.iter().filter(returns)).map(|step| step.id.clone());
    let mut held: BTreeSet<SchemaObjectId> = ids.collect();
    let is_other = |step: &&SchemaStep| step.conversion.is_some() || step.narrowing.is_some();
    let conversion = up.iter().chain(down).filter(is_other);
    let mut converted: BTreeSet<SchemaObjectId> =
        conversion.map(|step| step.id.clone()).filter(|id| held.contains(id)).collect();
    let clears = |step: &&SchemaStep| step.verb == SchemaVerb::Drop || step.part == TYPE;
    let cleared: Vec<&SchemaStep> = up.iter().filter(clears).collect();
    loop {
        let before = (held.len(), converted.len());
        let dependents = dependents((from, to), up, &converted);
        held.extend(dependents.iter().cloned());
        converted.extend(dependents);
        held.extend(contained(from, &held));
        for step in needed(from, &cleared, &held) {
            held.insert(step.id.clone());
            if step.part == TYPE || step.id.kind.is_type() {
                converted.insert(step.id.clone());
            }
        }
        if (held.len(), converted.len()) == before {
            return held;
        }
    }
}

/// Returns those of the steps that the server refuses while the objects are there: an object that one of them needs is
/// dropped, alone or with its table, or becomes of another type.
fn needed<'a>(
    from: &Structure,
    cleared: &[&'a SchemaStep],
    held: &BTreeSet<SchemaObjectId>,
) -> Vec<&'a SchemaStep> {
    let needs = |fixed: bool| {
        let held = held.iter().filter(move |id| !fixed || fixes_types(id.kind));
        held.filter_map(|id| from.objects.get(id)).flat_map(|object| &object.needs)
    };
    let fixed: BTreeSet<&SchemaObjectId> = needs(true).collect();
    let parent = |id: &&SchemaObjectId| from.objects.get(id)?.parent.as_ref();
    let all: BTreeSet<&SchemaObjectId> =
        needs(false).flat_map(|id| std::iter::successors(Some(id), parent)).collect();
    let is_needed = |step: &&&SchemaStep| match step.verb {
        SchemaVerb::Drop => all.contains(&step.id),
        _ => fixed.contains(&step.id),
    };
    cleared.iter().filter(is_needed).copied().collect()
}

/// Returns `false` for what ALTER TABLE makes again itself when a column becomes of another type.
fn fixes_types(kind: SchemaObjectKind) -> bool {
    use SchemaObjectKind::{Constraint, Index, Statistics};
    !matches!(kind, Constraint | Index | Statistics)
}

/// Returns the objects that are made or dropped and need one of `converted`.
fn dependents(
    (from, to): (&Structure, &Structure),
    up: &[SchemaStep],
    converted: &BTreeSet<SchemaObjectId>,
) -> Vec<SchemaObjectId> {
    let needs = |id: &SchemaObjectId| {
        let sides = [from.objects.get(id), to.objects.get(id)];
        sides.into_iter().flatten().any(|object| !object.needs.is_disjoint(converted))
    };
    let whole = up
        .iter()
        .filter(|step| matches!(step.verb, SchemaVerb::Make | SchemaVerb::Drop) || step.part == TYPE);
    whole.map(|step| &step.id).filter(|id| needs(id)).cloned().collect()
}

/// Returns the parts of the objects, and the sequences that their columns own.
fn contained(from: &Structure, held: &BTreeSet<SchemaObjectId>) -> Vec<SchemaObjectId> {
    let of_it = |id: &SchemaObjectId| held.contains(id);
    let within = from.objects.iter().filter(|(id, object)| {
        let owned = object.parts.get(OWNER).and_then(|part| part.needs.as_ref());
        from.is_within(id, of_it) || owned.is_some_and(|owner| of_it(owner) || from.is_within(owner, of_it))
    });
    within.map(|(id, _)| id.clone()).collect()
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
            let shown = step.conversion.as_ref().map_or(&step.text, |conversion| &conversion.template);
            text += &format!("{};\n", commented(reason, shown));
        } else {
            if let Some(change) = &step.narrowing {
                text += &format!(
                    "-- values that are not of the new type are changed or refused: {}\n",
                    printable(&change.to_string())
                );
            }
            if let Some(note) = former_results(step) {
                text += &format!("-- {}\n", printable(&note));
            }
            text += &format!("{};\n", step.text);
        }
    }
    text
}

/// Beginning of the comment on a column whose value only a person knows.
pub(crate) const NEEDS_VALUE: &str = "rows that exist need a value before the next migration";

/// Returns what a statement leaves to a person.
pub fn notes(step: &SchemaStep) -> Vec<String> {
    let comments = step.text.lines().filter_map(|line| line.strip_prefix("-- "));
    let needed = comments.filter(|line| line.starts_with(NEEDS_VALUE)).map(str::to_owned);
    former_results(step).into_iter().chain(needed).collect()
}

/// Returns a note on a function whose former body made contents that its replacement does not change.
fn former_results(step: &SchemaStep) -> Option<String> {
    let all: Vec<String> = step.former_results.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| {
        format!(
            "{} is replaced, and what its former body computed or checked stays: {}; REINDEX indexes, and update or check the rows",
            step.id,
            all.join(", ")
        )
    })
}

/// Returns a statement as a comment that a person decides about.
pub(super) fn commented(reason: &str, statement: &str) -> String {
    // A carriage return in a name ends a comment, as a line feed does.
    let lines = statement.split(['\n', '\r']).map(|line| format!("-- {line}"));
    let lines: Vec<String> =
        [format!("-- uncomment: {}", printable(reason))].into_iter().chain(lines).collect();
    lines.join("\n")
}

/// Rows as far as they are known.
#[derive(Debug, Default)]
pub struct KnownRows {
    /// Number of rows of each table, as the server estimates it.
    pub tables: BTreeMap<String, i64>,
    /// Values of each column whose type changes.
    pub columns: BTreeMap<SchemaObjectId, ChangedValues>,
}

impl KnownRows {
    /// Returns the number of columns whose values were read.
    pub fn counted(&self) -> usize {
        self.columns.values().filter(|values| **values != ChangedValues::Unknown).count()
    }
}

/// Returns why each step is commented out.
pub fn reasons(
    from: &Structure,
    (up, down): (&[SchemaStep], &[SchemaStep]),
    rows: &KnownRows,
) -> BTreeMap<SchemaObjectId, String> {
    let mut all = BTreeMap::new();
    let back = down.iter().filter(|step| step.conversion.is_some());
    for step in back.chain(up) {
        if let Some(reason) = reason(from, step, rows) {
            all.insert(step.id.clone(), reason);
        }
    }
    all
}

fn reason(from: &Structure, step: &SchemaStep, rows: &KnownRows) -> Option<String> {
    let parent = from.objects.get(&step.id).and_then(|object| object.parent.as_ref());
    let count = |table: &SchemaObjectId| rows.tables.get(&table.name).map(|count| count.to_string());
    let values = rows.columns.get(&step.id).unwrap_or(&ChangedValues::Unknown);
    let reason = match (step.loses, &step.conversion, parent) {
        (true, _, None) => match count(&step.id) {
            Some(rows) => format!("loses {rows} rows"),
            None => "loses all rows".into(),
        },
        (true, _, Some(table)) => match count(table) {
            Some(rows) => format!("loses the values of {rows} rows"),
            None => "loses all values".into(),
        },
        (_, Some(conversion), _) => {
            format!("no assignment cast from {} exists; write the expression", conversion.types)
        }
        (_, None, _) if step.narrowing.is_some() => {
            let change = step.narrowing.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{values}: {change}")
        }
        _ => return None,
    };
    Some(reason)
}
