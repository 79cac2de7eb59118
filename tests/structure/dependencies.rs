//! A crate that needs one or two names of another product pulls the whole product in: such names belong into a leaf.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::facts::sources;
use crate::source::{crates, depends_on};

const FEWEST_NAMES: usize = 3;

/// Crates that hold what products share, and those below the context, which come with it.
const LEAVES: &[&str] =
    &["macros", "model", "sql", "os", "http", "context", "ui", "pg", "manifest", "secrets", "embedded"];

/// Dependencies that wait for a leaf: the crate, and the one that it depends on.
const FOR_FEW_NAMES: &[(&str, &str)] = &[
    ("martydb_backup", "martydb_catalog"),
    ("martydb_monitor", "martydb_backup"),
    ("martydb_monitor", "martydb_partitions"),
    ("martydb_provision", "martydb_catalog"),
    ("martydb_redis", "martydb_catalog"),
];

#[test]
fn no_crate_depends_on_a_product_for_few_names() {
    let (mut found, mut checked) = (Vec::new(), 0);
    for (name, folder) in crates() {
        for other in depends_on(&manifest(&folder)).into_iter().filter(|other| !is_leaf(other)) {
            let names = sources().between_crates.get(&(name.clone(), other.clone()));
            let names = names.map_or_else(BTreeSet::new, BTreeSet::clone);
            checked += 1;
            if names.len() < FEWEST_NAMES && !FOR_FEW_NAMES.contains(&(name.as_str(), other.as_str())) {
                found.push(format!("{name} depends on {other} for {names:?}"));
            }
        }
    }
    assert!(checked > 10, "{checked} dependencies");
    assert!(found.is_empty(), "move the names into a leaf, or pass values: {found:#?}");
}

fn is_leaf(name: &str) -> bool {
    LEAVES.iter().any(|leaf| name.strip_prefix("martydb_") == Some(leaf))
}

/// Returns the manifest of the crate with this folder of sources.
fn manifest(sources: &Path) -> PathBuf {
    sources.with_file_name("Cargo.toml")
}
