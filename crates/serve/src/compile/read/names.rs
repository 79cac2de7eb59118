//! Names in a statement: aliases of relations, which no column has by chance, and keys of the answer.

use martydb_model::sql::{Ident, Qualified, Statement, stmt};

use crate::compile::field::answer_key;
use crate::error::HttpResult;
use crate::plan::PlanNode;

/// Returns the alias of a relation.
pub(super) fn alias(node: &PlanNode<'_>) -> String {
    format!("martydb_t{}", node.number)
}

/// Returns the alias of the parent of an embedded relation.
pub(super) fn parent_alias(node: &PlanNode<'_>) -> String {
    format!("martydb_t{}", node.parent)
}

/// Returns the alias of an embedded relation in its parent's statement.
pub(super) fn embedded_alias(node: &PlanNode<'_>) -> Statement {
    stmt!("{name}", name = Qualified([format!("martydb_e{}", node.number).as_str()]))
}

pub(super) fn junction_alias(node: &PlanNode<'_>) -> String {
    format!("martydb_j{}", node.number)
}

/// Returns a key of the answer as an identifier.
pub(super) fn key(name: &str) -> HttpResult<Ident> {
    answer_key(name)
}

/// Returns `true` for a spread relation with several rows.
pub(super) fn has_ordered_arrays(node: &PlanNode<'_>) -> bool {
    node.spread && !node.is_to_one()
}

/// Returns the name of a column by which arrays are ordered.
pub(super) fn order_name(number: usize) -> String {
    format!("martydb_o{number}")
}
