//! A relation of the tree.

use crate::catalog::{ExposedRelation, Relationship};
use crate::request::{FilterTree, OrderedField, RowRange, SelectedField};

/// A relation that a request reads.
#[derive(Debug, Clone)]
pub(crate) struct PlanNode<'c> {
    pub relation: &'c ExposedRelation,
    /// Name of the key in the parent's row.
    pub key: String,
    /// Name that the request uses for the relation.
    pub target: String,
    /// Number in the statement; the root is 0.
    pub number: usize,
    /// Number of the parent.
    pub parent: usize,
    pub(crate) relationship: Option<&'c Relationship>,
    pub inner: bool,
    pub spread: bool,
    pub select: Vec<SelectedField>,
    pub filters: Vec<FilterTree>,
    pub order: Vec<OrderedField>,
    pub range: RowRange,
    pub(crate) children: Vec<PlanNode<'c>>,
}

impl<'c> PlanNode<'c> {
    /// Returns the root of a tree, without anything selected.
    pub(crate) fn root(relation: &'c ExposedRelation) -> PlanNode<'c> {
        PlanNode {
            relation,
            key: relation.name.clone(),
            target: relation.name.clone(),
            number: 0,
            parent: 0,
            relationship: None,
            inner: false,
            spread: false,
            select: vec![],
            filters: vec![],
            order: vec![],
            range: RowRange::default(),
            children: vec![],
        }
    }
}

impl PlanNode<'_> {
    /// Returns `true` if the node's rows are values of one key in the parent's row.
    pub(crate) fn is_to_one(&self) -> bool {
        self.relationship.is_none_or(Relationship::is_to_one)
    }

    /// Returns `true` if the planner knows that a value of its parent's key is in one of its rows at most: one unique column is joined, of a
    /// table that no other inherits from.
    pub(crate) fn is_joined_by_key(&self) -> bool {
        let is_single = |one: &Relationship| one.columns.len() == 1 && one.junction.is_none();
        !self.relation.has_children && self.relationship.is_some_and(is_single)
    }

    /// Returns `true` if the request selects neither columns nor relations with columns: `clients()`.
    pub(crate) fn is_empty(&self) -> bool {
        self.select.is_empty() && self.children.iter().all(PlanNode::is_empty)
    }

    /// Returns `true` if code of the service may run for it, or for a relation below it.
    pub(crate) fn runs_code(&self) -> bool {
        let by_function = self.relationship.is_some_and(|one| one.function.is_some());
        self.relation.runs_code || by_function || self.children.iter().any(PlanNode::runs_code)
    }

    /// Returns `true` if rows of it, or of a relation below it, are aggregated.
    fn aggregates(&self) -> bool {
        self.select.iter().any(|field| field.aggregate.is_some())
            || self.children.iter().any(PlanNode::aggregates)
    }

    /// Returns `true` if its rows may be grouped by what is embedded in them: `json` has no equality, which grouping needs, and `jsonb`
    /// costs another conversion.
    pub(crate) fn may_be_grouped(&self) -> bool {
        self.spread || self.aggregates()
    }

    /// Returns the child that the request calls by this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.key == name)
    }
}
