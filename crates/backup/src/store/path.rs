//! Names of files inside a backup. A manifest may come from anywhere: the names in it must stay below its folder on every
//! system and in every store.

use std::path::{Path, PathBuf};

/// Maximum number of parts of a path: the folders and the file.
const MAX_PARTS: usize = 8;
const MAX_BYTES: usize = 200;

/// Returns `true` for a relative path of plain names with `/` between them.
pub(crate) fn is_safe(path: &str) -> bool {
    let names: Vec<&str> = path.split('/').collect();
    path.len() <= MAX_BYTES && names.len() <= MAX_PARTS && names.iter().all(|name| is_plain(name))
}

/// Returns `true` for the names of `pg_dump`'s files, with the suffixes that are added here; hidden files are excluded.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !name.is_empty() && !name.starts_with(['.', '-']) && name.chars().all(plain)
}

/// Returns a path below a folder.
pub(crate) fn below(folder: &Path, path: &str) -> PathBuf {
    debug_assert!(is_safe(path), "checked when the manifest was read");
    folder.join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_folder() {
        for path in ["record.json", "dump/toc.dat", "dump/3017.dat.gz.age", "a/b/c", "blob_16400.dat"] {
            assert!(is_safe(path), "{path}");
        }
        for path in [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", ".hidden", "-rf", "a b",
            "a\\b", "ä", "a\0", "a\n", "a/b/c/d/e/f/g/h/i",
        ] {
            assert!(!is_safe(path), "{path:?}");
        }
        assert!(!is_safe(&"a".repeat(201)));
    }
}
