//! A folder has few files, so that its list is read at a glance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::source::files;

const MOST_FILES: usize = 20;

#[test]
fn no_folder_has_too_many_files() {
    let mut folders = BTreeMap::<PathBuf, usize>::new();
    for file in files(Path::new("src")).into_iter().chain(files(Path::new("crates"))) {
        *folders.entry(file.parent().unwrap().to_owned()).or_default() += 1;
    }
    assert!(folders.len() > 100, "{folders:?}");
    folders.retain(|_, count| *count > MOST_FILES);
    assert!(folders.is_empty(), "move files that belong together into a folder: {folders:#?}");
}
