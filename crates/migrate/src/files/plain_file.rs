//! Reading of a file of a folder of migrations.

use std::io;
use std::path::Path;

use super::problem::FileProblem;
use martydb_model::error::without_number;
use martydb_os::read_plain;

/// Reads a file of a folder of migrations.
pub(crate) fn bytes_of(path: &Path) -> Result<Vec<u8>, FileProblem> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    read_plain(path, folder).map_err(|unread| match (unread.words(), unread) {
        (Some((what, fix)), _) => FileProblem::refused(path, what, fix),
        (None, unread) => unreadable(path, &unread.into()),
    })
}

/// Returns the problem of a file, or of the folder, that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> FileProblem {
    let fix = match error.kind() {
        io::ErrorKind::NotFound => "remove the link, or correct `migrations` in the manifest",
        io::ErrorKind::NotADirectory => "correct `migrations` in the manifest: it names a folder",
        _ => "make it readable for the account that runs martydb",
    };
    FileProblem::refused(path, format!("cannot be read: {}", without_number(error.to_string())), fix)
}
