//! `docs/architecture.md` is a map: a path that it names exists, and every crate is on it.

use std::path::Path;

use crate::source::crates;

const MAP: &str = "docs/architecture.md";

/// Returns the words between backquotes.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_map_names_files_that_exist() {
    let text = std::fs::read_to_string(MAP).unwrap();
    let is_path = |name: &&str| {
        name.contains('/') && name.chars().all(|c| c.is_ascii_lowercase() || "/_.-".contains(c))
    };
    let missing: Vec<&str> =
        names(&text).filter(is_path).filter(|name| !Path::new(name.trim_end_matches('/')).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_crate_is_on_the_map() {
    let text = std::fs::read_to_string(MAP).unwrap();
    let folders = crates().into_values().map(|folder| match folder.parent() {
        Some(parent) if parent != Path::new("") => parent.display().to_string(),
        _ => folder.display().to_string(),
    });
    let missing: Vec<String> =
        folders.filter(|folder| !names(&text).any(|name| name.trim_end_matches('/') == folder)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
