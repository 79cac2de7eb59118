//! Validation of archives in the directory format. `pg_restore` opens the files that the archive names; another
//! path would make it read a file of this machine into the database.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use martydb_model::error::{Error, Result};
use martydb_model::text::printable;

/// Name of the table of contents.
pub(crate) const CONTENTS: &str = "toc.dat";

/// Known versions of its format, as major and minor: `pg_dump` 12 writes 1.14, `pg_dump` 18 writes 1.16.
const KNOWN: [(u8, u8); 3] = [(1, 14), (1, 15), (1, 16)];

/// Code of the directory format.
const DIRECTORY: u8 = 3;

/// Maximum length of a name, in bytes; longer texts are skipped.
const MAX_NAME_BYTES: u64 = 255;

/// Suffixes of compressed files, which the archive does not mention.
const COMPRESSED: [&str; 3] = [".gz", ".lz4", ".zst"];

/// Checks every name of the archive in this folder.
///
/// # Errors
/// If the folder has a file that an archive cannot have, or the archive names one that may be elsewhere, or its
/// format is unknown.
pub(crate) fn check(folder: &Path) -> Result<()> {
    let unread = |error: io::Error| strange("it cannot be read").cause(error);
    for entry in fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_file = entry.file_type().map_err(unread)?.is_file();
        if !is_file || !(name == CONTENTS || is_list(&name) || is_data(&name)) {
            return Err(unexpected(&name));
        }
        if is_list(&name) {
            check_list(BufReader::new(File::open(entry.path()).map_err(unread)?))?;
        }
    }
    let contents = File::open(folder.join(CONTENTS)).map_err(unread)?;
    check_contents(BufReader::new(contents)).unwrap_or_else(|error| Err(unread(error)))
}

/// Tests for a list of large objects: `blobs.toc`, and since 17 one for each thousand of them.
fn is_list(name: &str) -> bool {
    let middle = name.strip_prefix("blobs").and_then(|rest| rest.strip_suffix(".toc"));
    middle.is_some_and(|middle| middle.is_empty() || middle.strip_prefix('_').is_some_and(is_number))
}

/// Tests for a file with rows or a large object.
fn is_data(name: &str) -> bool {
    let plain = COMPRESSED.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    is_rows(plain) || is_large_object(plain)
}

fn is_rows(name: &str) -> bool {
    name.strip_suffix(".dat").is_some_and(is_number)
}

fn is_large_object(name: &str) -> bool {
    name.strip_prefix("blob_").and_then(|rest| rest.strip_suffix(".dat")).is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks a list: each line is a number and the name of a file.
fn check_list(list: impl BufRead) -> Result<()> {
    for line in list.lines() {
        let line = line.map_err(|error| strange("its list of large objects cannot be read").cause(error))?;
        match line.split_once(' ') {
            Some((oid, name)) if is_number(oid) && is_large_object(name) => {}
            _ => return Err(unexpected(&line)),
        }
    }
    Ok(())
}

/// Checks the table of contents. The inner error is of its contents, the outer one of reading.
fn check_contents(from: impl Read) -> io::Result<Result<()>> {
    let mut from = TocReader { from, int_size: 4 };
    let mut head = [0; 11];
    from.from.read_exact(&mut head)?;
    let (version, minor) = ((head[5], head[6]), head[6]);
    if head[..5] != *b"PGDMP" || head[10] != DIRECTORY {
        return Ok(Err(strange("its table of contents is not in the directory format")));
    }
    if !KNOWN.contains(&version) {
        return Ok(Err(strange(&format!("its format has version {}.{}", version.0, version.1))
            .hint("use a newer martydb, which may support it")));
    }
    from.int_size = head[8];
    from.skip_head(minor)?;
    for _ in 0..from.int()? {
        if let Err(error) = from.entry(minor)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Reader of numbers and texts in the format of `pg_backup_archiver.c`.
struct TocReader<R> {
    from: R,
    int_size: u8,
}

impl<R: Read> TocReader<R> {
    /// Reads a sign and the bytes of the number, the lowest first.
    fn int(&mut self) -> io::Result<i64> {
        let mut sign = [0];
        self.from.read_exact(&mut sign)?;
        let (mut value, mut byte) = (0i64, [0]);
        for place in 0..u32::from(self.int_size) {
            self.from.read_exact(&mut byte)?;
            let part = i64::from(byte[0]).checked_shl(place * 8);
            value |= part.filter(|_| place < 7).ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(if sign[0] == 0 { value } else { -value })
    }

    /// Reads a text, cut one byte past the longest name; `None` if it is NULL.
    fn text(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Ok(length) = u64::try_from(self.int()?) else { return Ok(None) };
        let mut text = vec![];
        self.from.by_ref().take(length.min(MAX_NAME_BYTES + 1)).read_to_end(&mut text)?;
        let rest = length - text.len() as u64;
        if io::copy(&mut self.from.by_ref().take(rest), &mut io::sink())? != rest {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(text))
    }

    fn texts(&mut self, count: usize) -> io::Result<()> {
        (0..count).try_for_each(|_| self.text().map(drop))
    }

    /// Skips the compression, a time of seven numbers, the database and two versions.
    fn skip_head(&mut self, minor: u8) -> io::Result<()> {
        match minor {
            15.. => self.from.read_exact(&mut [0])?,
            _ => drop(self.int()?),
        }
        for _ in 0..7 {
            self.int()?;
        }
        self.texts(3)
    }

    /// Checks that an entry names a file of its rows or of large objects, or none.
    fn entry(&mut self, minor: u8) -> io::Result<Result<()>> {
        self.int()?;
        self.int()?;
        self.texts(3)?;
        let kind = self.text()?.unwrap_or_default();
        // A C string ends at the first NUL.
        let kind = kind.split(|byte| *byte == 0).next().unwrap_or_default();
        self.int()?;
        // Skips definition, DROP, COPY, schema, tablespace, access method.
        self.texts(6)?;
        if minor >= 16 {
            self.int()?;
        }
        // Skips the owner and the OIDs flag, then the dependencies up to an end mark.
        self.texts(2)?;
        while self.text()?.is_some() {}
        let name = self.text()?.unwrap_or_default();
        let name = String::from_utf8_lossy(&name);
        let is_right = if kind == b"BLOBS" { is_list(&name) } else { is_rows(&name) };
        Ok(if name.is_empty() || is_right { Ok(()) } else { Err(unexpected(&name)) })
    }
}

fn unexpected(name: &str) -> Error {
    strange(&format!("it names an invalid file: \"{}\"", printable(name)))
}

fn strange(why: &str) -> Error {
    Error::operation("the archive is not one that pg_dump writes").cause(why)
}

/// Adds hints for known errors of a server that are caused by the database's contents.
pub(crate) fn advised(error: Error) -> Error {
    let words = error.causes.join("; ");
    if words.contains("temp_file_limit") {
        return error
            .hint("raise the limit for the move: `settings: { temp_file_limit: 10GB }` in the service");
    }
    let path = words.contains("does not exist") && words.contains("function");
    error.hint_if(path.then_some(
        "functions run with the search path of the service here, and in indexes and materialized views from PostgreSQL 17 \
         on with none; name their schemas: ALTER FUNCTION \u{2026} SET search_path = SCHEMA",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(out: &mut Vec<u8>, value: i32) {
        out.push(u8::from(value < 0));
        out.extend(value.unsigned_abs().to_le_bytes());
    }

    fn text(out: &mut Vec<u8>, value: Option<&str>) {
        int(out, value.map_or(-1, |value| i32::try_from(value.len()).unwrap()));
        out.extend(value.unwrap_or_default().as_bytes());
    }

    /// Returns a table of contents with one entry of this kind, whose file has this name.
    fn contents(minor: u8, kind: &str, name: &str) -> Vec<u8> {
        let mut out = b"PGDMP".to_vec();
        out.extend([1, minor, 0, 4, 8, DIRECTORY]);
        if minor >= 15 {
            out.push(1)
        } else {
            int(&mut out, -1)
        }
        (0..7).for_each(|_| int(&mut out, 1));
        (0..3).for_each(|_| text(&mut out, Some("x")));
        int(&mut out, 1);
        (0..2).for_each(|_| int(&mut out, 1));
        (0..3).for_each(|_| text(&mut out, Some("x")));
        text(&mut out, Some(kind));
        int(&mut out, 3);
        text(&mut out, Some(&"long ".repeat(1000)));
        (0..5).for_each(|_| text(&mut out, None));
        if minor >= 16 {
            int(&mut out, 114);
        }
        (0..2).for_each(|_| text(&mut out, Some("false")));
        text(&mut out, Some("12"));
        text(&mut out, None);
        text(&mut out, Some(name));
        out
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        for minor in [14, 15, 16] {
            for (kind, name, right) in [
                ("TABLE DATA", "3017.dat", true),
                ("TABLE", "", true),
                ("BLOBS", "blobs.toc", true),
                ("BLOBS", "blobs_12.toc", true),
                ("TABLE DATA", "../../secret", false),
                ("TABLE DATA", "/etc/passwd", false),
                ("TABLE DATA", "3017.dat.gz", false),
                ("TABLE DATA", "blobs.toc", false),
                // Its lines would be names that are not checked.
                ("BLOBS", "3017.dat", false),
                ("BLOBS\0", "3017.dat", false),
                ("BLOBS", "blobs_/../x.toc", false),
            ] {
                let end = check_contents(contents(minor, kind, name).as_slice()).unwrap();
                assert_eq!(end.is_ok(), right, "1.{minor} {kind} {name}: {end:?}");
            }
        }
        let whole = contents(14, "TABLE DATA", "1.dat");
        assert!(check_contents(&whole[..whole.len() - 1]).is_err());
        assert!(check_contents(contents(17, "TABLE", "").as_slice()).unwrap().is_err());
    }

    #[test]
    fn a_list_of_large_objects_names_files_beside_it() {
        for (list, right) in [
            ("17504 blob_17504.dat\n17505 blob_17505.dat\n", true),
            ("", true),
            ("1 ../secret\n", false),
            ("1 /etc/passwd\n", false),
            ("1  blob_1.dat\n", false),
            ("1 blob_1.dat.gz\n", false),
            ("1 blob_1.dat/../../x\n", false),
        ] {
            assert_eq!(check_list(list.as_bytes()).is_ok(), right, "{list:?}");
        }
        for (name, right) in [
            ("toc.dat.gz", false),
            ("blobs.toc.gz", false),
            ("3.dat.zst", true),
            ("3.dat", true),
            ("blob_3.dat.lz4", true),
            ("evil", false),
        ] {
            assert_eq!(is_data(name), right, "{name}");
        }
    }
}
