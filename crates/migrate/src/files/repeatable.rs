//! Repeatable migrations: files of what can be made again at any time, such as views, functions and grants.

use std::path::Path;

use super::directive::Mode;
use super::problem::FileProblem;
use super::refinery::{VersionType, checksum};
use super::source::{self, MigrationFile};

#[derive(Debug, Clone, Default)]
pub struct Repeatable {
    /// What stands after the two underscores; unique in the folder, whatever its case.
    pub name: String,
    pub file: MigrationFile,
}

impl Repeatable {
    /// A checksum in refinery's way. No version goes into it.
    pub fn checksum(&self) -> String {
        checksum(VersionType::Int8, 0, &self.name, &self.file.text)
    }
}

/// Reads one, or says everything that is wrong with it.
pub fn read(path: &Path, name: String, bytes: Vec<u8>) -> Result<Repeatable, Vec<FileProblem>> {
    let file = source::read(path, bytes)?;
    if file.directives.mode == Mode::NoTransaction {
        let fix = "put what cannot run in a transaction into a versioned migration";
        let what = "is repeatable, and a repeatable migration runs in a transaction";
        return Err(vec![FileProblem::refused(path, what, fix)]);
    }
    Ok(Repeatable { name, file })
}
