//! Statements of aggregates: groups, conditions on them, and their order.

use martydb_model::sql::stmt;

use super::CompiledStatement;
use super::answer::{AnswerColumns, ResultShape, body};
use super::condition::{condition, conjunction};
use super::field::FieldScope;
use super::read::{direction, order_by};
use super::reads::{RootSource, StatementReads};
use super::values::StatementValues;
use crate::catalog::{ExposedColumn, ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::plan::PlannedTree;
use crate::request::{BodyForm, FilterTree, OrderedField, SelectedField};

/// Alias of the groups.
const GROUPS: &str = "martydb_groups";

/// Conditions on the groups, and their order and number.
pub(crate) struct GroupedRows<'a> {
    pub having: Option<&'a FilterTree>,
    pub order: &'a [OrderedField],
    pub limit: i64,
}

/// Compiles the groups of a tree whose selection has a name for each group and aggregate.
pub(crate) fn aggregate_statement(
    catalog: &ServedCatalog,
    tree: &PlannedTree<'_>,
    groups: &GroupedRows<'_>,
    form: BodyForm,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let rows = StatementReads { catalog, values: &mut values }.rows(&tree.root, RootSource::Relation)?;
    let relation = named(tree);
    let scope = FieldScope { catalog, relation: &relation, alias: GROUPS };
    let mut one = |filter| condition(&scope, filter, &mut values, &mut |_, _| Ok(None));
    let having = conjunction(groups.having.map(&mut one).into_iter().collect::<HttpResult<_>>()?);
    let mut terms = vec![];
    for term in groups.order {
        if term.relation.is_some() {
            return Err(HttpError::invalid_body("groups are ordered by names of the answer"));
        }
        let (value, word) = (scope.value(&term.field, &mut values)?, direction(term));
        terms.push(stmt!("{value}{word}"));
    }
    let (order, limit) = (order_by(terms), groups.limit);
    let body = body(catalog, form, (ResultShape::Rows, "martydb_source", tree.answer), &mut values);
    let columns = AnswerColumns::new(body, true);
    let statement = stmt!(
        "WITH martydb_groups AS ({rows}), \
         martydb_source AS (SELECT * FROM martydb_groups{having}{order} LIMIT {limit}) \
         SELECT {columns} FROM martydb_source AS martydb_row"
    );
    Ok(CompiledStatement::from_collected(statement, values))
}

/// Returns the groups as a relation whose columns are the names of the answer.
fn named(tree: &PlannedTree<'_>) -> ExposedRelation {
    let columns = tree.root.select.iter().map(|field| column(tree.root.relation, field)).collect();
    ExposedRelation { name: "the answer".into(), columns, ..ExposedRelation::default() }
}

fn column(relation: &ExposedRelation, field: &SelectedField) -> ExposedColumn {
    let source = relation.column(&field.field.name).filter(|_| field.field.steps.is_empty());
    let name = field.alias.clone().unwrap_or_else(|| field.field.name.clone());
    let builtin = field.field.name == "*" || source.is_some_and(|column| column.builtin);
    ExposedColumn { name, builtin, ..ExposedColumn::default() }
}
