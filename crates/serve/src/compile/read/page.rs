//! Statement of a page: its rows, and the place of the last one in the order where more rows follow.

use martydb_model::sql::{List, stmt};

use super::names::alias;
use super::order::{order_value, ordered};
use super::selection::SelectedColumns;
use super::{ConditionUse, scope};
use crate::catalog::ServedCatalog;
use crate::compile::CompiledStatement;
use crate::compile::answer::{AnswerColumns, bounded};
use crate::compile::reads::{RootSource, StatementReads};
use crate::compile::values::StatementValues;
use crate::error::HttpResult;
use crate::plan::PlannedTree;

/// Most characters of a value in a place; a longer one shows that it was cut.
pub(crate) const LONGEST_PLACE: usize = 1024;

/// Compiles a page of at most `most` rows of a tree without a range at its root. The column `location` is the place.
pub(crate) fn page_statement(
    catalog: &ServedCatalog,
    tree: &PlannedTree<'_>,
    most: i64,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let node = &tree.root;
    let alias = alias(node);
    let scope = scope(catalog, node, &alias);
    let (columns, _) = SelectedColumns::compile(&scope, node, &mut values)?;
    let mut reads = StatementReads { catalog, values: &mut values };
    let from = reads.sources(node, RootSource::Relation);
    let joins = reads.joins(node)?;
    let conditions = reads.conditions(&scope, node, ConditionUse::Joined)?;
    let order = ordered(&scope, node, &mut values)?;
    let longest = LONGEST_PLACE as i64 + 1;
    let mut places = vec![];
    for term in &node.order {
        let value = order_value(&scope, node, term, &mut values)?;
        places.push(stmt!("pg_catalog.left({value}::text, {longest})"));
    }
    let (places, one_more) = (List(places), most.saturating_add(1));
    let rows = stmt!(
        "COALESCE(pg_catalog.json_agg(martydb_row ORDER BY martydb_number) FILTER (WHERE martydb_number <= {most}), '[]')"
    );
    let body = bounded(&rows, tree.answer);
    let location = stmt!(
        "CASE WHEN pg_catalog.count(*) > {most} THEN \
         pg_catalog.max(pg_catalog.array_to_json(martydb_place)::text) FILTER (WHERE martydb_number = {most}) END"
    );
    let answer = AnswerColumns { location: Some(location), ..AnswerColumns::new(body, values.runs_code) };
    let statement = stmt!(
        "WITH martydb_source AS (SELECT pg_catalog.row_to_json(martydb_p) AS martydb_row, ARRAY[{places}]::text[] AS martydb_place \
         FROM {from}{joins} CROSS JOIN LATERAL (SELECT {columns}) AS martydb_p{conditions}{order} LIMIT {one_more}), \
         martydb_rows AS (SELECT *, pg_catalog.row_number() OVER () AS martydb_number FROM martydb_source) \
         SELECT {answer} FROM martydb_rows"
    );
    Ok(CompiledStatement::from_collected(statement, values))
}
