//! Where the manifest is: named, or found in this folder or the nearest one above.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Names looked for in each folder, in this order.
const CANDIDATES: [&str; 2] = ["martydb.yaml", "services/manifest.yaml"];

/// The path that was given, or the nearest manifest in `folder` and those above it.
pub fn find(named: Option<&Path>, folder: &Path) -> Result<PathBuf> {
    if let Some(path) = named {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(Error::manifest(format!("no manifest at {}", path.display()))
                .hint("check --manifest or MARTYDB_MANIFEST"))
        };
    }
    folder
        .ancestors()
        .flat_map(|above| CANDIDATES.iter().map(move |name| above.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Error::manifest(format!("no manifest in {} or any folder above it", folder.display()))
                .cause(format!("looked for {}", CANDIDATES.join(" and ")))
                .hint("name one with --manifest FILE, or write a martydb.yaml")
        })
}
