//! Statements that read: a lateral join for each embedded relation, JSON made in the database.

mod joins;
mod json_aggregate;
mod names;
mod order;
pub(super) mod page;
mod selection;
mod spread;

use martydb_model::sql::{Keyword, Qualified, Statement, stmt};

use super::CompiledStatement;
use super::answer::{AnswerColumns, ResultShape, body};
use super::condition::{condition, conjunction};
use super::field::FieldScope;
use super::reads::{RootSource, StatementReads};
use super::values::StatementValues;
use crate::catalog::ServedCatalog;
use crate::error::HttpResult;
use crate::plan::{PlanNode, PlannedTree};
use crate::request::{BodyForm, ColumnFilter, FilterOperation};
use joins::joined;
use names::{alias, embedded_alias, has_ordered_arrays, junction_alias, parent_alias};
pub(super) use order::{direction, order_by};
use order::{limit, ordered};
use selection::SelectedColumns;

fn scope<'a>(catalog: &'a ServedCatalog, node: &PlanNode<'a>, alias: &'a str) -> FieldScope<'a> {
    FieldScope { catalog, relation: node.relation, alias }
}

/// Compiles a whole read: total, rows of the page, body, bytes of the body.
pub(crate) fn read_statement(
    catalog: &ServedCatalog,
    tree: &PlannedTree<'_>,
    form: BodyForm,
    counts: Option<Option<i64>>,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let mut reads = StatementReads { catalog, values: &mut values };
    let rows = reads.rows(&tree.root, RootSource::Relation)?;
    let (count, total) = match counts {
        None => (stmt!(""), None),
        Some(most) => {
            let count = reads.count(&tree.root, RootSource::Relation)?;
            let limit = most.map_or_else(|| stmt!(""), |most| stmt!(" LIMIT {most}"));
            (
                stmt!(", martydb_count AS ({count}{limit})"),
                Some(stmt!("(SELECT pg_catalog.count(*) FROM martydb_count)")),
            )
        }
    };
    let body = body(catalog, form, (ResultShape::Rows, "martydb_source", tree.answer), &mut values);
    let columns = AnswerColumns { total, ..AnswerColumns::new(body, values.runs_code) };
    let statement =
        stmt!("WITH martydb_source AS ({rows}){count} SELECT {columns} FROM martydb_source AS martydb_row");
    Ok(CompiledStatement::from_collected(statement, values))
}

/// Compiles a read whose rows are taken one by one, each a JSON text. The server cuts one that is too large, so that the process
/// never holds it.
pub(crate) fn lines_statement(
    catalog: &ServedCatalog,
    tree: &PlannedTree<'_>,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let rows = StatementReads { catalog, values: &mut values }.rows(&tree.root, RootSource::Relation)?;
    let most = i64::try_from(tree.answer.saturating_add(1)).unwrap_or(i64::MAX);
    let statement = stmt!(
        "SELECT pg_catalog.left(pg_catalog.row_to_json(martydb_row)::text, {most}) FROM ({rows}) AS martydb_row"
    );
    Ok(CompiledStatement::from_collected(statement, values))
}

/// Compiles the question for the planner's number of rows.
pub(crate) fn planned_statement(
    catalog: &ServedCatalog,
    tree: &PlannedTree<'_>,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let count = StatementReads { catalog, values: &mut values }.count(&tree.root, RootSource::Relation)?;
    Ok(CompiledStatement::from_collected(stmt!("EXPLAIN (FORMAT JSON) {count}"), values))
}

impl StatementReads<'_> {
    /// Compiles the rows of a relation with everything below it.
    pub(super) fn rows(&mut self, node: &PlanNode<'_>, source: RootSource) -> HttpResult<Statement> {
        let alias = alias(node);
        let scope = scope(self.catalog, node, &alias);
        let (columns, group) = SelectedColumns::compile(&scope, node, self.values)?;
        let from = self.sources(node, source);
        let joins = self.joins(node)?;
        let conditions = self.conditions(&scope, node, ConditionUse::Joined)?;
        let order = if has_ordered_arrays(node) { stmt!("") } else { ordered(&scope, node, self.values)? };
        let limit = limit(node.range, self.values);
        Ok(stmt!("SELECT {columns} FROM {from}{joins}{conditions}{group}{order}{limit}"))
    }

    /// Compiles the statement whose rows are counted.
    pub(super) fn count(&mut self, node: &PlanNode<'_>, source: RootSource) -> HttpResult<Statement> {
        let alias = alias(node);
        let scope = scope(self.catalog, node, &alias);
        let from = self.sources(node, source);
        let mut conditions = self.conditions(&scope, node, ConditionUse::Counted)?;
        for child in node.children.iter().filter(|child| child.inner) {
            let word = Keyword(if conditions == stmt!("") { " WHERE" } else { " AND" });
            let rows = self.count(child, RootSource::Relation)?;
            self.values.note_join();
            conditions = stmt!("{conditions}{word} EXISTS ({rows})");
        }
        Ok(stmt!("SELECT 1 FROM {from}{conditions}"))
    }

    /// Returns the list of `FROM`, without joins.
    fn sources(&mut self, node: &PlanNode<'_>, source: RootSource) -> Statement {
        let values = &mut *self.values;
        let alias = stmt!("{alias}", alias = Qualified([alias(node).as_str()]));
        if let Some(relationship) = node.relationship
            && let Some((schema, name)) = &relationship.function
        {
            let function = values.function(schema, name);
            let parent = Qualified(vec![parent_alias(node)]);
            let row = values.row_type(&relationship.table);
            return stmt!("{function}({parent}::{row}) AS {alias}");
        }
        let relation = match source {
            RootSource::Relation => values.read(node.relation),
            RootSource::Written => stmt!("martydb_source"),
        };
        match node.relationship.and_then(|one| one.junction.as_ref()) {
            None => stmt!("{relation} AS {alias}"),
            Some(junction) => {
                let table = values.read_beside(self.catalog, &junction.table);
                let other = Qualified(vec![junction_alias(node)]);
                stmt!("{relation} AS {alias}, {table} AS {other}")
            }
        }
    }

    fn conditions(
        &mut self,
        scope: &FieldScope<'_>,
        node: &PlanNode<'_>,
        how: ConditionUse,
    ) -> HttpResult<Statement> {
        let catalog = self.catalog;
        let mut all = vec![];
        for tree in &node.filters {
            let mut embedded =
                |filter: &ColumnFilter, values: &mut StatementValues| match null_child(node, filter) {
                    None => Ok(None),
                    Some((child, absent)) => {
                        StatementReads { catalog, values }.null_condition(child, absent, how).map(Some)
                    }
                };
            all.push(condition(scope, tree, self.values, &mut embedded)?);
        }
        all.extend(joined(node));
        Ok(conjunction(all))
    }

    fn null_condition(
        &mut self,
        child: &PlanNode<'_>,
        absent: bool,
        how: ConditionUse,
    ) -> HttpResult<Statement> {
        let embedded = embedded_alias(child);
        Ok(match (how, absent) {
            (ConditionUse::Joined, true) => stmt!("{embedded} IS NOT DISTINCT FROM NULL"),
            (ConditionUse::Joined, false) => stmt!("{embedded} IS DISTINCT FROM NULL"),
            (ConditionUse::Counted, _) => {
                let rows = self.count(child, RootSource::Relation)?;
                self.values.note_join();
                stmt!("{not}EXISTS ({rows})", not = Keyword(if absent { "NOT " } else { "" }))
            }
        })
    }
}

/// Way in which conditions look at embedded relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConditionUse {
    Joined,
    Counted,
}

/// Returns the embedded relation that a filter asks to be absent, or present.
fn null_child<'n, 'c>(node: &'n PlanNode<'c>, filter: &ColumnFilter) -> Option<(&'n PlanNode<'c>, bool)> {
    let absent = match filter.operation {
        FilterOperation::Is("NULL") => !filter.negated,
        FilterOperation::Is("NOT NULL") => filter.negated,
        _ => return None,
    };
    if !filter.field.steps.is_empty() {
        return None;
    }
    node.child(&filter.field.name).map(|child| (child, absent))
}
