//! A list beside the migrations: files that violate the rules and that other tools had already applied. An
//! applied file can no longer be changed. The list is under version control, so `validate` can read it without
//! a server.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use super::plain_file::read_text;
use super::refinery::{VersionType, checksum};
use super::source::Migration;
use martydb_model::error::Result;
use martydb_os::replace_file::{Readers, replace_file, unwritable};

/// Name of the file; because of the dot it is not read as a migration.
pub const WAIVERS: &str = ".martydb-accepted";

const HEADER: &str = "# Applied migrations that martydb would refuse to run, accepted as they are by `repair` or `baseline`.\n\
                      # Keep this file in version control. Version, checksum, reason.\n";

/// Versions with their checksums.
pub type Waivers = BTreeSet<(i64, String)>;

/// Reads the folder's list; empty if there is none.
pub fn read_waivers(folder: &Path) -> Waivers {
    let text = read_text(&folder.join(WAIVERS)).unwrap_or_default();
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// Returns the key of a file in the list: an edit ends its waiver.
pub fn waiver_key(version: i64, name: &str, text: &str) -> (i64, String) {
    (version, checksum(VersionType::Int8, version, name, text))
}

pub fn add_waivers<'a>(folder: &Path, all: impl Iterator<Item = &'a Migration>, reason: &str) -> Result<()> {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = |migration: &Migration| {
        let (version, checksum) = waiver_key(migration.version, &migration.name, &migration.up.text);
        format!("{version} {checksum} {reason}\n")
    };
    let lines: String = all.map(line).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let path = folder.join(WAIVERS);
    let present = match read_text(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(HEADER.into()),
        present => present,
    };
    let written = present.and_then(|present| replace_file(&path, &format!("{present}{lines}"), Readers::All));
    written
        .map_err(unwritable(&path))
        .map_err(|error| error.hint("make the folder writable and run `martydb repair` again"))
}
