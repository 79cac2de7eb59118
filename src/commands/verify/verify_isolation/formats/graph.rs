//! Reach of every login as a graph: in the language of Graphviz <https://graphviz.org/doc/info/lang.html>, with only
//! the paths to objects that no login should reach, and as JSON that BloodHound imports.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use martydb_isolation::proof::Assessment;
use martydb_isolation::reach::{AccessGraph, GraphEdge, GraphNode, NodeKind};
use martydb_ui::report::printable;

pub(crate) fn dot(assessment: &Assessment) -> String {
    let clusters =
        assessment.graphs.iter().enumerate().map(|(at, (server, graph))| cluster(at, server, graph));
    let head = "digraph reach {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n";
    format!("{head}{}}}\n", clusters.collect::<String>())
}

/// Draws only the steps of paths: the databases and roles of each login would bury them.
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
        text += &format!("    {} [label={name}, shape={shape}];\n", node_id(at, node));
    }
    for edge in steps {
        let (from, to, kind) = (node_id(at, &edge.from), node_id(at, &edge.to), quoted(edge.kind));
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

fn node_id(server: usize, node: &GraphNode) -> String {
    quoted(&format!("{server} {:?} {}", node.kind, node.name))
}

/// Quotes a string, in which only a quote is special, and a backslash before it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('\\', "\\\\").replace('"', "\\\""))
}

pub(crate) fn opengraph(assessment: &Assessment) -> String {
    let all = || assessment.graphs.iter();
    let nodes =
        all().flat_map(|(server, graph)| graph.nodes().into_iter().map(move |node| shown(server, node)));
    let edges =
        all().flat_map(|(server, graph)| graph.edges.iter().map(move |edge| connection(server, edge)));
    let graph = json!({ "nodes": nodes.collect::<Vec<Value>>(), "edges": edges.collect::<Vec<Value>>() });
    format!("{:#}\n", json!({ "metadata": { "source_kind": "PostgreSQL" }, "graph": graph }))
}

/// Returns the kind that the interface shows, and the prefix of a node's id.
fn kind(node: &GraphNode) -> (&'static str, &'static str) {
    match node.kind {
        NodeKind::Role => ("PGRole", "role"),
        NodeKind::Database => ("PGDatabase", "database"),
        NodeKind::Object => ("PGObject", "object"),
        NodeKind::Target => ("PGTarget", "target"),
        NodeKind::Network => ("PGNetwork", "network"),
        NodeKind::Account => ("PGAccount", "account"),
    }
}

fn id(server: &str, node: &GraphNode) -> String {
    format!("{server}/{}/{}", kind(node).1, node.name)
}

fn shown(server: &str, node: &GraphNode) -> Value {
    json!({
        "id": id(server, node),
        "kinds": [kind(node).0, "PostgreSQL"],
        "properties": { "name": node.name, "server": server },
    })
}

fn connection(server: &str, edge: &GraphEdge) -> Value {
    json!({
        "kind": format!("PG{}", edge.kind),
        "start": { "match_by": "id", "value": id(server, &edge.from) },
        "end": { "match_by": "id", "value": id(server, &edge.to) },
        "properties": { "evidence": edge.words },
    })
}
