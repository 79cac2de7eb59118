//! What every login can reach, as BloodHound's OpenGraph imports it.
//! <https://bloodhound.specterops.io/opengraph/developer/schema>

use serde_json::{Value, json};

use crate::isolation::Assessment;
use crate::reach::{GraphEdge, GraphNode, NodeKind};

pub fn opengraph(assessment: &Assessment) -> String {
    let all = || assessment.graphs.iter();
    let nodes =
        all().flat_map(|(server, graph)| graph.nodes().into_iter().map(move |node| shown(server, node)));
    let edges =
        all().flat_map(|(server, graph)| graph.edges.iter().map(move |edge| connection(server, edge)));
    let graph = json!({ "nodes": nodes.collect::<Vec<Value>>(), "edges": edges.collect::<Vec<Value>>() });
    format!("{:#}\n", json!({ "metadata": { "source_kind": "PostgreSQL" }, "graph": graph }))
}

/// The kind that the interface shows, and the prefix of a node's id.
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
