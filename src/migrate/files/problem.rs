//! What is wrong with a migration's file, as its author is told.

use std::path::{Path, PathBuf};

use super::position::Position;
use crate::error::{Error, Kind, Result};
use crate::units::counted;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing is run while it stands.
    Refused,
    /// Worth a note; nothing is stopped.
    Noted,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileProblem {
    /// The file, or the folder.
    pub path: PathBuf,
    pub position: Option<Position>,
    pub weight: Weight,
    /// What is wrong, as the rest of a sentence that starts with the file's name.
    pub what: String,
    pub fix: String,
}

impl std::fmt::Display for FileProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}:{position}: {}", self.path.display(), self.what),
            None => write!(f, "{}: {}", self.path.display(), self.what),
        }
    }
}

impl FileProblem {
    /// A problem that stops a run, of the file as a whole.
    pub fn refused(path: &Path, what: impl Into<String>, fix: impl Into<String>) -> FileProblem {
        FileProblem {
            path: path.into(),
            position: None,
            weight: Weight::Refused,
            what: what.into(),
            fix: fix.into(),
        }
    }

    #[must_use]
    pub fn at(mut self, position: Position) -> FileProblem {
        self.position = Some(position);
        self
    }
}

/// Refuses files that have problems.
///
/// # Errors
/// [`Kind::MigrationFile`], with all of them.
pub fn refuse<'a>(service: &str, problems: impl IntoIterator<Item = &'a FileProblem>) -> Result<()> {
    let error = refused_files(service, problems);
    if error.causes.is_empty() { Ok(()) } else { Err(error) }
}

/// The error of files that cannot run: every problem is a cause, every fix a hint once.
pub fn refused_files<'a>(service: &str, problems: impl IntoIterator<Item = &'a FileProblem>) -> Error {
    let mut error = Error::new(Kind::MigrationFile, "");
    let mut files = std::collections::BTreeSet::new();
    for problem in problems {
        files.insert(&problem.path);
        error.causes.push(problem.to_string());
        if !error.hints.contains(&problem.fix) {
            error.hints.push(problem.fix.clone());
        }
    }
    let verb = if files.len() == 1 { "is" } else { "are" };
    error.message = format!("{service}: {} {verb} invalid", counted(files.len(), "migration file"));
    error
}
