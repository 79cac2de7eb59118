//! Files of an import.

use super::kinds::{ImportedFolder, SqlText};

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NewFile {
    pub file: String,
    /// Path of its source in the imported folder.
    pub source: String,
    #[serde(skip)]
    pub text: String,
}

const ALONE: &str = "-- martydb: no-transaction\n";
/// Contents of an empty migration: a file with only comments does nothing, intentionally.
const NOTHING: &str = "-- Nothing: the migration that this was imported from has no statement here.\n";

fn text(script: &SqlText) -> String {
    match script.text.as_str() {
        "" => NOTHING.into(),
        text => format!("{}{text}", if script.alone { ALONE } else { "" }),
    }
}

/// Returns up files, down files and repeatable ones, in the order in which they run.
pub fn planned(imported: &ImportedFolder) -> Vec<NewFile> {
    let mut all = vec![];
    for one in &imported.carried {
        let mut add = |script: &SqlText, suffix: &str| {
            let file = format!("V{}__{}{suffix}", one.version, one.name);
            all.push(NewFile { file, source: one.source.clone(), text: text(script) });
        };
        add(&one.up, ".sql");
        one.down.iter().for_each(|down| add(down, ".down.sql"));
    }
    let repeatable = imported.repeatable.iter().map(|one| NewFile {
        file: format!("R__{}.sql", one.name),
        source: one.source.clone(),
        text: if one.text.is_empty() { NOTHING.into() } else { one.text.clone() },
    });
    all.into_iter().chain(repeatable).collect()
}
