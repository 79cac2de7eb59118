//! Conditions: filters of a relation as boolean expressions.

use martydb_model::sql::{Keyword, Statement, stmt};

use super::document::document_condition;
use super::field::FieldScope;
use super::values::StatementValues;
use crate::error::HttpResult;
use crate::request::{ColumnFilter, FilterOperation, FilterTree, Quantifier};

/// Compiles a tree. `embedded` compiles the conditions on embedded relations, such as `clients=is.null`.
pub(super) fn condition(
    scope: &FieldScope<'_>,
    tree: &FilterTree,
    values: &mut StatementValues,
    embedded: &mut dyn FnMut(&ColumnFilter, &mut StatementValues) -> HttpResult<Option<Statement>>,
) -> HttpResult<Statement> {
    match tree {
        FilterTree::Leaf(filter) => match embedded(filter, values)? {
            Some(found) => Ok(found),
            None => leaf(scope, filter, values),
        },
        FilterTree::Document(filter) => document_condition(scope, filter, values),
        FilterTree::Branch { negated, all, trees } => {
            let parts = trees.iter().map(|tree| condition(scope, tree, values, embedded));
            let word = if *all { " AND " } else { " OR " };
            let all = Statement::separated(parts.collect::<HttpResult<Vec<_>>>()?, word);
            Ok(stmt!("{not}({all})", not = not(*negated)))
        }
    }
}

/// Returns `WHERE` with all conditions.
pub(super) fn conjunction(all: Vec<Statement>) -> Statement {
    if all.is_empty() {
        return stmt!("");
    }
    stmt!(" WHERE {all}", all = Statement::separated(all, " AND "))
}

fn not(negated: bool) -> Keyword {
    Keyword(if negated { "NOT " } else { "" })
}

fn leaf(
    scope: &FieldScope<'_>,
    filter: &ColumnFilter,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    let column = scope.column(&filter.field.name)?;
    let is_path = !filter.field.steps.is_empty();
    let builtin = is_path || column.is_none_or(|column| column.builtin);
    values.note_own_type(!builtin);
    let field = scope.value(&filter.field, values)?;
    let parser = column.filter(|_| !is_path).and_then(|column| column.from_text.as_deref());
    let test = match &filter.operation {
        FilterOperation::Binary { operator, quantifier, value } => {
            let is_key =
                *operator == "=" && quantifier.is_none() && !filter.negated && !is_path && parser.is_none();
            let is_key = is_key && builtin && scope.relation.is_key(&filter.field.name);
            let operator = operator_of(operator, builtin);
            let value = if is_key { values.add_of_key(value.clone()) } else { values.add(value.clone()) };
            let value = match parser {
                Some(parser) if quantifier.is_none() => values.called(parser, &stmt!("{value}::text")),
                _ => stmt!("{value}"),
            };
            match quantifier {
                None => stmt!("{field} {operator} {value}"),
                Some(Quantifier::Any) => stmt!("{field} {operator} ANY ({value})"),
                Some(Quantifier::All) => stmt!("{field} {operator} ALL ({value})"),
            }
        }
        FilterOperation::Is(word) => stmt!("{field} IS {word}", word = Keyword(word)),
        FilterOperation::IsDistinctFrom(value) => {
            let value = values.add(value.clone());
            stmt!("{field} IS DISTINCT FROM {value}")
        }
        FilterOperation::In(list) => {
            let nothing = list.len() == 1 && list[0].is_empty();
            let list = values.add_array(if nothing { &[] } else { list });
            let list = match parser {
                Some(parser) => {
                    let parsed = values.called(parser, &stmt!("pg_catalog.unnest({list}::text[])"));
                    stmt!("SELECT {parsed}")
                }
                None => stmt!("{list}"),
            };
            stmt!("{field} {operator} ANY ({list})", operator = operator_of("=", builtin))
        }
        FilterOperation::Search { function, language, value } => {
            let computed = || scope.catalog.computed_type(scope.relation, &filter.field.name);
            let base = column.map(|column| column.base.as_str()).or_else(computed);
            let is_vector = !is_path && base == Some("tsvector");
            search(scope, field, (function, language.as_deref(), value), is_vector, values)?
        }
    };
    Ok(stmt!("{not}({test})", not = not(filter.negated)))
}

/// Returns an operator: PostgreSQL's own for built-in types, else the one that the search path of the login finds.
fn operator_of(operator: &'static str, builtin: bool) -> Statement {
    let name = Keyword(operator);
    if builtin { stmt!("OPERATOR(pg_catalog.{name})") } else { stmt!("{name}") }
}

fn search(
    scope: &FieldScope<'_>,
    field: Statement,
    (function, language, value): (&'static str, Option<&str>, &str),
    is_vector: bool,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    let function = Keyword(function);
    let mut language_value = || -> HttpResult<Statement> {
        let Some(language) = language else { return Ok(stmt!("")) };
        scope.catalog.language(language)?;
        let language = values.add(language);
        Ok(stmt!("{language}::pg_catalog.regconfig, "))
    };
    let vector = match is_vector {
        true => field,
        false => stmt!("pg_catalog.to_tsvector({language}{field})", language = language_value()?),
    };
    let language = language_value()?;
    let value = values.add(value);
    Ok(stmt!("{vector} OPERATOR(pg_catalog.@@) pg_catalog.{function}({language}{value})"))
}
