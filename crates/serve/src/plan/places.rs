//! Filters, orders and ranges at their places in the tree.

use super::node::PlanNode;
use crate::error::{HttpError, HttpResult};
use crate::request::{FilterOperation, FilterTree, RowQuery};
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

/// Most terms of all orders; a key has at most 32 columns.
const MOST_TERMS: usize = 64;

/// Checks the limits of the whole tree, and of the filters that belong to a write beside it.
pub(super) fn check(
    root: &PlanNode<'_>,
    query: &RowQuery,
    limits: &RequestLimits,
    writes: bool,
) -> HttpResult<()> {
    let (mut conditions, mut values) = (0, 0);
    count(root, &mut conditions, &mut values);
    if writes {
        query.root_filters().for_each(|tree| count_tree(tree, &mut conditions, &mut values));
    }
    check_terms(terms(root))?;
    check_counted(conditions, values, limits)
}

/// Rejects an order of too many terms.
pub(crate) fn check_terms(terms: usize) -> HttpResult<()> {
    match terms <= MOST_TERMS {
        true => Ok(()),
        false => Err(HttpError::limit(format!("more than {MOST_TERMS} terms of an order"))),
    }
}

fn terms(node: &PlanNode<'_>) -> usize {
    node.order.len() + node.children.iter().map(terms).sum::<usize>()
}

/// Checks the number of conditions, and of values in the longest list.
pub(crate) fn check_counted(conditions: usize, values: usize, limits: &RequestLimits) -> HttpResult<()> {
    if conditions > limits.conditions {
        return Err(HttpError::limit(format!("more than {} conditions", limits.conditions)));
    }
    if values > limits.values {
        return Err(HttpError::limit(format!("more than {} values of `in`", limits.values)));
    }
    Ok(())
}

fn count(node: &PlanNode<'_>, conditions: &mut usize, values: &mut usize) {
    node.filters.iter().for_each(|tree| count_tree(tree, conditions, values));
    node.children.iter().for_each(|child| count(child, conditions, values));
}

/// Counts the conditions of a tree and the longest list of values in it.
pub(crate) fn count_tree(tree: &FilterTree, conditions: &mut usize, values: &mut usize) {
    match tree {
        FilterTree::Branch { trees, .. } => trees.iter().for_each(|one| count_tree(one, conditions, values)),
        FilterTree::Document(filter) => {
            *conditions += filter.conditions();
            *values = (*values).max(filter.values());
        }
        FilterTree::Leaf(filter) => {
            *conditions += 1;
            if let FilterOperation::In(list) = &filter.operation {
                *values = (*values).max(list.len());
            }
        }
    }
}
