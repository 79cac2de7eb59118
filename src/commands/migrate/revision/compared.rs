//! Both sides of a comparison, as they were read.

use super::sides::Declared;
use martydb_schema_diff::{Rename, SchemaObjectKind, SchemaStep, Structure, steps};

/// Both sides as they were read.
pub(crate) struct ComparedSides {
    pub before: Structure,
    pub declared: Declared,
    pub renames: Vec<Rename>,
    /// Labels of enums that later statements may use, and the schema without them.
    pub labels: Option<(Vec<SchemaStep>, Structure)>,
}

impl ComparedSides {
    /// Returns the statements that add labels to enums, if there are others that may use them: the server allows that
    /// only in a later transaction. `simple` looks for others that name one.
    pub(super) fn new_labels(&self, simple: bool) -> Vec<SchemaStep> {
        let all = steps(&self.before, &self.declared.structure).unwrap_or_default();
        let adds = |step: &SchemaStep| {
            step.id.kind == SchemaObjectKind::Enum
                && !step.part.is_empty()
                && step.text.contains(" ADD VALUE ")
        };
        let (labels, others): (Vec<SchemaStep>, Vec<SchemaStep>) = all.into_iter().partition(adds);
        let used =
            others.iter().any(|step| !simple || labels.iter().any(|label| step.text.contains(&label.part)));
        if used { labels } else { vec![] }
    }
}
