//! The conclusions as a graph of named nodes, for tools that draw one.

use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    Role,
    Database,
    Object,
    Target,
    /// Origin of connections, as in a line of pg_hba.conf.
    Network,
    /// An account of the operating system.
    Account,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphNode {
    pub kind: NodeKind,
    /// Name as in findings; an object's follows its database and a slash.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphEdge {
    /// In PascalCase, such as `CanSetRole`.
    pub kind: &'static str,
    pub from: GraphNode,
    pub to: GraphNode,
    /// Description of the step; for an edge from a login to its target, the path.
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
