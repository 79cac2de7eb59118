//! Division of a revision into files that hold no lock for long: constraints of existing tables are added without a scan
//! and validated afterwards, and indexes and keys of existing tables are made and dropped concurrently. Pure.

use std::collections::BTreeSet;

use super::file_plan::{FilePlan, SchemaPair, is_plain};
use super::nodes::SchemaVerb;
use super::not_null::{CheckedColumns, ColumnPlans};
use super::online_steps::{index_again, is_online_index, is_online_key, key_again, key_by_index};
use super::steps::SchemaStep;
use super::structure::{SchemaObject, SchemaObjectId, SchemaObjectKind, VALIDATED};

impl SchemaPair<'_> {
    /// Divides the statements; files without one are left out.
    pub fn files(&self, up: &[SchemaStep], down: &[SchemaStep]) -> Vec<FilePlan> {
        let ids = |is: &dyn Fn(&SchemaStep) -> bool| -> BTreeSet<SchemaObjectId> {
            up.iter().filter(|step| is(step)).map(|step| step.id.clone()).collect()
        };
        let indexes = ids(&|step| is_online_index(self, step, up));
        let keys = ids(&|step| is_online_key(self, step, up));
        let unscanned = ids(&|step| self.is_scanned_later(step));
        let columns = CheckedColumns::find(self, up, &keys);
        let mut plans = ColumnPlans::default();
        let mut indexes_file = FilePlan { suffix: "_indexes", no_transaction: true, ..FilePlan::default() };
        for step in up.iter().cloned() {
            match () {
                () if indexes.contains(&step.id) => indexes_file.up.extend(index_again(step, up)),
                () if keys.contains(&step.id) => indexes_file.up.extend(key_by_index(self.to, step, up)),
                () if unscanned.contains(&step.id) && step.verb == SchemaVerb::Make => {
                    plans.validated.up.extend(self.validating(&step));
                    plans.validated.down.extend(self.not_valid_again(&step));
                    plans.first.up.push(not_valid(step));
                }
                () if columns.is_checked(&step) => columns.add(step, &mut plans),
                () => plans.first.up.push(step),
            }
        }
        for step in down.iter().cloned() {
            match () {
                () if indexes.contains(&step.id) => indexes_file.down.extend(index_again(step, down)),
                () if keys.contains(&step.id) => indexes_file.down.extend(key_again(step, down)),
                () => plans.first.down.extend(columns.undone(step)),
            }
        }
        plans
            .all()
            .into_iter()
            .chain([indexes_file])
            .filter(|file| !(file.up.is_empty() && file.down.is_empty()))
            .collect()
    }

    /// Returns `true` for a foreign key or a check that is made on an existing table.
    fn is_scanned_later(&self, step: &SchemaStep) -> bool {
        let Some(constraint) = self.to.objects.get(&step.id) else { return false };
        step.id.kind == SchemaObjectKind::Constraint
            && step.verb == SchemaVerb::Make
            && matches!(constraint.signature.as_str(), "f" | "c")
            && constraint.parts.contains_key(VALIDATED)
            && constraint.parent.as_ref().is_some_and(|table| is_plain(self.from, table))
            && !self.refers_to_partitions(constraint)
            && !self.held.contains(&step.id)
    }

    /// Returns `true` for a foreign key to a partitioned table: VALIDATE leaves its constraints of the partitions.
    fn refers_to_partitions(&self, constraint: &SchemaObject) -> bool {
        let table = |id: &SchemaObjectId| match id.kind {
            SchemaObjectKind::Table => Some(id.clone()),
            _ => self.to.objects.get(id)?.parent.clone(),
        };
        let tables = constraint.needs.iter().filter_map(table);
        constraint.signature == "f" && tables.into_iter().any(|table| !is_plain(self.to, &table))
    }

    fn validating(&self, step: &SchemaStep) -> Option<SchemaStep> {
        let part = self.to.objects.get(&step.id)?.parts.get(VALIDATED)?;
        Some(SchemaStep {
            verb: SchemaVerb::Set,
            part: VALIDATED.into(),
            text: part.create_sql.clone()?,
            ..step.clone()
        })
    }

    /// Returns the statements that make a validated constraint one that is not, in reverse order.
    fn not_valid_again(&self, step: &SchemaStep) -> Vec<SchemaStep> {
        let Some(constraint) = self.to.objects.get(&step.id) else { return vec![] };
        let dropped =
            SchemaStep { verb: SchemaVerb::Drop, text: constraint.drop_sql.clone(), ..step.clone() };
        let others = constraint.parts.iter().filter(|(_, part)| !part.inline);
        let others = others.filter_map(|(name, part)| {
            let text = part.create_sql.clone()?;
            Some(SchemaStep { verb: SchemaVerb::Set, part: name.clone(), text, ..step.clone() })
        });
        others.chain([not_valid(step.clone()), dropped]).collect()
    }
}

fn not_valid(step: SchemaStep) -> SchemaStep {
    SchemaStep { text: format!("{} NOT VALID", step.text), ..step }
}
