//! Paths for people.

use std::path::Path;

use martydb_ui::report::printable;

/// Returns the path relative to the current folder: it fits a line, and terminals open it on a click.
pub(crate) fn relative_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    printable(&path.strip_prefix(here).unwrap_or(path).display().to_string())
}
