//! `docs/architecture.md` is a map: a file that it names must be there, and a room that is there must be on it.

use std::path::Path;

const MAP: &str = "docs/architecture.md";

/// The words between backquotes.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_map_names_files_that_exist() {
    let text = std::fs::read_to_string(MAP).unwrap();
    let is_path =
        |name: &&str| name.contains('/') && name.chars().all(|c| c.is_ascii_lowercase() || "/_.".contains(c));
    let exists = |name: &str| {
        let name = name.trim_end_matches('/');
        [format!("src/{name}"), format!("src/{name}.rs"), name.to_owned()]
            .iter()
            .any(|path| Path::new(path).exists())
    };
    let missing: Vec<&str> = names(&text).filter(is_path).filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_room_is_on_the_map() {
    let text = std::fs::read_to_string(MAP).unwrap();
    let library = std::fs::read_to_string("src/lib.rs").unwrap();
    let rooms = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> =
        rooms.filter(|room| !names(&text).any(|name| name.trim_end_matches('/') == *room)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
