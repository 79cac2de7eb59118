//! The server's log: excerpts for errors, and rotation.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::files::{failed, make_log};
use super::layout::Layout;
use martydb_model::error::{Error, Result};

/// Size in bytes at which the next start replaces the log by a new one; one old log is kept.
const FULL: u64 = 10 << 20;

/// Number of lines that an error shows, and of bytes that they are searched in.
const LINES: usize = 6;
const MAX_BYTES: u64 = 16 << 10;

/// Messages of failures that another attempt may not meet again: processes of a killed server that are still dying, a
/// port that another process took between our check and the start, and a server that came up meanwhile by itself.
const PASSING: &[&str] = &[
    "is still in use",
    "Address already in use",
    "could not create any TCP/IP sockets",
    "lock file \"postmaster.pid\" already exists",
];

/// Part of the log after a certain moment.
pub(crate) struct Excerpt {
    path: PathBuf,
    from: u64,
}

/// Prepares the log for a start, and remembers its length.
pub(crate) fn open(layout: &Layout) -> Result<Excerpt> {
    let path = layout.log();
    let length = |path: &PathBuf| fs::symlink_metadata(path).map_or(0, |found| found.len());
    if length(&path) > FULL {
        fs::rename(&path, path.with_extension("log.1")).map_err(failed("rename", &path))?;
    }
    make_log(&path, &layout.owner)?;
    Ok(Excerpt { from: length(&path), path })
}

/// Adds the end of the log to the error, whatever its age.
pub(crate) fn explain(error: Error, layout: &Layout) -> Error {
    error.causes(Excerpt { path: layout.log(), from: 0 }.last_lines()).hint(hint(layout))
}

pub(crate) fn hint(layout: &Layout) -> String {
    format!("the whole log is in {}", layout.log().display())
}

impl Excerpt {
    /// Returns the last lines, without the time and the process at their beginning.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        last_lines(&self.text())
    }

    pub(crate) fn is_passing(&self) -> bool {
        let text = self.text();
        PASSING.iter().any(|words| text.contains(words))
    }

    pub(crate) fn contains(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    fn text(&self) -> String {
        let mut bytes = vec![];
        // A log that cannot be read adds nothing to the error.
        let _ = File::open(&self.path).and_then(|mut file| {
            let from = file.metadata()?.len().saturating_sub(MAX_BYTES).max(self.from);
            file.seek(SeekFrom::Start(from))?;
            file.read_to_end(&mut bytes)
        });
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().map(message).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(ToString::to_string).collect()
}

/// Returns a line without its `log_line_prefix`: `2026-07-01 10:00:00.000 UTC [42] FATAL:  …`.
fn message(line: &str) -> &str {
    match line.split_once("] ") {
        Some((prefix, message)) if prefix.starts_with(|c: char| c.is_ascii_digit()) => message.trim(),
        _ => line.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_come_without_their_prefix() {
        let text = "old\n2026-07-01 10:00:00.000 UTC [42] FATAL:  data directory is bad\n\n\
                    2026-07-01 10:00:00.000 UTC [42] HINT:  a[1] b\n\tcontinued\n";
        let expected = ["old", "FATAL:  data directory is bad", "HINT:  a[1] b", "continued"];
        assert_eq!(last_lines(text), expected);
        assert_eq!(last_lines(&"x\n".repeat(50)).len(), LINES);
        assert!(last_lines("").is_empty());
    }

    #[test]
    fn an_excerpt_starts_where_it_was_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "before: is still in use\nafter\n").unwrap();
        assert!(Excerpt { path: path.clone(), from: 0 }.is_passing());
        let excerpt = Excerpt { path, from: 24 };
        assert!(!excerpt.is_passing());
        assert_eq!(excerpt.last_lines(), ["after"]);
    }
}
