//! Names in the code outside of a crate that could be names of its items: those of the crates and programs that depend on it,
//! directly or through others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proc_macro2::{TokenStream, TokenTree};

use crate::source::{crates, depends_on, files};

/// Code that is compiled together.
struct Unit {
    /// Crate whose own code it is; `None` for programs, tests, benches and examples.
    library: Option<String>,
    names: BTreeSet<String>,
}

/// Returns the names in all code that can see the crate's items and is not its own.
pub(crate) fn used_outside(name: &str) -> BTreeSet<String> {
    static UNITS: OnceLock<Vec<Unit>> = OnceLock::new();
    let dependencies = dependencies();
    let sees = |unit: &&Unit| match &unit.library {
        Some(library) => library != name && reaches(&dependencies, library, name),
        None => unit.names.iter().any(|used| used == name || reaches(&dependencies, used, name)),
    };
    UNITS.get_or_init(units).iter().filter(sees).flat_map(|unit| unit.names.iter().cloned()).collect()
}

fn units() -> Vec<Unit> {
    let mut units = Vec::new();
    for (name, folder) in crates() {
        let (programs, own): (Vec<PathBuf>, Vec<PathBuf>) =
            files(&folder).into_iter().partition(|file| *file == folder.join("main.rs"));
        units.push(Unit { library: Some(name), names: names_of(&own) });
        units.push(Unit { library: None, names: names_of(&programs) });
        for outside in ["tests", "benches", "examples"].map(|outside| folder.with_file_name(outside)) {
            units.extend(
                targets(&outside).into_iter().map(|files| Unit { library: None, names: names_of(&files) }),
            );
        }
    }
    units
}

/// Returns the files of each target of a folder: of one below it, or of one file.
fn targets(folder: &Path) -> Vec<Vec<PathBuf>> {
    let mut targets = BTreeMap::<PathBuf, Vec<PathBuf>>::new();
    for file in if folder.is_dir() { files(folder) } else { Vec::new() } {
        let first = file.strip_prefix(folder).unwrap().components().next().unwrap();
        targets.entry(folder.join(first)).or_default().push(file);
    }
    targets.into_values().collect()
}

/// Returns the crates of the workspace that each one depends on.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    crates()
        .into_iter()
        .map(|(name, folder)| (name, depends_on(&folder.with_file_name("Cargo.toml"))))
        .collect()
}

fn reaches(dependencies: &BTreeMap<String, Vec<String>>, from: &str, to: &str) -> bool {
    dependencies
        .get(from)
        .is_some_and(|next| next.iter().any(|one| one == to || reaches(dependencies, one, to)))
}

fn names_of(files: &[PathBuf]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        names.extend(names_in(tokens));
    }
    names
}

/// Returns the identifiers among the tokens, and those of paths in literals, such as `#[serde(default = "path::to")]`.
pub(crate) fn names_in(tokens: TokenStream) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => names.extend(names_in(group.stream())),
            TokenTree::Ident(ident) => drop(names.insert(ident.to_string())),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.contains("::") && !text.contains(' ') {
                    names.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned));
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
    names
}
