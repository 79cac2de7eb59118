//! A crate is one product: one that grows past the limit is divided in the same landing.

use std::collections::BTreeMap;

use crate::facts::sources;

/// Code lines of a crate: neither blank, nor a comment, nor a unit test.
const LARGEST_CRATE: usize = 16_000;
const LARGEST_APPLICATION: usize = 20_000;

#[test]
fn no_crate_is_too_large() {
    let mut crates = BTreeMap::<&str, usize>::new();
    for (names, facts) in &sources().facts {
        *crates.entry(&names[0]).or_default() += facts.sizes.code_lines;
    }
    let limit = |name: &str| if name == "martydb" { LARGEST_APPLICATION } else { LARGEST_CRATE };
    crates.retain(|name, lines| *lines > limit(name));
    assert!(crates.is_empty(), "divide the crate by its products; its code lines: {crates:#?}");
}
