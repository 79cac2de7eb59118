//! Objects of the database before the pending migrations, as far as they are known.

use std::collections::BTreeSet;

use super::kinds::LintedKind;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ExistingObjects {
    /// No server was asked.
    #[default]
    Unknown,
    /// Kinds of the catalog's letters, with schemas and names.
    Known(BTreeSet<(LintedKind, String, String)>),
}

impl ExistingObjects {
    /// Adds an object of the catalog by its letter: `pg_class.relkind`, or `F` for a routine, `T` for a type, `N` for a schema.
    pub(crate) fn add(&mut self, letter: &str, schema: &str, name: &str) {
        let kind = match letter {
            "r" | "p" | "f" => LintedKind::Table,
            "v" => LintedKind::View,
            "m" => LintedKind::MaterializedView,
            "S" => LintedKind::Sequence,
            "i" | "I" => LintedKind::Index,
            "F" => LintedKind::Routine,
            "T" => LintedKind::Type,
            "N" => LintedKind::Schema,
            _ => return,
        };
        if let ExistingObjects::Known(all) = self {
            all.insert((kind, schema.into(), name.into()));
        }
    }

    /// Returns `true` if the database is known to lack the object.
    pub(crate) fn lacks(&self, kind: LintedKind, schema: &str, name: &str) -> bool {
        const COUNTED: &[LintedKind] = &[
            LintedKind::Table,
            LintedKind::View,
            LintedKind::MaterializedView,
            LintedKind::Sequence,
            LintedKind::Index,
            LintedKind::Routine,
            LintedKind::Type,
            LintedKind::Schema,
        ];
        match self {
            ExistingObjects::Unknown => false,
            ExistingObjects::Known(all) if all.is_empty() => true,
            ExistingObjects::Known(all) => {
                COUNTED.contains(&kind) && !all.contains(&(kind, schema.into(), name.into()))
            }
        }
    }
}
