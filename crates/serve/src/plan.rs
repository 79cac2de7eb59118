//! Plan of a request: the tree of relations that it reads, each name resolved in the catalog. Pure.

mod cached;
mod embed;
mod node;
mod places;
mod tree;

pub(crate) use node::PlanNode;
pub(crate) use places::RequestSize;
pub(crate) use tree::{PlannedTree, plan_tree};
