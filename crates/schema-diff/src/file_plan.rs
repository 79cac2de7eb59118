//! Files of a revision, and the schemas that it connects. Pure.

use std::collections::BTreeSet;

use super::steps::SchemaStep;
use super::structure::{SchemaObjectId, Structure};

/// Steps of one migration and of its down file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilePlan {
    /// End of its name; empty for the first.
    pub suffix: &'static str,
    /// Set for statements that PostgreSQL refuses inside a transaction.
    pub no_transaction: bool,
    /// Rules of the lint that do not concern the up statements, each with the reason.
    pub waivers: &'static [&'static str],
    pub up: Vec<SchemaStep>,
    pub down: Vec<SchemaStep>,
    /// Columns whose fill is a comment that a person decides about, each with the reason.
    pub left: Vec<(SchemaObjectId, String)>,
}

/// Both schemas, and the objects that stay until a person has decided.
pub struct SchemaPair<'a> {
    pub from: &'a Structure,
    pub to: &'a Structure,
    pub held: &'a BTreeSet<SchemaObjectId>,
}

/// Returns `true` for an object that exists, and for a table that is not partitioned: PostgreSQL makes no index of a
/// partitioned one concurrently.
pub(crate) fn is_plain(structure: &Structure, table: &SchemaObjectId) -> bool {
    structure.objects.get(table).is_some_and(|table| table.body.is_empty())
}
