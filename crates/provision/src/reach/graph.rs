//! What was concluded as a graph of named nodes, for tools that draw one.

use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    Role,
    Database,
    Object,
    Target,
    /// Where connections come from, as a line of pg_hba.conf says it.
    Network,
    /// One of the operating system.
    Account,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphNode {
    pub kind: NodeKind,
    /// As findings name it; an object's with its database before a slash.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphEdge {
    /// In PascalCase, such as `CanSetRole`.
    pub kind: &'static str,
    pub from: GraphNode,
    pub to: GraphNode,
    /// The step in words; of an edge from a login to what it reaches, the path.
    pub words: String,
}

/// The edges of one server.
#[derive(Debug, Clone, Default)]
pub struct AccessGraph {
    pub edges: BTreeSet<GraphEdge>,
}

impl AccessGraph {
    pub fn nodes(&self) -> BTreeSet<&GraphNode> {
        self.edges.iter().flat_map(|edge| [&edge.from, &edge.to]).collect()
    }
}
