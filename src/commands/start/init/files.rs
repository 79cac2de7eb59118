//! Files and folders that `init` makes; none that exists is changed.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use martydb_model::error::Result;
use martydb_os::replace_file::unwritable;

/// Makes a folder of migrations, with `.gitkeep` if it is empty: git keeps no folder without a file.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(unwritable(folder))?;
    let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if is_empty { create(&folder.join(".gitkeep"), "") } else { Ok(()) }
}

pub(crate) fn create(path: &Path, text: &str) -> Result<()> {
    let file = File::create_new(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(unwritable(path))
}
