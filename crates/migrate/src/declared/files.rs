//! Division of a revision into files that hold no lock for long: indexes of existing tables are made and dropped
//! concurrently, and constraints of existing tables are added without a scan and validated afterwards. Pure.

use std::collections::BTreeSet;

use super::nodes::SchemaVerb;
use super::steps::SchemaStep;
use super::structure::{SchemaObjectId, SchemaObjectKind, Structure};

/// Steps of one migration and of its down file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilePlan {
    /// End of its name; empty for the first.
    pub suffix: &'static str,
    /// Set for statements that PostgreSQL refuses inside a transaction.
    pub no_transaction: bool,
    pub up: Vec<SchemaStep>,
    pub down: Vec<SchemaStep>,
}

/// Name of the part that says that a constraint holds for all rows.
const VALIDATED: &str = "validated";

/// Both schemas, and the objects that stay until a person has decided.
pub struct Division<'a> {
    pub from: &'a Structure,
    pub to: &'a Structure,
    pub held: &'a BTreeSet<SchemaObjectId>,
}

impl Division<'_> {
    /// Divides the statements; files without one are left out.
    pub fn files(&self, up: Vec<SchemaStep>, down: Vec<SchemaStep>) -> Vec<FilePlan> {
        let late: BTreeSet<SchemaObjectId> =
            up.iter().filter(|step| self.is_late_index(step, &up)).map(|step| step.id.clone()).collect();
        let unscanned: BTreeSet<SchemaObjectId> =
            up.iter().filter(|step| self.is_scanned_later(step)).map(|step| step.id.clone()).collect();
        let mut first = FilePlan::default();
        let mut indexes = FilePlan { suffix: "_indexes", no_transaction: true, ..FilePlan::default() };
        let mut validated = FilePlan { suffix: "_validate", ..FilePlan::default() };
        for step in up {
            match () {
                () if late.contains(&step.id) => indexes.up.push(concurrent(step)),
                () if unscanned.contains(&step.id) && step.verb == SchemaVerb::Make => {
                    validated.up.extend(self.validating(&step));
                    validated.down.extend(self.not_valid_again(&step));
                    first.up.push(not_valid(step));
                }
                () => first.up.push(step),
            }
        }
        for step in down {
            let file = if late.contains(&step.id) { &mut indexes } else { &mut first };
            let step = if late.contains(&step.id) { concurrent(step) } else { step };
            file.down.push(step);
        }
        validated.down.reverse();
        let all = [first, indexes, validated];
        all.into_iter().filter(|file| !(file.up.is_empty() && file.down.is_empty())).collect()
    }

    /// Returns `true` for an index that only comes or only goes, of a table that stays as it is as far as the index is
    /// concerned, and that nothing else refers to.
    fn is_late_index(&self, step: &SchemaStep, up: &[SchemaStep]) -> bool {
        let (id, whole) = (&step.id, step.part.is_empty());
        if id.kind != SchemaObjectKind::Index || !whole || self.held.contains(id) {
            return false;
        }
        let (of, comes) = match (self.from.objects.contains_key(id), self.to.objects.contains_key(id)) {
            (false, true) => (self.to, true),
            (true, false) => (self.from, false),
            _ => return false,
        };
        let Some(index) = of.objects.get(id) else { return false };
        let plain = |structure: &Structure| {
            let table = index.parent.as_ref().and_then(|table| structure.objects.get(table));
            table.is_some_and(|table| table.body.is_empty())
        };
        let on_table = index.parent.as_ref().is_some_and(|table| table.kind == SchemaObjectKind::Table);
        let refers = |object: &super::structure::SchemaObject| {
            object.needs.contains(id) || object.parts.values().any(|part| part.needs.as_ref() == Some(id))
        };
        // What goes before the index would take it along.
        let changed = |need: &SchemaObjectId| {
            !comes
                && up.iter().any(|step| {
                    step.id == *need && (step.verb == SchemaVerb::Drop || step.part == super::structure::TYPE)
                })
        };
        on_table
            && plain(self.from)
            && plain(self.to)
            && !of.objects.values().any(refers)
            && !index.needs.iter().any(changed)
    }

    /// Returns `true` for a foreign key or a check that is new on an existing table.
    fn is_scanned_later(&self, step: &SchemaStep) -> bool {
        let Some(constraint) = self.to.objects.get(&step.id) else { return false };
        let table = constraint.parent.as_ref().and_then(|table| self.from.objects.get(table));
        step.id.kind == SchemaObjectKind::Constraint
            && step.verb == SchemaVerb::Make
            && !self.from.objects.contains_key(&step.id)
            && matches!(constraint.signature.as_str(), "f" | "c")
            && constraint.parts.contains_key(VALIDATED)
            && table.is_some_and(|table| table.body.is_empty())
            && !self.held.contains(&step.id)
    }

    fn validating(&self, step: &SchemaStep) -> Option<SchemaStep> {
        let part = self.to.objects.get(&step.id)?.parts.get(VALIDATED)?;
        Some(SchemaStep {
            verb: SchemaVerb::Set,
            part: VALIDATED.into(),
            text: part.made.clone()?,
            ..step.clone()
        })
    }

    /// Returns the statements that make a validated constraint one that is not, in reverse order.
    fn not_valid_again(&self, step: &SchemaStep) -> Vec<SchemaStep> {
        let Some(constraint) = self.to.objects.get(&step.id) else { return vec![] };
        let dropped = SchemaStep { verb: SchemaVerb::Drop, text: constraint.dropped.clone(), ..step.clone() };
        vec![not_valid(step.clone()), dropped]
    }
}

fn not_valid(step: SchemaStep) -> SchemaStep {
    SchemaStep { text: format!("{} NOT VALID", step.text), ..step }
}

fn concurrent(step: SchemaStep) -> SchemaStep {
    let text = match step.verb {
        SchemaVerb::Drop => step.text.replacen("DROP INDEX ", "DROP INDEX CONCURRENTLY ", 1),
        _ => step.text.replacen("INDEX ", "INDEX CONCURRENTLY ", 1),
    };
    if step.part.is_empty() { SchemaStep { text, ..step } } else { step }
}
