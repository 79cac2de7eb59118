//! Creation and replacement of files in folders of another account. Root must not follow that account's symbolic links, so a file
//! is replaced by a rename inside an open folder, never written through.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, lchown};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Gid, Mode, OFlags, Uid};

use super::account::Account;
use martydb_model::error::{Error, Result};
pub(crate) use martydb_os::state_folder::{failed, make_open_folder, make_state_folder};

/// Creates a folder for one account only. Returns `false` if the name is taken by anything else.
pub(crate) fn claim_folder(folder: &Path, owner: &Account) -> Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => give(folder, owner).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = folder.symlink_metadata().map_err(failed("look at", folder))?;
            Ok(found.is_dir() && found.uid() == owner.uid && found.mode() & 0o077 == 0)
        }
        Err(error) => Err(failed("make the folder", folder)(error)),
    }
}

fn give(path: &Path, owner: &Account) -> Result<()> {
    lchown(path, Some(owner.uid), Some(owner.gid)).map_err(failed("give away", path))
}

/// Creates the log, so that the server's account can write to it in a folder of another account.
pub(crate) fn make_log(path: &Path, owner: &Account) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => give(path, owner),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed("make", path)(error)),
    }
}

/// Returns a part of a name that no earlier run has used.
pub(crate) fn nonce() -> Result<String> {
    let bytes =
        getrandom::u32().map_err(|error| Error::operation("cannot get random numbers").cause(error))?;
    Ok(format!("{bytes:08x}"))
}

/// An open folder of the server's account.
pub struct Folder {
    handle: OwnedFd,
    path: PathBuf,
    owner: Account,
}

impl Folder {
    /// Opens a folder, and rejects one that belongs to another account.
    pub fn open(path: &Path, owner: &Account) -> Result<Folder> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = || -> rustix::io::Result<_> {
            let handle = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
            let uid = rustix::fs::fstat(&handle)?.st_uid;
            Ok((handle, uid))
        };
        let (handle, uid) = open().map_err(|error| failed("open", path)(error.into()))?;
        if uid != owner.uid {
            return Err(Error::operation(format!("{} does not belong to {}", path.display(), owner.name)));
        }
        Ok(Folder { handle, path: path.into(), owner: owner.clone() })
    }

    /// Returns the text of a file; `None` if it does not exist.
    pub fn read(&self, name: &str) -> Result<Option<String>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut text = String::new();
        match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(file) => File::from(file).read_to_string(&mut text).map(|_| Some(text)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
        .map_err(failed("read", &self.path.join(name)))
    }

    /// Replaces a file in one step. Returns `true` if its text has changed.
    pub fn write(&self, name: &str, text: &str) -> Result<bool> {
        if self.read(name).is_ok_and(|old| old.as_deref() == Some(text)) {
            return Ok(false);
        }
        let temporary = format!("{name}.{}", nonce()?);
        self.replace(name, &temporary, text).map_err(failed("write", &self.path.join(name)))?;
        Ok(true)
    }

    fn replace(&self, name: &str, temporary: &str, text: &str) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let mut file = File::from(rustix::fs::openat(&self.handle, temporary, flags, mode)?);
        let (uid, gid) = (Uid::from_raw(self.owner.uid), Gid::from_raw(self.owner.gid));
        rustix::fs::fchown(&file, Some(uid), Some(gid))?;
        file.write_all(text.as_bytes())?;
        // A rename that reaches the disk before the text does would leave an empty file after a power cut.
        file.sync_all()?;
        Ok(rustix::fs::renameat(&self.handle, temporary, &self.handle, name)?)
    }
}

/// Removes a file or a whole folder, if it exists.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let found = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed("look at", path))?,
    };
    let removed = if found.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_and_not_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("conf")).unwrap();
        let open = Folder::open(folder.path(), &Account::current().unwrap()).unwrap();
        assert!(open.write("conf", "one").unwrap());
        assert!(!open.write("conf", "one").unwrap());
        assert!(open.write("conf", "two").unwrap());
        assert_eq!(open.read("conf").unwrap().as_deref(), Some("two"));
        assert_eq!(open.read("absent").unwrap(), None);
        assert_eq!(fs::read_to_string(target).unwrap(), "precious");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_name_that_another_account_took_is_not_claimed() {
        let folder = tempfile::tempdir().unwrap();
        let me = Account::current().unwrap();
        let fresh = folder.path().join("fresh");
        assert!(claim_folder(&fresh, &me).unwrap());
        assert!(claim_folder(&fresh, &me).unwrap());
        fs::set_permissions(&fresh, Permissions::from_mode(0o755)).unwrap();
        assert!(!claim_folder(&fresh, &me).unwrap());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(!claim_folder(&link, &me).unwrap());
    }
}
