//! Statements of a revision, divided into files. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::compared::ComparedSides;
use martydb_migrate::files::Written;
use martydb_model::text::printable;
use martydb_schema_diff::script::{self, Texts};
use martydb_schema_diff::{FilePlan, SchemaObjectId, SchemaPair, SchemaStep, steps, steps_of_one_file};

/// Statements of both files.
pub(crate) struct RevisionPlan {
    /// Migration before, which adds labels to enums.
    pub labels: Option<FilePlan>,
    pub up: Vec<SchemaStep>,
    pub down: Vec<SchemaStep>,
}

impl RevisionPlan {
    /// Orders the statements of both files.
    ///
    /// # Errors
    /// With what cannot be expressed, a line for each object.
    pub(crate) fn new(compared: &ComparedSides) -> Result<RevisionPlan, Vec<String>> {
        let (before, after) = (&compared.before, &compared.declared.structure);
        let mut renames: Vec<SchemaStep> =
            compared.renames.iter().map(|rename| rename.done.clone()).collect();
        let mut undone: Vec<SchemaStep> =
            compared.renames.iter().rev().map(|rename| rename.undone.clone()).collect();
        let mut labels = None;
        if let Some((added, without)) = &compared.labels {
            let up = renames.drain(..).chain(added.iter().cloned()).collect();
            let down = steps_of_one_file(before, without)?.into_iter().chain(undone.drain(..)).collect();
            labels = Some(FilePlan { suffix: "_labels", up, down, ..FilePlan::default() });
        }
        let up = renames.into_iter().chain(steps(before, after)?).collect();
        let down = steps_of_one_file(after, before)?.into_iter().chain(undone).collect();
        Ok(RevisionPlan { labels, up, down })
    }

    /// Returns `true` if there is no statement.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_none() && self.up.is_empty() && self.down.is_empty()
    }

    /// Divides the statements into migrations; `simple` puts them into one.
    pub(crate) fn files(
        &self,
        compared: &ComparedSides,
        held: &BTreeSet<SchemaObjectId>,
        simple: bool,
    ) -> Vec<FilePlan> {
        let files = match simple {
            true => {
                let (up, down) = (self.up.clone(), self.down.clone());
                vec![FilePlan { up, down, ..FilePlan::default() }]
            }
            false => {
                let schemas = SchemaPair { from: &compared.before, to: &compared.declared.structure, held };
                schemas.files(&self.up, &self.down)
            }
        };
        self.labels.iter().cloned().chain(files).collect()
    }

    /// Returns a message that names the first object.
    pub(crate) fn message(&self) -> String {
        let first = self.up.iter().chain(&self.down).next();
        let name = |step: &SchemaStep| step.id.name.rsplit('.').next().unwrap_or_default().to_owned();
        first.map_or("declared schema".into(), |step| format!("{} {}", step.id.kind.name(), name(step)))
    }
}

/// Returns the files of each migration, of which the first is planned.
pub(crate) fn further(first: &Written, plans: &[FilePlan]) -> Vec<Written> {
    let one = |(number, plan): (i64, &FilePlan)| {
        let (version, name) = (first.version + number, format!("{}{}", first.name, plan.suffix));
        let path = |suffix: &str| first.up.with_file_name(format!("V{version}__{name}{suffix}"));
        let down = first.down.as_ref().map(|_| path(".down.sql"));
        Written { version, up: path(".sql"), down, name: name.clone() }
    };
    (0..).zip(plans).map(one).collect()
}

/// Returns the texts of the migrations; `note` is a further line of their heads.
pub(crate) fn texts(
    plans: &[FilePlan],
    (message, note): (&str, Option<&str>),
    held: &BTreeSet<SchemaObjectId>,
    reasons: &BTreeMap<SchemaObjectId, String>,
) -> Vec<Texts> {
    let note = note.map_or_else(String::new, |note| format!("\n-- {}", printable(note)));
    let message: Vec<&str> = message.split_whitespace().collect();
    let message = message.join(" ");
    let one = |plan: &FilePlan| {
        let mode = if plan.no_transaction { "-- martydb: no-transaction\n" } else { "" };
        let waivers: String =
            plan.waivers.iter().map(|waiver| format!("-- martydb: allow {waiver}\n")).collect();
        Texts {
            up: script::text(&format!("{mode}{waivers}-- {message}{note}"), &plan.up, held, reasons),
            down: script::text(&format!("{mode}-- undo: {message}"), &plan.down, held, reasons),
        }
    };
    plans.iter().map(one).collect()
}
