//! Search path of a restore. `pg_dump` records an empty one in the archive, so functions without a setting of their own
//! fail in indexes, generated columns and materialized views. The entry is overwritten in place by a `RESET`, which
//! gives `pg_restore` the search path of its session.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Statement of the entry, with its length as `pg_backup_archiver.c` writes it: a sign and four bytes.
const RECORDED: &[u8] = b"\0\x38\0\0\0SELECT pg_catalog.set_config('search_path', '', false);\n";
const LENGTH_BYTES: usize = 5;
const REPLACEMENT: &[u8] = b"RESET search_path;";

/// Name of the entry, which the statement follows.
const ENTRY: &[u8] = b"SEARCHPATH";

/// Bytes from the beginning of an archive that contain the entry: it is among the first three.
const HEAD_BYTES: usize = 64 << 10;

/// Makes the archive's sessions keep their own search path. An archive without the entry is left as it is.
pub(crate) fn keep_that_of_the_session(archive: &File) -> io::Result<()> {
    let mut head = vec![0; HEAD_BYTES];
    let mut filled = 0;
    while filled < head.len() {
        match archive.read_at(&mut head[filled..], filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    let Some(at) = statement(&head[..filled]) else { return Ok(()) };
    let mut text = REPLACEMENT.to_vec();
    text.resize(RECORDED.len() - LENGTH_BYTES, b' ');
    archive.write_all_at(&text, at as u64)
}

/// Opens a file of an archive for the change.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Returns the position of the statement.
fn statement(head: &[u8]) -> Option<usize> {
    let find = |what: &[u8], from: usize| {
        head[from..].windows(what.len()).position(|bytes| bytes == what).map(|at| from + at)
    };
    find(RECORDED, find(ENTRY, 0)?).map(|at| at + LENGTH_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_search_path_is_reset_in_place() {
        let archive = tempfile::tempfile().unwrap();
        let around = |middle: &[u8]| [b"PGDMP..SEARCHPATH.SEARCHPATH..", middle, b"rest"].concat();
        archive.write_all_at(&around(RECORDED), 0).unwrap();
        keep_that_of_the_session(&archive).unwrap();
        let mut found = vec![0; around(RECORDED).len()];
        archive.read_exact_at(&mut found, 0).unwrap();
        let text = format!("{:<width$}", "RESET search_path;", width = RECORDED.len() - LENGTH_BYTES);
        assert_eq!(found, around(&[&RECORDED[..LENGTH_BYTES], text.as_bytes()].concat()));
        // Nothing is left to replace.
        keep_that_of_the_session(&archive).unwrap();
        archive.set_len(3).unwrap();
        keep_that_of_the_session(&archive).unwrap();
    }

    #[test]
    fn the_length_is_that_of_the_statement() {
        assert_eq!(usize::from(RECORDED[1]), RECORDED.len() - LENGTH_BYTES);
    }
}
