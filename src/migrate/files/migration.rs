//! A migration: its file, and where the one that undoes it lies.

use std::path::PathBuf;

use super::directive::Mode;
use super::problem::FileProblem;
use super::source::MigrationFile;

#[derive(Debug, Clone)]
pub struct Migration {
    /// The number after the V; unique in the folder.
    pub version: i64,
    /// What stands after the two underscores.
    pub name: String,
    pub up: MigrationFile,
    pub down: Option<PathBuf>,
    /// What the rules have against it, if that was waived because it is applied already.
    pub waived: Vec<FileProblem>,
}

impl Migration {
    pub fn mode(&self) -> Mode {
        self.up.directives.mode
    }
}
