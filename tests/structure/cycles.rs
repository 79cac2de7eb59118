//! No file imports itself through others, and no room does: a room is a module with everything below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::{Imports, imports};
use crate::source::{Names, modules};

type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_file_imports_itself_through_others() {
    let imports = imports(&modules());
    let graph = graph(&imports, |from, to| Some((from.join("::"), to.join("::"))));
    no_cycle(&graph, &imports, |names| names.join("::"));
}

#[test]
fn no_room_imports_itself_through_others() {
    let imports = imports(&modules());
    let graph = graph(&imports, |from, to| Some((room(from), room(to))));
    no_cycle(&graph, &imports, |names| room(names));
}

/// `src/lib.rs` lists the rooms from the top down.
#[test]
fn no_room_imports_from_above_it() {
    let library = std::fs::read_to_string("src/lib.rs").unwrap();
    let listed = library.lines().filter_map(|line| line.strip_prefix("//! - [`")?.split('`').next());
    let order: BTreeMap<String, usize> = listed.enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
    let mut upwards = BTreeSet::new();
    for (from, to) in imports(&modules()).keys() {
        let (below, above) = (room(from), room(to));
        if let (Some(from_floor), Some(to_floor)) = (order.get(&below), order.get(&above))
            && to_floor < from_floor
        {
            upwards.insert(format!("{} imports {}", from.join("::"), to.join("::")));
        }
    }
    assert!(order.len() > 30, "the list is not read: {order:?}");
    assert!(upwards.is_empty(), "{upwards:#?}");
}

/// The crate's root stands above all rooms.
fn room(names: &[String]) -> String {
    names.first().cloned().unwrap_or_default()
}

fn graph(imports: &Imports, edge: impl Fn(&Names, &Names) -> Option<(String, String)>) -> Graph {
    let mut graph = Graph::new();
    for (from, to) in imports.keys().filter_map(|(from, to)| edge(from, to)) {
        if from != to {
            graph.entry(from).or_default().insert(to);
        }
    }
    graph
}

fn no_cycle(graph: &Graph, imports: &Imports, node: impl Fn(&Names) -> String) {
    let mut text = String::new();
    for group in groups(graph) {
        text +=
            &format!("\nthese import each other: {}\n", group.iter().cloned().collect::<Vec<_>>().join(", "));
        for ((from, to), names) in imports {
            let (a, b) = (node(from), node(to));
            if a != b && group.contains(&a) && group.contains(&b) {
                let names: Vec<_> = names.iter().cloned().collect();
                text += &format!("  {} -> {}: {}\n", from.join("::"), to.join("::"), names.join(", "));
            }
        }
    }
    assert!(text.is_empty(), "{text}");
}

/// The sets of nodes that reach each other.
fn groups(graph: &Graph) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&String, BTreeSet<String>> =
        graph.keys().map(|node| (node, reachable(graph, node))).collect();
    let mut groups: Vec<BTreeSet<String>> = Vec::new();
    for (node, from_it) in &reach {
        let back = from_it.iter().filter(|other| reach.get(other).is_some_and(|them| them.contains(*node)));
        let group: BTreeSet<String> = back.cloned().collect();
        if !group.is_empty() && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn reachable(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![from.to_owned()];
    while let Some(node) = left.pop() {
        for next in graph.get(&node).into_iter().flatten() {
            if found.insert(next.clone()) {
                left.push(next.clone());
            }
        }
    }
    found
}
