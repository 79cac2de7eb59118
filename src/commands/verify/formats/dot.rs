//! The paths to what no login should reach, as a graph in the language of Graphviz.
//! <https://graphviz.org/doc/info/lang.html>

use std::collections::BTreeSet;

use crate::isolation::Assessment;
use crate::reach::{AccessGraph, GraphEdge, GraphNode, NodeKind};
use crate::report::printable;

pub fn dot(assessment: &Assessment) -> String {
    let clusters =
        assessment.graphs.iter().enumerate().map(|(at, (server, graph))| cluster(at, server, graph));
    let head = "digraph reach {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n";
    format!("{head}{}}}\n", clusters.collect::<String>())
}

/// Only the steps of paths: what each login enters and acts as would bury them.
fn cluster(at: usize, server: &str, graph: &AccessGraph) -> String {
    let steps: Vec<&GraphEdge> = graph
        .edges
        .iter()
        .filter(|edge| !["Enters", "ActsAs", "CanLogInAs", "Reaches"].contains(&edge.kind))
        .collect();
    let nodes: BTreeSet<&GraphNode> = steps.iter().flat_map(|edge| [&edge.from, &edge.to]).collect();
    let mut text =
        format!("  subgraph cluster_{at} {{\n    label={};\n", quoted(&format!("server {server}")));
    for node in nodes {
        let (name, shape) = (quoted(&node.name), shape(node.kind));
        text += &format!("    {} [label={name}, shape={shape}];\n", id(at, node));
    }
    for edge in steps {
        let (from, to, kind) = (id(at, &edge.from), id(at, &edge.to), quoted(edge.kind));
        text += &format!("    {from} -> {to} [label={kind}, tooltip={}];\n", quoted(&edge.words));
    }
    text + "  }\n"
}

fn shape(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Role => "ellipse",
        NodeKind::Database => "cylinder",
        NodeKind::Object => "box",
        NodeKind::Target => "octagon",
        NodeKind::Network | NodeKind::Account => "diamond",
    }
}

fn id(server: usize, node: &GraphNode) -> String {
    quoted(&format!("{server} {:?} {}", node.kind, node.name))
}

/// Only a quote is special in a quoted string, and a backslash before it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('\\', "\\\\").replace('"', "\\\""))
}
