//! Reads of a statement.

use super::values::StatementValues;
use crate::catalog::ServedCatalog;

/// Source of the root's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootSource {
    Relation,
    /// The rows that a write returns.
    Written,
}

/// Compiler of reads, with the values of their statement.
pub(super) struct StatementReads<'a> {
    pub catalog: &'a ServedCatalog,
    pub values: &'a mut StatementValues,
}
