//! Order of rows, and their range.

use martydb_model::sql::{Keyword, Qualified, Statement, stmt};

use super::names::{has_ordered_arrays, order_name};
use super::spread::spread_fields;
use crate::compile::field::FieldScope;
use crate::compile::values::StatementValues;
use crate::error::{HttpError, HttpResult};
use crate::plan::PlanNode;
use crate::request::{OrderedField, RowRange, SelectedField};

/// Compiles `ORDER BY`.
pub(super) fn ordered(
    scope: &FieldScope<'_>,
    node: &PlanNode<'_>,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    let mut terms = vec![];
    for (number, term) in node.order.iter().enumerate() {
        // Of a spread relation with several rows the arrays are ordered, by columns beside those of the answer.
        let value = match has_ordered_arrays(node) {
            true => stmt!("{name}", name = Qualified(vec![scope.alias.to_owned(), order_name(number)])),
            false => order_value(scope, node, term, values)?,
        };
        let direction = direction(term);
        terms.push(stmt!("{value}{direction}"));
    }
    Ok(order_by(terms))
}

pub(crate) fn order_by(terms: Vec<Statement>) -> Statement {
    if terms.is_empty() {
        return stmt!("");
    }
    stmt!(" ORDER BY {terms}", terms = Statement::separated(terms, ", "))
}

pub(crate) fn direction(term: &OrderedField) -> Statement {
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

pub(super) fn order_value(
    scope: &FieldScope<'_>,
    node: &PlanNode<'_>,
    term: &OrderedField,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    let Some(relation) = &term.relation else { return scope.value(&term.field, values) };
    let child = node.child(relation).ok_or_else(|| not_embedded(relation))?;
    if !child.is_to_one() {
        return Err(not_to_one(node, relation));
    }
    let alias = format!("martydb_e{}", child.number);
    // A selected value goes by the name that the request gives it.
    if term.field.steps.is_empty() && names_field(child, &term.field.name) {
        return Ok(stmt!("{name}", name = Qualified(vec![alias, term.field.name.clone()])));
    }
    FieldScope { catalog: scope.catalog, relation: child.relation, alias: &alias }.value(&term.field, values)
}

fn names_field(node: &PlanNode<'_>, name: &str) -> bool {
    let is_alias = |field: &SelectedField| field.alias.as_deref() == Some(name);
    node.select.iter().any(is_alias) || node.spread && spread_fields(node).iter().any(|one| one.name == name)
}

pub(super) fn not_embedded(name: &str) -> HttpError {
    let message = format!("'{name}' is not an embedded resource in this request");
    HttpError::new(400, "PGRST108", message)
        .hint(format!("Verify that '{name}' is included in the 'select' query parameter."))
}

pub(super) fn not_to_one(node: &PlanNode<'_>, name: &str) -> HttpError {
    let details =
        format!("'{}' and '{name}' do not form a many-to-one or one-to-one relationship", node.relation.name);
    HttpError::new(400, "PGRST118", format!("A related order on '{name}' is not possible")).details(details)
}

/// Compiles `LIMIT` and `OFFSET`. A round limit is written into the statement itself. Where it is a parameter, the generic plan assumes a
/// tenth of all rows, so that a plan for the value looks cheaper, and PostgreSQL plans the statement again for each request
/// (<https://www.postgresql.org/docs/current/sql-prepare.html>). Other limits are parameters, so that callers cannot make a statement
/// for each number.
pub(super) fn limit(range: RowRange, values: &mut StatementValues) -> Statement {
    let offset = match range.offset {
        0 => stmt!(""),
        offset => stmt!(" OFFSET {offset}", offset = values.add(offset.to_string())),
    };
    match range.limit {
        None => offset,
        Some(limit) if is_round(limit) => stmt!(" LIMIT {limit}{offset}"),
        Some(limit) => stmt!(" LIMIT {limit}{offset}", limit = values.add(limit.to_string())),
    }
}

/// Returns `true` for numbers such as 20, 25 and 1000.
fn is_round(limit: i64) -> bool {
    let mut digits = limit;
    while digits >= 10 && digits % 10 == 0 {
        digits /= 10;
    }
    matches!(digits, 0..=9 | 12 | 15 | 25 | 75)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_usual_limit_is_written_into_the_statement() {
        for (offset, most, expected, parameters) in [
            (0, None, "", &[][..]),
            (0, Some(1000), " LIMIT 1000", &[]),
            (0, Some(25), " LIMIT 25", &[]),
            (0, Some(0), " LIMIT 0", &[]),
            (0, Some(31), " LIMIT $1", &["31"]),
            (7, Some(20), " LIMIT 20 OFFSET $1", &["7"]),
            (7, None, " OFFSET $1", &["7"]),
            (20, Some(1001), " LIMIT $2 OFFSET $1", &["20", "1001"]),
        ] {
            let mut values = StatementValues::default();
            let text = limit(RowRange { offset, limit: most }, &mut values);
            assert_eq!(
                (text.shown(), values.texts),
                (expected, parameters.iter().map(|one| (*one).to_owned()).collect())
            );
        }
    }
}
