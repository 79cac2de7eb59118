//! A folder has few files, so that its list is read at a glance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::source::files;

const MOST_FILES: usize = 20;

/// Folders that wait for their division.
const CROWDED: &[&str] = &[
    "crates/backup/src/store",
    "crates/config/src/manifest",
    "crates/render/src/kubernetes",
    "crates/migrate/src",
    "crates/model/src",
    "crates/provision/src",
    "crates/isolation/src/proof",
    "crates/serve/src/serving",
    "crates/split/src",
    "src/commands",
];

#[test]
fn no_folder_has_too_many_files() {
    let mut folders = BTreeMap::<PathBuf, usize>::new();
    for file in files(Path::new("src")).into_iter().chain(files(Path::new("crates"))) {
        *folders.entry(file.parent().unwrap().to_owned()).or_default() += 1;
    }
    assert!(folders.len() > 100, "{folders:?}");
    folders
        .retain(|folder, count| *count > MOST_FILES && !CROWDED.iter().any(|one| Path::new(one) == folder));
    assert!(folders.is_empty(), "move files that belong together into a folder: {folders:#?}");
}
