//! Paths for people.

use std::path::{Path, PathBuf};

use martydb_ui::report::printable;

/// Returns the current folder, from which paths are shown.
pub(crate) fn current_folder() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// Returns the path relative to the current folder: it fits a line, and terminals open it on a click.
pub(crate) fn relative_path(path: &Path) -> String {
    printable(&path.strip_prefix(current_folder()).unwrap_or(path).display().to_string())
}
