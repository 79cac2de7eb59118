//! What is read from the other tool's files.

use serde::Serialize;

use crate::files::Position;

/// A file below the folder that is imported.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// From that folder, with `/` between the parts.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// One direction of a migration, as SQL without the tool's markers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlText {
    pub text: String,
    /// The tool runs it outside a transaction.
    pub alone: bool,
}

/// A migration that is carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    pub version: i64,
    pub name: String,
    /// What the tool's own table calls it.
    pub key: String,
    /// The file that it comes from.
    pub source: String,
    pub up: SqlText,
    pub down: Option<SqlText>,
}

/// Flyway's `R__`: run whenever it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatedFile {
    pub name: String,
    pub source: String,
    pub text: String,
}

/// What cannot be carried over, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub file: String,
    #[serde(flatten)]
    pub position: Option<Position>,
    /// Why, as the rest of a sentence that starts with the file's name.
    pub what: String,
    pub fix: String,
}

impl LeftOut {
    pub fn new(file: &str, what: impl Into<String>, fix: impl Into<String>) -> LeftOut {
        LeftOut { file: file.into(), position: None, what: what.into(), fix: fix.into() }
    }

    #[must_use]
    pub fn at(self, position: Position) -> LeftOut {
        LeftOut { position: Some(position), ..self }
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}:{position}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Everything that a folder gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Harvest {
    /// By version.
    pub carried: Vec<Carried>,
    pub repeatable: Vec<RepeatedFile>,
    pub left_out: Vec<LeftOut>,
    /// What the reader should know and nothing stops for.
    pub notes: Vec<String>,
}
