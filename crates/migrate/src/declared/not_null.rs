//! NOT NULL of columns of tables that exist: a check that is added without a scan and validated without a lock on writes
//! proves it, so that SET NOT NULL scans nothing. Pure.
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL>

use std::collections::BTreeSet;

use super::division::{Division, FilePlan, is_plain};
use super::names::{split, suffixed};
use super::nodes::SchemaVerb;
use super::steps::SchemaStep;
use super::structure::{DEFAULT, NOT_NULL, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure};
use martydb_ui::report::printable;

/// Parts of a table that demand NOT NULL of its columns at once.
const DEMANDING: &[&str] = &["replica identity", "partition"];

/// Columns that a check proves to be without NULL.
pub struct CheckedColumns<'a> {
    to: &'a Structure,
    columns: BTreeSet<SchemaObjectId>,
}

impl<'a> CheckedColumns<'a> {
    /// Finds the columns. Those of `late` keys may be among them: they are made behind everything.
    pub fn of(
        division: &Division<'a>,
        up: &[SchemaStep],
        late: &BTreeSet<SchemaObjectId>,
    ) -> CheckedColumns<'a> {
        let demands = |step: &&SchemaStep| {
            let part = step.part.as_str();
            DEMANDING.contains(&part) || part.starts_with("inherits ")
        };
        let mut tables: BTreeSet<&SchemaObjectId> = up.iter().filter(demands).map(|step| &step.id).collect();
        let keys = up.iter().filter(|step| step.verb == SchemaVerb::Make && !late.contains(&step.id));
        let keys = keys.filter_map(|step| division.to.objects.get(&step.id));
        tables.extend(keys.filter(|key| key.signature == "p").filter_map(|key| key.parent.as_ref()));
        let columns = up.iter().filter(|step| Self::becomes(division, step, up));
        let columns = columns.map(|step| step.id.clone());
        let free = |id: &SchemaObjectId| {
            let table = division.to.objects.get(id).and_then(|column| column.parent.as_ref());
            table.is_some_and(|table| !tables.contains(table))
        };
        CheckedColumns { to: division.to, columns: columns.filter(free).collect() }
    }

    /// Returns `true` for a step by which a column of an existing table becomes NOT NULL: the part, or a new column
    /// without a default.
    fn becomes(division: &Division<'_>, step: &SchemaStep, up: &[SchemaStep]) -> bool {
        let Some(column) = division.to.objects.get(&step.id) else { return false };
        let is_new = !division.from.objects.contains_key(&step.id);
        let has_value = ["identity", DEFAULT].iter().any(|part| column.parts.contains_key(*part));
        let identified = up.iter().any(|other| other.id == step.id && other.part == "identity");
        let due = match (step.verb, is_new) {
            (SchemaVerb::Make, true) => column.parts.contains_key(NOT_NULL) && !has_value,
            (SchemaVerb::Set, false) => {
                step.part == NOT_NULL && !Self::was(division.from, step) && !identified
            }
            _ => false,
        };
        due && step.id.kind == SchemaObjectKind::Column
            && column.body.is_empty()
            && column.parent.as_ref().is_some_and(|table| is_plain(division.from, table))
            && !division.held.contains(&step.id)
    }

    fn was(from: &Structure, step: &SchemaStep) -> bool {
        from.objects.get(&step.id).is_some_and(|column| column.parts.contains_key(NOT_NULL))
    }

    /// Returns `true` for the step that is divided.
    pub fn is_checked(&self, step: &SchemaStep) -> bool {
        let divided = step.verb == SchemaVerb::Make || step.verb == SchemaVerb::Set && step.part == NOT_NULL;
        divided && self.columns.contains(&step.id)
    }

    /// Adds the statements of a step to both files; those of the second down file are in reverse order.
    pub fn add(&self, step: SchemaStep, first: &mut FilePlan, validated: &mut FilePlan) {
        let Some(check) = self.to.objects.get(&step.id).and_then(|column| NotNullCheck::of(&step, column))
        else {
            return first.up.push(step);
        };
        let of_it =
            |text: String| SchemaStep { verb: SchemaVerb::Set, part: NOT_NULL.into(), text, ..step.clone() };
        if step.verb == SchemaVerb::Make {
            first.up.push(SchemaStep { text: check.nullable(&step.text), ..step.clone() });
            first.up.push(of_it(check.to_fill() + &check.added()));
        } else {
            first.up.push(of_it(check.added()));
            first.down.push(of_it(check.dropped()));
        }
        validated.up.extend([check.validated(), check.set.clone(), check.dropped()].map(of_it));
        validated.down.extend([check.added(), check.unset.clone()].map(of_it));
    }

    /// Returns the step of the first down file, if none of the second one replaces it.
    pub fn undone(&self, step: SchemaStep) -> Option<SchemaStep> {
        let replaced =
            step.verb == SchemaVerb::Unset && step.part == NOT_NULL && self.columns.contains(&step.id);
        (!replaced).then_some(step)
    }
}

/// Names and statements of the check of a column.
struct NotNullCheck {
    table: String,
    column: String,
    name: String,
    set: String,
    unset: String,
}

impl NotNullCheck {
    fn of(step: &SchemaStep, column: &SchemaObject) -> Option<NotNullCheck> {
        let part = column.parts.get(NOT_NULL)?;
        let name = split(&step.id.name).1;
        Some(NotNullCheck {
            table: column.parent.as_ref()?.name.clone(),
            column: name.to_owned(),
            name: suffixed(name, "_is_not_null"),
            set: part.made.clone()?,
            unset: part.undone.clone()?,
        })
    }

    /// Returns ADD COLUMN without NOT NULL, which is its end.
    fn nullable(&self, text: &str) -> String {
        let text = text.strip_suffix(" NOT NULL").unwrap_or(text);
        // From 18 on the constraint may have a name.
        let named = self.set.split_once(" ADD CONSTRAINT ").and_then(|(_, end)| end.split_once(" NOT NULL "));
        let constraint = named.map(|(name, _)| format!(" CONSTRAINT {name}")).unwrap_or_default();
        text.strip_suffix(&constraint).unwrap_or(text).to_owned()
    }

    fn to_fill(&self) -> String {
        format!(
            "-- rows that exist need a value before the next migration: UPDATE {} SET {} = ...\n",
            printable(&self.table),
            printable(&self.column)
        )
    }

    fn added(&self) -> String {
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} IS NOT NULL) NOT VALID",
            self.table, self.name, self.column
        )
    }

    fn validated(&self) -> String {
        format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", self.table, self.name)
    }

    fn dropped(&self) -> String {
        format!("ALTER TABLE {} DROP CONSTRAINT {}", self.table, self.name)
    }
}
