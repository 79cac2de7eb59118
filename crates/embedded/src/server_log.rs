//! Reader of a server's log.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::files::failed;
use martydb_model::error::Result;

/// Number of bytes that are read from the end of a log.
const MAX_BYTES: u64 = 4 << 20;

/// A log that may not exist yet.
#[derive(Debug)]
pub struct ServerLog(PathBuf);

impl ServerLog {
    pub fn at(path: PathBuf) -> ServerLog {
        ServerLog(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the length in bytes; 0 if there is no log.
    ///
    /// # Errors
    /// If the file's metadata cannot be read.
    fn length(&self) -> Result<u64> {
        match self.0.metadata() {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(failed("look at", &self.0)(error)),
        }
    }

    /// Returns the last complete lines, at most `count` of them and 4 MB, and the position after them.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn last_lines(&self, count: usize) -> Result<(Vec<String>, u64)> {
        let from = self.length()?.saturating_sub(MAX_BYTES);
        let (mut lines, read) = self.read(from)?;
        Ok((lines.split_off(lines.len().saturating_sub(count)), from + read))
    }

    /// Returns the complete lines after this position, and the position after them. A log that has become shorter is a new
    /// one, and is read from its beginning.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn lines_since(&self, from: u64) -> Result<(Vec<String>, u64)> {
        let from = if self.length()? < from { 0 } else { from };
        let (lines, read) = self.read(from)?;
        Ok((lines, from + read))
    }

    /// Returns the complete lines from this position on, and their length in bytes.
    fn read(&self, from: u64) -> Result<(Vec<String>, u64)> {
        let mut bytes = vec![];
        let read = File::open(&self.0).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.take(MAX_BYTES).read_to_end(&mut bytes)
        });
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((vec![], 0)),
            other => other.map_err(failed("read", &self.0))?,
        };
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        let length = bytes.len() as u64;
        Ok((String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect(), length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_lines_wait_and_a_new_log_is_read_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let log = ServerLog::at(folder.path().join("log"));
        assert_eq!(log.last_lines(5).unwrap(), (vec![], 0));
        std::fs::write(log.path(), "one\ntwo\nthree\nfo").unwrap();
        assert_eq!(log.last_lines(2).unwrap(), (vec!["two".into(), "three".into()], 14));
        assert_eq!(log.lines_since(4).unwrap(), (vec!["two".into(), "three".into()], 14));
        assert_eq!(log.lines_since(14).unwrap(), (vec![], 14));
        std::fs::write(log.path(), "new\n").unwrap();
        assert_eq!(log.lines_since(14).unwrap(), (vec!["new".into()], 4));
    }
}
