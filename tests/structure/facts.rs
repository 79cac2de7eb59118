//! Facts of the sources that several tests need. The sources are parsed once: parsing takes seconds, and parsed items stay
//! on their thread.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::doors::{Door, doors};
use crate::glossary::{Words, words};
use crate::imports::{Imports, between_crates, imports};
use crate::sizes::{Sizes, sizes};
use crate::source::{Module, Names, files, modules};

pub(crate) struct Sources {
    pub files: BTreeMap<Names, PathBuf>,
    pub imports: Imports,
    /// Names that the first crate takes from the second one.
    pub between_crates: BTreeMap<(String, String), BTreeSet<String>>,
    pub facts: BTreeMap<Names, Facts>,
}

/// Facts of one module.
pub(crate) struct Facts {
    pub file: PathBuf,
    pub sizes: Sizes,
    pub words: Words,
    pub doors: Vec<Door>,
}

pub(crate) fn sources() -> &'static Sources {
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

/// File with its words: of the program, or of its tests.
pub(crate) struct Text {
    pub file: &'static Path,
    pub is_test: bool,
    pub words: &'static Words,
}

/// Returns the words of all modules and all files of tests. Files of `tests/structure` contain the words to avoid.
pub(crate) fn texts() -> Vec<Text> {
    static TESTS: OnceLock<Vec<(PathBuf, Words)>> = OnceLock::new();
    let tests = TESTS.get_or_init(|| {
        let mut files = files(Path::new("tests"));
        files.retain(|file| !file.starts_with("tests/structure"));
        files.into_iter().map(|file| (file.clone(), words_of(&file))).collect()
    });
    let program =
        sources().facts.values().map(|facts| Text { file: &facts.file, is_test: false, words: &facts.words });
    program.chain(tests.iter().map(|(file, words)| Text { file, is_test: true, words })).collect()
}

fn words_of(file: &Path) -> Words {
    let text = std::fs::read_to_string(file).unwrap();
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    words(&parsed.items, &text)
}
