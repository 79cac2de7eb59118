//! The tree of relations: the root, and below it those that are embedded.

use martydb_model::ServeLimit;

use super::embed::find_relationship;
use super::node::PlanNode;
use super::places;
use crate::catalog::{ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::request::{
    Aggregate, FieldPath, RowQuery, RowRange, SelectEntry, SelectedField, SelectedRelation,
};
use crate::settings::RequestLimits;

/// The tree, with what holds for all of it.
#[derive(Debug, Clone)]
pub(crate) struct PlannedTree<'c> {
    pub root: PlanNode<'c>,
    /// Range that the request asked for at the root.
    pub range: RowRange,
    /// Most bytes of the answer.
    pub answer: usize,
}

impl PlannedTree<'_> {
    /// Returns `true` if a read runs code that the service made for it: the answer may depend on more than its tables.
    pub(crate) fn runs_code(&self) -> bool {
        self.root.runs_code()
    }
}

/// Plans a request. Root filters of a write belong to the write and not to the tree.
pub(crate) fn plan_tree<'c>(
    catalog: &'c ServedCatalog,
    limits: &RequestLimits,
    relation: &'c ExposedRelation,
    query: &RowQuery,
    writes: bool,
) -> HttpResult<PlannedTree<'c>> {
    let mut planner = TreePlanner { catalog, limits, nodes: 1 };
    let mut root = PlanNode::root(relation);
    planner.fill(&mut root, &query.select, 0)?;
    places::put_all(&mut root, query, writes)?;
    places::check(&root, query, limits, writes)?;
    let range = query.range();
    if !writes {
        restrict(&mut root, limits.rows());
    }
    Ok(PlannedTree { root, range, answer: limits.answer() })
}

fn restrict(node: &mut PlanNode<'_>, rows: i64) {
    node.range = node.range.at_most(rows);
    node.children.iter_mut().for_each(|child| restrict(child, rows));
}

/// Returns the selected field; `count` counts the rows where no column has this name, as in PostgREST.
fn counting(catalog: &ServedCatalog, relation: &ExposedRelation, field: &SelectedField) -> SelectedField {
    let counts = field.field == FieldPath::column("count") && field.aggregate.is_none();
    if !counts || relation.column("count").is_some() || catalog.is_computed(relation, "count") {
        return field.clone();
    }
    SelectedField {
        field: FieldPath::column("*"),
        cast: None,
        aggregate: Some(Aggregate::Count),
        aggregate_cast: field.cast.clone(),
        ..field.clone()
    }
}

struct TreePlanner<'c, 'l> {
    catalog: &'c ServedCatalog,
    limits: &'l RequestLimits,
    nodes: usize,
}

impl<'c> TreePlanner<'c, '_> {
    fn fill(&mut self, node: &mut PlanNode<'c>, entries: &[SelectEntry], depth: usize) -> HttpResult<()> {
        for entry in entries {
            match entry {
                SelectEntry::Field(field) => {
                    let field = counting(self.catalog, node.relation, field);
                    node.select.push(self.checked(field)?);
                }
                SelectEntry::Relation(one) => {
                    let child = self.child(node, one, depth + 1)?;
                    node.children.push(child);
                }
            }
        }
        Ok(())
    }

    fn checked(&self, field: SelectedField) -> HttpResult<SelectedField> {
        if field.aggregate.is_some() && !self.limits.aggregates {
            return Err(HttpError::new(400, "PGRST123", "Use of aggregate functions is not allowed"));
        }
        for cast in field.cast.iter().chain(&field.aggregate_cast) {
            self.catalog.cast(cast)?;
        }
        Ok(field)
    }

    fn child(
        &mut self,
        parent: &PlanNode<'c>,
        one: &SelectedRelation,
        depth: usize,
    ) -> HttpResult<PlanNode<'c>> {
        self.limits.check(ServeLimit::Depth, depth)?;
        let relationship = find_relationship(self.catalog, parent.relation, &one.name, one.hint.as_deref())?;
        let (schema, name) = &relationship.target;
        let mut node = PlanNode {
            key: one.alias.clone().unwrap_or_else(|| one.name.clone()),
            target: one.name.clone(),
            number: self.nodes,
            parent: parent.number,
            relationship: Some(relationship),
            inner: one.inner,
            spread: one.spread,
            ..PlanNode::root(self.catalog.relation(schema, name)?)
        };
        self.nodes += 1;
        self.fill(&mut node, &one.select, depth)?;
        Ok(node)
    }
}
