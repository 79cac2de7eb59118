//! `docs/architecture.md` follows a request and an `upgrade` through the files: short, and by files that exist.

use std::path::Path;

const MAP: &str = "docs/architecture.md";

const WAYS: &[&str] = &["## The way of a request", "## The way of `upgrade`"];

const MOST_LINES: usize = 20;

/// A way through the house leads through at least as many files.
const FEWEST_FILES: usize = 5;

#[test]
fn the_ways_are_short_and_name_files_that_exist() {
    let text = std::fs::read_to_string(MAP).unwrap();
    for heading in WAYS {
        let section = section(&text, heading);
        let lines = section.trim().lines().count();
        assert!(
            (1..=MOST_LINES).contains(&lines),
            "{MAP}: \"{heading}\" has {lines} lines, not 1 to {MOST_LINES}"
        );
        let files: Vec<&str> =
            section.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs")).collect();
        assert!(files.len() >= FEWEST_FILES, "{MAP}: \"{heading}\" names only these files: {files:?}");
        let missing: Vec<_> = files.iter().filter(|file| !Path::new(file).is_file()).collect();
        assert!(missing.is_empty(), "{MAP}: \"{heading}\" names files that do not exist: {missing:?}");
    }
}

/// Returns the lines between a heading and the next one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, after) = text
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("{MAP} has no section \"{heading}\""));
    after.split("\n#").next().unwrap_or(after)
}
