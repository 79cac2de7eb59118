//! Order of rows, and their range.

use martydb_model::sql::{Keyword, Qualified, Statement, stmt};

use super::names::{has_ordered_arrays, order_name};
use crate::compile::field::FieldScope;
use crate::compile::values::StatementValues;
use crate::fault::{RequestFault, Served};
use crate::plan::PlanNode;
use crate::request::{OrderedField, RowRange};

/// Compiles `ORDER BY`.
pub fn ordered(
    scope: &FieldScope<'_>,
    node: &PlanNode<'_>,
    values: &mut StatementValues,
) -> Served<Statement> {
    let mut text = stmt!("");
    for (number, term) in node.order.iter().enumerate() {
        // Of a spread relation with several rows the arrays are ordered, by columns beside those of the answer.
        let value = match has_ordered_arrays(node) {
            true => stmt!("{name}", name = Qualified(vec![scope.alias.to_owned(), order_name(number)])),
            false => order_value(scope, node, term, values)?,
        };
        let direction = direction(term);
        text = if number == 0 {
            stmt!(" ORDER BY {value}{direction}")
        } else {
            stmt!("{text}, {value}{direction}")
        };
    }
    Ok(text)
}

pub fn direction(term: &OrderedField) -> Statement {
    let direction = Keyword(match term.descending {
        None => "",
        Some(false) => " ASC",
        Some(true) => " DESC",
    });
    let nulls = Keyword(match term.nulls_first {
        None => "",
        Some(true) => " NULLS FIRST",
        Some(false) => " NULLS LAST",
    });
    stmt!("{direction}{nulls}")
}

pub fn order_value(
    scope: &FieldScope<'_>,
    node: &PlanNode<'_>,
    term: &OrderedField,
    values: &mut StatementValues,
) -> Served<Statement> {
    let Some(relation) = &term.relation else { return scope.value(&term.field, values) };
    let child = node.child(relation).ok_or_else(|| not_embedded(relation))?;
    if !child.is_to_one() {
        return Err(not_to_one(node, relation));
    }
    let alias = format!("martydb_e{}", child.number);
    FieldScope { catalog: scope.catalog, relation: child.relation, alias: &alias }.value(&term.field, values)
}

pub fn not_embedded(name: &str) -> RequestFault {
    let message = format!("'{name}' is not an embedded resource in this request");
    RequestFault::new(400, "PGRST108", message)
        .hint(format!("Verify that '{name}' is included in the 'select' query parameter."))
}

pub fn not_to_one(node: &PlanNode<'_>, name: &str) -> RequestFault {
    let details =
        format!("'{}' and '{name}' do not form a many-to-one or one-to-one relationship", node.relation.name);
    RequestFault::new(400, "PGRST118", format!("A related order on '{name}' is not possible"))
        .details(details)
}

pub fn limit(range: RowRange, values: &mut StatementValues) -> Statement {
    if range.is_all() {
        return stmt!("");
    }
    let offset = values.add(range.offset.to_string());
    match range.limit {
        None => stmt!(" OFFSET {offset}"),
        Some(limit) => {
            let limit = values.add(limit.to_string());
            stmt!(" LIMIT {limit} OFFSET {offset}")
        }
    }
}
