//! Columns of tables that exist and become NOT NULL, or are new and have no value that costs nothing. A check that is added
//! without a scan and validated without a lock on writes proves NOT NULL, so that SET NOT NULL scans nothing. Pure.
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL>

use std::collections::BTreeSet;

use super::backfill::FilledColumn;
use super::file_plan::{FilePlan, SchemaPair, is_plain};
use super::names::{split, suffixed};
use super::nodes::SchemaVerb;
use super::script::NEEDS_VALUE;
use super::steps::SchemaStep;
use super::structure::{
    DEFAULT, IDENTITY, NOT_NULL, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure, TYPE, VALIDATED,
};
use martydb_model::text::printable;

/// Parts of a table that demand NOT NULL of its columns at once.
const DEMANDING: &[&str] = &["replica identity", "partition"];

/// Name of the part that is the value of the rows that exist.
const FILLED: &str = "filled";

/// Reasons for which a new identity may be made: no client knows the column. Where the file before is applied, the lint
/// does not know the sequence from it.
const NEW_IDENTITY: &[&str] =
    &["ban-alter-identity: the columns are new", "ban-drop-sequence: only the new columns used it"];

/// Files among which the statements of such columns are divided. The statements of the second down file are in reverse
/// order.
#[derive(Default)]
pub(crate) struct ColumnPlans {
    pub first: FilePlan,
    filled: FilePlan,
    pub validated: FilePlan,
}

impl ColumnPlans {
    /// Returns the files in order.
    pub(crate) fn all(mut self) -> [FilePlan; 3] {
        self.filled.suffix = "_fill";
        self.filled.no_transaction = true;
        // A check forbids each UPDATE of a row whose value is still to come.
        self.filled.up.sort_by_key(|step| step.part != FILLED);
        self.validated.suffix = "_validate";
        self.validated.down.reverse();
        // A scan behind SET NOT NULL would be one under its lock.
        self.validated.up.sort_by_key(|step| step.part != VALIDATED);
        [self.first, self.filled, self.validated]
    }
}

/// Columns whose statements are divided.
pub(crate) struct CheckedColumns<'a> {
    schemas: &'a SchemaPair<'a>,
    columns: BTreeSet<SchemaObjectId>,
}

impl<'a> CheckedColumns<'a> {
    /// Finds the columns. Those of `online` keys may be among them: these keys are created last.
    pub(crate) fn find(
        schemas: &'a SchemaPair<'a>,
        up: &[SchemaStep],
        online: &BTreeSet<SchemaObjectId>,
    ) -> CheckedColumns<'a> {
        let demands = |step: &&SchemaStep| {
            let part = step.part.as_str();
            DEMANDING.contains(&part) || part.starts_with("inherits ")
        };
        let mut tables: BTreeSet<&SchemaObjectId> = up.iter().filter(demands).map(|step| &step.id).collect();
        let keys = up.iter().filter(|step| step.verb == SchemaVerb::Make && !online.contains(&step.id));
        let keys = keys.filter_map(|step| schemas.to.objects.get(&step.id));
        tables.extend(keys.filter(|key| key.signature == "p").filter_map(|key| key.parent.as_ref()));
        let columns = up.iter().filter(|step| Self::becomes(schemas, step, up));
        let columns = columns.map(|step| step.id.clone());
        let free = |id: &SchemaObjectId| {
            let table = schemas.to.objects.get(id).and_then(|column| column.parent.as_ref());
            table.is_some_and(|table| !tables.contains(table))
        };
        CheckedColumns { schemas, columns: columns.filter(free).collect() }
    }

    /// Returns `true` for a step by which a column of an existing table becomes NOT NULL: the part, or a new column
    /// without a default; and for a new column whose value is computed for each row.
    fn becomes(schemas: &SchemaPair<'_>, step: &SchemaStep, up: &[SchemaStep]) -> bool {
        let Some(column) = schemas.to.objects.get(&step.id) else { return false };
        let is_new = !schemas.from.objects.contains_key(&step.id);
        let has_value = [IDENTITY, DEFAULT].iter().any(|part| column.parts.contains_key(*part));
        let identified = up.iter().any(|other| other.id == step.id && other.part == IDENTITY);
        let due = match (step.verb, is_new) {
            (SchemaVerb::Make, true) if has_value => FilledColumn::find(schemas, &step.id).is_some(),
            (SchemaVerb::Make, true) => column.parts.contains_key(NOT_NULL),
            (SchemaVerb::Set, false) => {
                step.part == NOT_NULL && !Self::was(schemas.from, step) && !identified
            }
            _ => false,
        };
        due && step.id.kind == SchemaObjectKind::Column
            && column.body.is_empty()
            && column.parent.as_ref().is_some_and(|table| is_plain(schemas.from, table))
            && !schemas.held.contains(&step.id)
    }

    fn was(from: &Structure, step: &SchemaStep) -> bool {
        from.objects.get(&step.id).is_some_and(|column| column.parts.contains_key(NOT_NULL))
    }

    /// Returns `true` for the step that is divided.
    pub(crate) fn is_checked(&self, step: &SchemaStep) -> bool {
        let divided = step.verb == SchemaVerb::Make || step.verb == SchemaVerb::Set && step.part == NOT_NULL;
        divided && self.columns.contains(&step.id)
    }

    /// Adds the statements of a step to the files.
    pub(crate) fn add(&self, step: SchemaStep, plans: &mut ColumnPlans) {
        let Some(column) = self.schemas.to.objects.get(&step.id) else { return };
        let of_it =
            |text: String| SchemaStep { verb: SchemaVerb::Set, part: NOT_NULL.into(), text, ..step.clone() };
        let is_new = step.verb == SchemaVerb::Make;
        let filled = if is_new { FilledColumn::find(self.schemas, &step.id) } else { None };
        if is_new {
            plans.first.up.push(SchemaStep { text: bare(&step.id, column), ..step.clone() });
        }
        if let Some(filled) = &filled {
            plans.first.up.extend(filled.begun().into_iter().map(of_it));
            plans.filled.up.push(SchemaStep { part: FILLED.into(), ..of_it(filled.filled()) });
            plans.filled.left.extend(filled.reason.clone().map(|reason| (step.id.clone(), reason)));
        }
        let Some(check) = NotNullCheck::new(&step, column) else { return };
        match (&filled, is_new) {
            (Some(_), _) => {
                plans.filled.up.push(of_it(check.added()));
                plans.filled.down.push(of_it(check.dropped()));
            }
            (None, true) => plans.first.up.push(of_it(check.to_fill() + &check.added())),
            (None, false) => {
                plans.first.up.push(of_it(check.added()));
                plans.first.down.push(of_it(check.dropped()));
            }
        }
        let validated = SchemaStep { part: VALIDATED.into(), ..of_it(check.validated()) };
        let ended: Vec<String> = filled.iter().flat_map(FilledColumn::ended).collect();
        if !ended.is_empty() {
            plans.validated.waivers = NEW_IDENTITY;
        }
        let set = [check.set.clone(), check.dropped()].into_iter().chain(ended);
        plans.validated.up.extend([validated].into_iter().chain(set.map(of_it)));
        let reopened = filled.iter().flat_map(FilledColumn::reopened).chain([check.unset.clone()]);
        let down: Vec<String> = reopened.chain([check.added()]).collect();
        plans.validated.down.extend(down.into_iter().rev().map(of_it));
    }

    /// Returns the step of the first down file, if none of the second one replaces it.
    pub(crate) fn undone(&self, step: SchemaStep) -> Option<SchemaStep> {
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
    fn new(step: &SchemaStep, column: &SchemaObject) -> Option<NotNullCheck> {
        let part = column.parts.get(NOT_NULL)?;
        let name = split(&step.id.name).1;
        Some(NotNullCheck {
            table: column.parent.as_ref()?.name.clone(),
            column: name.to_owned(),
            name: suffixed(name, "_is_not_null"),
            set: part.create_sql.clone()?,
            unset: part.remove_sql.clone()?,
        })
    }

    fn to_fill(&self) -> String {
        format!("-- {NEEDS_VALUE}: UPDATE {} SET {} = ...\n", printable(&self.table), printable(&self.column))
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

/// Returns ADD COLUMN with only the type.
fn bare(id: &SchemaObjectId, column: &SchemaObject) -> String {
    let kind = column.parts.get(TYPE).map_or("", |part| part.value.as_str());
    let table = column.parent.as_ref().map_or("", |table| table.name.as_str());
    format!("ALTER TABLE {table} ADD COLUMN {} {kind}", split(&id.name).1)
}
