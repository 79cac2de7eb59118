//! Names of lines of these files in findings, and the end of every advice to change one.

use super::rules::Rule;
use super::tokens::Quoting;
use martydb_model::findings::{FindingBuilder, PUBLIC};

/// Returns the place of a line. From 16 on a file may include others.
pub(crate) fn place(file: Option<&str>, usual: &str, line: i32) -> String {
    format!("{} line {line}", file.and_then(|path| path.rsplit('/').next()).unwrap_or(usual))
}

/// Adds steps for an administrator of the host; no statement changes these files.
pub(crate) fn advised(found: FindingBuilder, steps: &[String]) -> FindingBuilder {
    steps.iter().fold(found, |found, step| found.advice(step)).reload()
}

impl Rule<'_> {
    pub(crate) fn place(&self) -> String {
        place(self.line.file.as_deref(), "pg_hba.conf", self.line.line)
    }

    /// Returns the place with the folder of the file.
    pub(crate) fn location(&self) -> String {
        format!("{} line {}", self.path.as_deref().unwrap_or("pg_hba.conf"), self.line.line)
    }

    pub(crate) fn who(&self) -> &str {
        match self.users.as_slice() {
            [one] if one.text != "all" || one.quoting == Quoting::Quoted => one.text,
            _ => PUBLIC,
        }
    }
}
