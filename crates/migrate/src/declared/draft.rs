//! Folders of drafts: files that are applied to scratch databases before any is written among the migrations.

use std::fs;
use std::path::Path;

use martydb_model::error::{Error, Result};
use martydb_os::replace_file::unwritable;
use tempfile::TempDir;

/// Folder that is removed with the value.
#[derive(Debug)]
pub struct DraftFolder(TempDir);

impl DraftFolder {
    /// Makes an empty folder.
    ///
    /// # Errors
    /// If the folder for temporary files cannot be written to.
    pub fn new() -> Result<DraftFolder> {
        let made = tempfile::Builder::new().prefix("martydb-revision-").tempdir();
        made.map(DraftFolder).map_err(|error| Error::operation("cannot make a temporary folder").cause(error))
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path().join(name);
        fs::write(&path, text).map_err(unwritable(&path))
    }

    /// Copies the files of a folder, without its folders; a folder that is missing has none.
    ///
    /// # Errors
    /// If one cannot be copied.
    pub fn copy(&self, folder: &Path) -> Result<()> {
        for entry in
            fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_file())
        {
            let to = self.path().join(entry.file_name());
            fs::copy(entry.path(), &to).map_err(unwritable(&to))?;
        }
        Ok(())
    }
}
