//! Table of contents of an archive, as `pg_restore --list` prints and reads it.

use std::collections::BTreeMap;
use std::io::Write;

use tempfile::NamedTempFile;

use martydb_model::CACHE_TRIGGER;
use martydb_model::error::{Error, Result};

/// An entry of an archive's table of contents: its line, and the description after its numbers.
pub struct ArchiveEntry {
    line: Vec<u8>,
    /// Number in the archive.
    pub number: u64,
    /// The object it creates: OID of its catalog, 0 if it has none, and its own OID.
    pub object: (u32, u32),
    /// Kind, schema or `-`, name and owner, such as `TABLE public item shop_owner`.
    pub what: String,
}

/// Numbers of the entries that each entry depends on; entries without any are absent.
pub type EntryDependencies = BTreeMap<u64, Vec<u64>>;

/// Line below an entry with its dependencies, in a verbose list.
const DEPENDS: &str = "depends on:";

impl ArchiveEntry {
    /// Parses a line of a list.
    pub fn parse(line: &[u8]) -> Option<ArchiveEntry> {
        let text = String::from_utf8_lossy(line).into_owned();
        let mut parts = text.splitn(4, ' ');
        let number = parts.next()?.strip_suffix(';')?.parse().ok()?;
        let object = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(ArchiveEntry { line: line.to_vec(), number, object, what: parts.next()?.to_owned() })
    }
}

/// Parses a list. The data service's own triggers are left out: `apply` makes them, and their functions are in no archive.
pub fn parsed(list: &[u8]) -> Vec<ArchiveEntry> {
    let commented = format!(" TRIGGER {CACHE_TRIGGER} ON ");
    let is_own = |entry: &ArchiveEntry| {
        let mut words = entry.what.rsplit(' ');
        // Name and owner are the last two; a name with a blank is not this one.
        entry.what.starts_with("TRIGGER ") && words.nth(1) == Some(CACHE_TRIGGER)
            // Its owner may have commented on it.
            || entry.what.starts_with("COMMENT ") && entry.what.contains(&commented)
    };
    let entries = list.split(|byte| *byte == b'\n').filter_map(ArchiveEntry::parse);
    entries.filter(|entry| !is_own(entry)).collect()
}

/// Parses the dependencies in a verbose list.
pub fn dependencies(list: &[u8]) -> EntryDependencies {
    let (mut all, mut entry) = (EntryDependencies::new(), None);
    for line in list.split(|byte| *byte == b'\n') {
        if let Some(found) = ArchiveEntry::parse(line) {
            entry = Some(found.number);
            continue;
        }
        let text = String::from_utf8_lossy(line);
        let numbers = text.strip_prefix(';').and_then(|rest| rest.trim_start().strip_prefix(DEPENDS));
        if let (Some(entry), Some(numbers)) = (entry, numbers) {
            all.entry(entry)
                .or_default()
                .extend(numbers.split(' ').filter_map(|one| one.parse::<u64>().ok()));
        }
    }
    all
}

/// Returns the list of entries for `pg_restore`; the file must outlive the program.
pub fn listed<'a>(entries: impl IntoIterator<Item = &'a ArchiveEntry>) -> Result<NamedTempFile> {
    let mut list = NamedTempFile::new().map_err(no_file)?;
    for entry in entries {
        list.write_all(&entry.line).and_then(|()| list.write_all(b"\n")).map_err(no_file)?;
    }
    list.flush().map_err(no_file)?;
    Ok(list)
}

/// Returns the error of a temporary file.
pub(crate) fn no_file(error: std::io::Error) -> Error {
    Error::operation("cannot write the copy to a temporary file")
        .cause(error)
        .hint(format!("the folder is {}; set TMPDIR to use another", std::env::temp_dir().display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verbose_list_has_the_dependencies_below_each_entry() {
        let list = b";\n; Archive created at 2026-11-26\n;\n5; 2615 2200 SCHEMA - public shop_owner\n\
            210; 1259 16386 TABLE public item shop_owner\n;\tdepends on: 5 900\n\
            3001; 0 16386 TABLE DATA public item shop_owner\n;\tdepends on: 210\n\
            3002; 2620 16400 TRIGGER public item martydb_cache shop_owner\n\
            3003; 0 0 COMMENT public TRIGGER martydb_cache ON item shop_owner\n";
        let entries = parsed(list);
        assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), [5, 210, 3001]);
        assert_eq!(
            (entries[1].object, entries[1].what.as_str()),
            ((1259, 16386), "TABLE public item shop_owner")
        );
        let expected = EntryDependencies::from([(210, vec![5, 900]), (3001, vec![210])]);
        assert_eq!(dependencies(list), expected);
    }
}
