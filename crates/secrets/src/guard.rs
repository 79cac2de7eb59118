//! Protection of passwords from other users: owner and mode of the file, of links to it, and of their folders. Unsafe
//! permissions are an error whose hint is the command that fixes them, and are never changed here: closing a folder may lock
//! out its other users, and passwords that others could read must be rotated, which only the operator can decide.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use martydb_model::error::{Error, Result};
use martydb_os::account_trust::{is_trusted, myself, name_of};

const STICKY: u32 = 0o1000;
const WRITABLE_BY_OTHERS: u32 = 0o022;
const OPEN_TO_OTHERS: u32 = 0o077;

/// Checks the file of passwords: it must belong to this user or root, and be closed to all others.
pub(crate) fn file(path: &Path, found: &Metadata) -> Result<()> {
    regular(path, found)?;
    owned(path, found.uid())?;
    match found.mode() & OPEN_TO_OTHERS {
        0 => Ok(()),
        _ => Err(refused(
            path,
            format!("its mode is {:04o}: others can read or change it", found.mode() & 0o7777),
        )
        .hint(format!("run: chmod 600 {}", quoted(path)))
        .hint("then give the logins new passwords with `martydb rotate`, if others may have read these")),
    }
}

/// Checks the lock file: another user's could stay locked for as long as that user likes.
pub(crate) fn lock(path: &Path, found: &Metadata) -> Result<()> {
    regular(path, found)?;
    owned(path, found.uid())
}

/// Checks a folder: only its owner may replace a file in it, or in a sticky one (`/tmp`) also the file's owner.
pub(crate) fn folder(path: &Path, found: &Metadata) -> Result<()> {
    owned(path, found.uid())?;
    let mode = found.mode();
    if mode & WRITABLE_BY_OTHERS == 0 || mode & STICKY != 0 {
        return Ok(());
    }
    Err(refused(path, format!("its mode is {:04o}: others can replace the file in it", mode & 0o7777))
        .hint(format!("run: chmod go-w {}", quoted(path)))
        .hint("or keep the passwords in a folder of their own: secrets.path"))
}

/// Checks a symbolic link: its owner could point it to another file.
pub(crate) fn link(path: &Path, owner: u32) -> Result<()> {
    if is_trusted(owner) {
        return Ok(());
    }
    Err(refused(path, format!("it is a symbolic link that belongs to {}", name_of(owner))).hint(format!(
        "run: chown -h {} {}",
        name_of(myself()),
        quoted(path)
    )))
}

fn regular(path: &Path, found: &Metadata) -> Result<()> {
    if found.is_file() { Ok(()) } else { Err(refused(path, "it is not a regular file".into())) }
}

fn owned(path: &Path, owner: u32) -> Result<()> {
    if is_trusted(owner) {
        return Ok(());
    }
    Err(refused(path, format!("it belongs to {}, neither to this user nor to root", name_of(owner)))
        .hint(format!("run: chown {} {}", name_of(myself()), quoted(path))))
}

fn refused(path: &Path, why: String) -> Error {
    Error::manifest(format!("passwords are not safe in {}", path.display())).cause(why)
}

/// Quotes a path for a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%:=".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
