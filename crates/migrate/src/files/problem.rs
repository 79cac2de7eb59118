//! Problems of migration files for their authors, with positions as editors and compilers print them. Positions
//! are found in one pass, however many there are.

use std::fmt;
use std::path::{Path, PathBuf};

use martydb_model::error::{Error, Kind, Result};
use martydb_model::units::counted;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemSeverity {
    /// Stops every run.
    Refused,
    /// Stops every run; but if the file was waived, PostgreSQL can run it outside a transaction.
    Runnable,
    /// A note that stops nothing.
    Noted,
    /// A statement that only a server can judge.
    NotChecked,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileProblem {
    /// Path of the file, or of the folder.
    pub path: PathBuf,
    pub position: Option<Position>,
    pub severity: ProblemSeverity,
    /// Description, as the rest of a sentence that starts with the file's name.
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
    /// Returns a problem that stops nothing.
    pub(crate) fn noted(path: &Path, what: impl Into<String>, fix: impl Into<String>) -> FileProblem {
        FileProblem { severity: ProblemSeverity::Noted, ..FileProblem::refused(path, what, fix) }
    }

    /// Returns a statement that the parser does not know, which stops nothing.
    pub(crate) fn not_checked(path: &Path, what: impl Into<String>) -> FileProblem {
        FileProblem { severity: ProblemSeverity::NotChecked, ..FileProblem::refused(path, what, "") }
    }

    /// Returns a problem of the file as a whole that stops a run.
    pub fn refused(path: &Path, what: impl Into<String>, fix: impl Into<String>) -> FileProblem {
        FileProblem {
            path: path.into(),
            position: None,
            severity: ProblemSeverity::Refused,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// Returns `true` if it stops a run.
    pub fn refuses(&self) -> bool {
        !matches!(self.severity, ProblemSeverity::Noted | ProblemSeverity::NotChecked)
    }

    #[must_use]
    pub fn at(mut self, position: Position) -> FileProblem {
        self.position = Some(position);
        self
    }
}

/// Rejects files with problems.
///
/// # Errors
/// [`Kind::MigrationFile`], with all of them.
pub fn refuse<'a>(service: &str, problems: impl IntoIterator<Item = &'a FileProblem>) -> Result<()> {
    let error = refused_files(service, problems);
    if error.causes.is_empty() { Ok(()) } else { Err(error) }
}

/// Returns the error of files that cannot run: every problem is a cause, every distinct fix a hint.
pub(crate) fn refused_files<'a>(service: &str, problems: impl IntoIterator<Item = &'a FileProblem>) -> Error {
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

/// A position in a file: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Position {
    /// Returns the position of the byte at `offset`. An offset past the end, or inside a character, is moved back.
    pub fn new(text: &str, offset: usize) -> Position {
        Positions::new(text).at(offset)
    }
}

/// Finder of positions in ascending order, so ten thousand of them cost one pass over the text.
pub(crate) struct Positions<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

impl<'a> Positions<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Positions { text, offset: 0, position: Position { line: 1, column: 1 } }
    }

    /// Returns the position of `offset`, which must not be before the last one.
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        let end = self.text.floor_char_boundary(offset);
        if let Some(passed) = self.text.get(self.offset..end) {
            match passed.rfind('\n') {
                Some(last) => {
                    self.position.line += passed.bytes().filter(|byte| *byte == b'\n').count();
                    self.position.column = 1 + passed[last + 1..].chars().count();
                }
                None => self.position.column += passed.chars().count(),
            }
            self.offset = end;
        }
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "ab\r\né;x\n\nend";
        for (needle, line, column) in [("ab", 1, 1), ("é", 2, 1), (";", 2, 2), ("x", 2, 3), ("end", 4, 1)] {
            let position = Position::new(text, text.find(needle).unwrap());
            assert_eq!(position, Position { line, column }, "{needle}");
        }
        assert_eq!(Position::new(text, 9999), Position { line: 4, column: 4 });
        assert_eq!(Position::new("", 0), Position { line: 1, column: 1 });
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_single_looks_find(text in "[a\né\r]{0,40}", mut offsets in proptest::collection::vec(0..60usize, 0..8)) {
            offsets.sort_unstable();
            let mut positions = Positions::new(&text);
            for offset in offsets {
                prop_assert_eq!(positions.at(offset), Position::new(&text, offset));
            }
        }
    }
}
