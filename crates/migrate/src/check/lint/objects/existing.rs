//! Objects of the database before the pending migrations, as far as they are known.

use std::collections::BTreeSet;

use super::kinds::ObjectKind;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ExistingObjects {
    /// No server has told.
    #[default]
    Unknown,
    /// Kinds of the catalog's letters, with schemas and names.
    Known(BTreeSet<(ObjectKind, String, String)>),
}

impl ExistingObjects {
    /// Adds an object of the catalog by its letter: `pg_class.relkind`, or `F` for a routine, `T` for a type, `N` for a schema.
    pub(crate) fn add(&mut self, letter: &str, schema: &str, name: &str) {
        let kind = match letter {
            "r" | "p" | "f" => ObjectKind::Table,
            "v" => ObjectKind::View,
            "m" => ObjectKind::MaterializedView,
            "S" => ObjectKind::Sequence,
            "i" | "I" => ObjectKind::Index,
            "F" => ObjectKind::Routine,
            "T" => ObjectKind::Type,
            "N" => ObjectKind::Schema,
            _ => return,
        };
        if let ExistingObjects::Known(all) = self {
            all.insert((kind, schema.into(), name.into()));
        }
    }

    /// Returns `true` if the database is known to lack the object.
    pub(crate) fn lacks(&self, kind: ObjectKind, schema: &str, name: &str) -> bool {
        const COUNTED: &[ObjectKind] = &[
            ObjectKind::Table,
            ObjectKind::View,
            ObjectKind::MaterializedView,
            ObjectKind::Sequence,
            ObjectKind::Index,
            ObjectKind::Routine,
            ObjectKind::Type,
            ObjectKind::Schema,
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
