//! Replacement of a whole file, safe in folders that another account or a service's team can prepare: a link is not followed,
//! a device is not replaced, and the file is complete at every moment.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Permissions of a new file; the umask takes from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The owner only.
    Owner,
    /// Everyone that the umask admits.
    All,
}

/// Writes `text` under another name first, then renames.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if something that is not a regular file has the name; otherwise the error of writing.
pub fn replace_file(path: &Path, text: &str, readers: Readers) -> Result<()> {
    let renamed = |temporary: &Path| fs::rename(temporary, path);
    write_beside(path, text, readers, renamed)
}

/// Writes a new file: it has all of `text`, or is not there.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if the name is taken; otherwise the error of writing.
pub fn create_file(path: &Path, text: &str, readers: Readers) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    // A link, unlike a name, is never put over a file that another process made since.
    let linked = |temporary: &Path| match fs::hard_link(temporary, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => fs::rename(temporary, path),
        linked => linked.inspect(|()| drop(fs::remove_file(temporary))),
    };
    write_beside(path, text, readers, linked)
}

fn write_beside(
    path: &Path,
    text: &str,
    readers: Readers,
    place: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        let message = "the path is not a regular file: remove it, or name another file";
        return Err(Error::new(ErrorKind::AlreadyExists, message));
    }
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(hidden);
    let mode = if readers == Readers::Owner { 0o600 } else { 0o666 };
    // Neither follows a link nor opens an existing file.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let done = written.and_then(|()| place(&temporary));
    done.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Returns what makes an error of one that writing this file met.
pub fn unwritable(path: &Path) -> impl Fn(Error) -> martydb_model::error::Error + use<> {
    let message = format!("cannot write {}", path.display());
    move |error| martydb_model::error::Error::operation(&message).cause(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("schema.sql"), folder.path().join("elsewhere"));
        symlink(&target, &path).unwrap();
        assert_eq!(replace_file(&path, "x", Readers::All).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert!(!target.exists());
        fs::remove_file(&path).unwrap();
        replace_file(&path, "x", Readers::All).unwrap();
        replace_file(&path, "y", Readers::All).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "y");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_takes_no_name_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("V1__a.sql");
        create_file(&path, "x", Readers::All).unwrap();
        assert_eq!(create_file(&path, "y", Readers::All).unwrap_err().kind(), ErrorKind::AlreadyExists);
        symlink("nowhere", folder.path().join("V2__a.sql")).unwrap();
        assert!(create_file(&folder.path().join("V2__a.sql"), "y", Readers::All).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
