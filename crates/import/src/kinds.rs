//! Contents of the other tool's files.

use serde::Serialize;

use martydb_migrate::files::Position;

/// A file in the imported folder.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Path from that folder, with `/` between the parts.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// One direction of a migration, as SQL without the tool's markers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlText {
    pub text: String,
    /// Set if the tool runs it outside a transaction.
    pub alone: bool,
}

/// An imported migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMigration {
    pub version: i64,
    pub name: String,
    /// Its name in the tool's own table.
    pub key: String,
    /// Its source file.
    pub source: String,
    pub up: SqlText,
    pub down: Option<SqlText>,
}

/// Flyway's `R__` file: run whenever it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatedFile {
    pub name: String,
    pub source: String,
    pub text: String,
}

/// A part that cannot be imported, with its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OmittedPart {
    pub file: String,
    #[serde(flatten)]
    pub position: Option<Position>,
    /// Reason, as the rest of a sentence that starts with the file's name.
    pub what: String,
    pub fix: String,
}

impl OmittedPart {
    pub fn new(file: &str, what: impl Into<String>, fix: impl Into<String>) -> OmittedPart {
        OmittedPart { file: file.into(), position: None, what: what.into(), fix: fix.into() }
    }

    #[must_use]
    pub fn at(self, position: Position) -> OmittedPart {
        OmittedPart { position: Some(position), ..self }
    }
}

impl std::fmt::Display for OmittedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}:{position}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Everything imported from a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportedFolder {
    /// Migrations by version.
    pub carried: Vec<ImportedMigration>,
    pub repeatable: Vec<RepeatedFile>,
    pub left_out: Vec<OmittedPart>,
    /// Notes for the user that stop nothing.
    pub notes: Vec<String>,
    /// Name of the tool's own table, where the project has changed it.
    pub history_table: Option<String>,
}

/// Removes empty lines at both ends, and ensures a line break at the end.
pub(crate) fn tidy(text: &str) -> String {
    let end = text.trim_end().len();
    let text = &text[..end];
    let start = text.len() - text.trim_start().len();
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    if text.is_empty() { String::new() } else { format!("{}\n", &text[line..]) }
}
