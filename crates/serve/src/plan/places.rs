//! Filters, orders and ranges at their places in the tree.

use martydb_model::ServeLimit;

use super::node::PlanNode;
use crate::error::{HttpError, HttpResult};
use crate::request::{FieldPath, FilterTree, OrderedField, RowQuery};
use crate::settings::RequestLimits;

/// Puts each parameter at the relation that it names.
pub(super) fn put_all(root: &mut PlanNode<'_>, query: &RowQuery, writes: bool) -> HttpResult<()> {
    for (path, tree) in &query.filters {
        if writes && path.is_empty() {
            continue;
        }
        at(root, path)?.filters.push(tree.clone());
    }
    for (path, terms) in &query.order {
        at(root, path)?.order.extend(terms.iter().cloned());
    }
    for (path, range) in &query.ranges {
        if !writes {
            at(root, path)?.range = *range;
        }
    }
    Ok(())
}

/// Returns the relation at a path.
fn at<'n, 'c>(node: &'n mut PlanNode<'c>, path: &[String]) -> HttpResult<&'n mut PlanNode<'c>> {
    let Some((first, rest)) = path.split_first() else { return Ok(node) };
    let Some(position) = node.children.iter().position(|child| child.key == *first) else {
        return Err(not_embedded(node, first));
    };
    at(&mut node.children[position], rest)
}

/// Returns the answer where a parameter names a relation that is not embedded.
pub(super) fn not_embedded(node: &PlanNode<'_>, name: &str) -> HttpError {
    let message = format!("'{name}' is not an embedded resource in this request");
    let error = HttpError::new(400, "PGRST108", message);
    match node.children.iter().find(|child| child.target == name) {
        Some(child) => error
            .details("Target names are not allowed in filters if they have an alias")
            .hint(format!("Change '{name}' to '{}' in filters, orders or limits.", child.key)),
        None => error.hint(format!("Verify that '{name}' is included in the 'select' query parameter.")),
    }
}

/// Checks the limits of the whole tree, and of the filters that belong to a write beside it.
pub(super) fn check(
    root: &PlanNode<'_>,
    query: &RowQuery,
    limits: &RequestLimits,
    writes: bool,
) -> HttpResult<()> {
    let mut size = RequestSize::default();
    size.add_node(root);
    if writes {
        query.root_filters().for_each(|tree| size.add_tree(tree));
    }
    size.check(limits)
}

/// Size of a request: what the text of its statement grows with.
#[derive(Debug, Default)]
pub(crate) struct RequestSize {
    columns: usize,
    /// Steps of the longest path.
    steps: usize,
    conditions: usize,
    /// Values of the longest list.
    values: usize,
    terms: usize,
}

impl RequestSize {
    /// Rejects a request that is too large.
    pub(crate) fn check(&self, limits: &RequestLimits) -> HttpResult<()> {
        limits.check(ServeLimit::Order, self.terms)?;
        limits.check(ServeLimit::Columns, self.columns)?;
        limits.check(ServeLimit::Steps, self.steps)?;
        limits.check(ServeLimit::Conditions, self.conditions)?;
        limits.check(ServeLimit::Values, self.values)
    }

    fn add_node(&mut self, node: &PlanNode<'_>) {
        let mut stars = 0;
        for selected in &node.select {
            stars += usize::from(selected.field.name == "*");
            self.columns += if stars > 1 { node.relation.columns.len() } else { 1 };
            self.add_field(&selected.field);
        }
        node.filters.iter().for_each(|tree| self.add_tree(tree));
        self.add_order(&node.order);
        self.columns += node.children.len();
        node.children.iter().for_each(|child| self.add_node(child));
    }

    /// Adds the terms of an order.
    pub(crate) fn add_order(&mut self, order: &[OrderedField]) {
        self.terms += order.len();
        order.iter().for_each(|term| self.add_field(&term.field));
    }

    fn add_field(&mut self, field: &FieldPath) {
        self.steps = self.steps.max(field.steps.len());
    }

    /// Adds a tree of conditions.
    pub(crate) fn add_tree(&mut self, tree: &FilterTree) {
        match tree {
            FilterTree::Branch { trees, .. } => trees.iter().for_each(|one| self.add_tree(one)),
            FilterTree::Document(filter) => {
                self.conditions += filter.conditions();
                self.values = self.values.max(filter.values());
            }
            FilterTree::Leaf(filter) => {
                self.conditions += 1;
                self.add_field(&filter.field);
                self.values = self.values.max(filter.operation.values());
            }
        }
    }
}

#[cfg(test)]
mod generated;
