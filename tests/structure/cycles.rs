//! Imports between the files and the rooms of a crate; cargo refuses cycles of crates. A room is a module at a crate's root
//! with everything below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::sources;
use crate::imports::Imports;
use crate::source::{Names, crates};

type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_file_imports_itself_through_others() {
    let imports = &sources().imports;
    let graph = graph(imports, |names| names.join("::"));
    no_cycle(&graph, imports, |names| names.join("::"));
}

#[test]
fn no_room_imports_itself_through_others() {
    let imports = &sources().imports;
    no_cycle(&graph(imports, room), imports, room);
}

/// Cargo allows a cycle of dev-dependencies, which `cargo package` then refuses.
#[test]
fn no_crate_depends_on_a_later_one() {
    let root = std::fs::read_to_string("Cargo.toml").unwrap();
    let named = |line: &str| line.strip_prefix("martydb-")?.split(['.', ' ']).next().map(str::to_owned);
    let order: Vec<String> = root.lines().filter(|line| line.contains("path = ")).filter_map(named).collect();
    for (at, name) in order.iter().enumerate() {
        let manifest = std::fs::read_to_string(format!("crates/{name}/Cargo.toml")).unwrap();
        let wrong: Vec<String> =
            manifest.lines().filter_map(named).filter(|needed| !order[..at].contains(needed)).collect();
        assert!(wrong.is_empty(), "martydb-{name} depends on {wrong:?}");
    }
    assert!(order.len() > 9, "{order:?}");
}

/// Each `lib.rs` lists the public rooms of its crate in its head, with the purpose of each.
#[test]
fn every_room_is_listed_at_the_head_of_its_crate() {
    let mut missing = Vec::new();
    for (name, folder) in crates() {
        let library = std::fs::read_to_string(folder.join("lib.rs")).unwrap();
        let listed: Vec<&str> =
            library.lines().filter_map(|line| line.strip_prefix("//! - [`")?.split('`').next()).collect();
        let rooms = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        missing.extend(rooms.filter(|room| !listed.contains(room)).map(|room| format!("{name}::{room}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Returns crate and room; the crate's root is a room of its own.
fn room(names: &Names) -> String {
    names.iter().take(2).cloned().collect::<Vec<_>>().join("::")
}

fn graph(imports: &Imports, node: impl Fn(&Names) -> String) -> Graph {
    let mut graph = Graph::new();
    for (from, to) in imports.keys().map(|(from, to)| (node(from), node(to))) {
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
