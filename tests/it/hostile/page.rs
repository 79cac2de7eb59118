//! docs/security.md states nothing without a test or a reason, and the tests that it names exist.

use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn page() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("docs/security.md")).unwrap()
}

/// The points of the lists, each on one line.
fn points(text: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    let mut open = false;
    for line in text.lines() {
        match line.strip_prefix("- ") {
            Some(first) => all.push(first.to_owned()),
            None if open && line.starts_with("  ") => {
                *all.last_mut().unwrap() += &format!(" {}", line.trim())
            }
            None => {}
        }
        open = line.starts_with("- ") || open && line.starts_with("  ");
    }
    all
}

/// `file::test` of a point.
fn named(point: &str) -> Vec<(String, String)> {
    let quoted = point.split('`').skip(1).step_by(2);
    let tests = quoted.filter_map(|text| text.split_once(".rs::"));
    tests.map(|(file, name)| (format!("{file}.rs"), name.to_owned())).collect()
}

#[test]
fn every_test_that_the_page_names_exists() {
    let mut missing = vec![];
    for (file, name) in points(&page()).iter().flat_map(|point| named(point)) {
        let text = std::fs::read_to_string(Path::new(ROOT).join(&file)).unwrap_or_default();
        let forms = [format!("fn {name}("), format!("as_both_admins!({name},")];
        if !forms.iter().any(|form| text.contains(form)) {
            missing.push(format!("{file}::{name}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_point_of_the_page_has_a_test_or_a_reason() {
    let bare = |point: &String| {
        !point.contains("Reason: ") && !point.contains("<!-- test: ") && named(point).is_empty()
    };
    let points = points(&page());
    let bare: Vec<_> = points.iter().filter(|point| bare(point)).collect();
    assert!(points.len() > 50 && bare.is_empty(), "{bare:#?}");
}
