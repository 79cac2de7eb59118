//! Facts of the sources that several tests need. The sources are parsed once: parsing takes seconds, and parsed items stay
//! on their thread.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::doors::{Door, doors};
use crate::glossary::{Words, words};
use crate::imports::{Imports, between_crates, imports};
use crate::sizes::{Sizes, sizes};
use crate::source::{Module, Names, modules};

pub struct Sources {
    pub files: BTreeMap<Names, PathBuf>,
    pub imports: Imports,
    /// Names that the first crate takes from the second one.
    pub between_crates: BTreeMap<(String, String), BTreeSet<String>>,
    pub facts: BTreeMap<Names, Facts>,
}

/// Facts of one module.
pub struct Facts {
    pub file: PathBuf,
    pub sizes: Sizes,
    pub words: Words,
    pub doors: Vec<Door>,
}

pub fn sources() -> &'static Sources {
    static SOURCES: OnceLock<Sources> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let modules = modules();
        let files = modules.iter().map(|(names, module)| (names.clone(), module.file.clone())).collect();
        let (imports, between_crates) = (imports(&modules), between_crates(&modules));
        let facts = modules.into_iter().map(|(names, module)| (names, facts(&module))).collect();
        Sources { files, imports, between_crates, facts }
    })
}

fn facts(module: &Module) -> Facts {
    Facts {
        file: module.file.clone(),
        sizes: sizes(module),
        words: words(&module.items, &module.text),
        doors: doors(&module.items),
    }
}

/// File with its words.
pub struct Text {
    pub file: &'static Path,
    pub words: &'static Words,
}

pub fn texts() -> impl Iterator<Item = Text> {
    sources().facts.values().map(|facts| Text { file: &facts.file, words: &facts.words })
}
