//! Repeatable migrations: files of objects that can be recreated at any time, such as views, functions and grants.

use std::path::Path;

use super::directive::Mode;
use super::problem::FileProblem;
use super::refinery::{VersionType, checksum};
use super::source::{self, MigrationFile};

#[derive(Debug, Clone, Default)]
pub struct Repeatable {
    /// The text after the two underscores; unique in the folder, ignoring case.
    pub name: String,
    pub file: MigrationFile,
}

impl Repeatable {
    /// Returns refinery's checksum, computed without a version.
    pub fn checksum(&self) -> String {
        checksum(VersionType::Int8, 0, &self.name, &self.file.text)
    }
}

/// Reads one, or returns all its problems.
pub(crate) fn read(path: &Path, name: String, bytes: Vec<u8>) -> Result<Repeatable, Vec<FileProblem>> {
    let file = source::read(path, bytes)?;
    if file.directives.mode == Mode::NoTransaction {
        let fix = "move statements that cannot run in a transaction into a versioned migration";
        let what = "is repeatable, and a repeatable migration runs in a transaction";
        return Err(vec![FileProblem::refused(path, what, fix)]);
    }
    Ok(Repeatable { name, file })
}
