//! Files are read by one bounded reader: a pipe would never end, and a device fill the memory. What reads in another way is listed.

use std::path::Path;

use crate::source::{crates, files};

const READS: &[&str] =
    &["fs::read(", "fs::read_to_string(", "File::open(", "from_pem_file(", "pem_file_iter("];

/// Files that read in another way: none of them a file that a user or a service chooses, or within bounds of their own.
const OTHERS: &[(&str, &str)] = &[
    ("crates/backup/src/audit_rows.rs", "rows of any number, from a backup that was verified"),
    ("crates/backup/src/store/fetch.rs", "a record that was just fetched"),
    ("crates/backup/src/store/workspace.rs", "a folder, to flush it"),
    ("crates/embedded/src/", "files of martydb's own servers, and of /proc"),
    ("crates/import/src/discovery/tree.rs", "bounded there, of entries that were seen to be plain"),
    ("crates/pg-dump/src/archive_programs.rs", "first bytes of a program"),
    ("crates/pg-dump/src/archive_files.rs", "parts of an archive that may be of any size"),
];

#[test]
fn files_are_read_by_the_bounded_reader() {
    let mut found = vec![];
    let mut used = vec![false; OTHERS.len()];
    for path in crates().values().flat_map(|folder| files(folder)) {
        let name = path.to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let is_test = name.contains("/tests/") || name.ends_with("/tests.rs") || name.ends_with("testing.rs");
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        let reads =
            |line: &&str| READS.iter().any(|one| line.contains(one)) && !line.trim_start().starts_with("//");
        let Some(line) = own.lines().find(reads).filter(|_| !is_test) else { continue };
        match OTHERS.iter().position(|(other, _)| name.starts_with(other)) {
            Some(place) => used[place] = true,
            None => found.push(format!("{name}: {}", line.trim())),
        }
    }
    assert!(found.is_empty(), "read it by martydb_os::read_named or read_plain: {found:#?}");
    let unused: Vec<&str> =
        OTHERS.iter().zip(used).filter(|(_, used)| !used).map(|((name, _), _)| *name).collect();
    assert!(unused.is_empty() && Path::new("crates/os").is_dir(), "these read no files: {unused:?}");
}
