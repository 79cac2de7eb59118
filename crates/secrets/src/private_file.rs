//! Location of the file of passwords, checked for access by others. Existing folders are checked but never changed:
//! they may be a project's, a home, or /tmp.

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::guard;
use martydb_model::error::{Error, Result};

/// Maximum number of symbolic links followed from the configured path to the file, as in the system.
const LINKS: usize = 40;

/// Maximum size of a file of passwords, in bytes; a larger one is something else.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The file's folder, open and checked, and the file's name in it.
pub struct PrivateFile {
    handle: OwnedFd,
    folder: PathBuf,
    name: OsString,
}

impl PrivateFile {
    /// Finds the file that `path` leads to, following links; `None` if its folder does not exist.
    ///
    /// # Errors
    /// If others could replace the file or a link to it.
    pub fn find(path: &Path) -> Result<Option<PrivateFile>> {
        Ok(PrivateFile::follow(path)?.ok())
    }

    /// Finds the file, and creates missing folders for this user only.
    pub fn make(path: &Path) -> Result<PrivateFile> {
        // A dangling link names a file in a folder that is missing.
        let end = match PrivateFile::follow(path)? {
            Ok(place) => return Ok(place),
            Err(end) => end,
        };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder_of(&end));
        made.map_err(|error| failed("make the folder of", &end, error))?;
        PrivateFile::find(&end)?.ok_or_else(|| failed("find", &end, Errno::NOENT.into()))
    }

    /// Follows links. Returns the file, or the path in a missing folder at which they end.
    fn follow(path: &Path) -> Result<Result<PrivateFile, PathBuf>> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let folder = folder_of(&path).to_owned();
            let Some(handle) = open_folder(&folder)? else { return Ok(Err(path)) };
            let Some(name) = path.file_name().map(OsStr::to_owned) else {
                return Err(Error::manifest(format!("{} is not the name of a file", path.display())));
            };
            match target(&handle, &folder.join(&name), &name)? {
                Some(target) => path = folder.join(target),
                None => return Ok(Ok(PrivateFile { handle, folder, name })),
            }
        }
        Err(Error::manifest(format!("too many symbolic links on the way to {}", path.display())))
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Returns `true` if both are one file, which may not exist yet, or two with one lock.
    pub(crate) fn shares_lock(&self, other: &PrivateFile) -> bool {
        let folder = |place: &PrivateFile| {
            rustix::fs::fstat(&place.handle).map(|found| (found.st_dev, found.st_ino)).ok()
        };
        let stem = |place: &PrivateFile| Path::new(&place.name).file_stem().map(OsStr::to_owned);
        stem(self) == stem(other) && folder(self).is_some() && folder(self) == folder(other)
    }

    /// Returns the file's text; `None` if there is no file.
    ///
    /// # Errors
    /// If others can read or write it.
    pub fn read(&self) -> Result<Option<SecretString>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.handle, &self.name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(failed("read", &self.path(), error.into())),
        };
        let cannot = |error| failed("read", &self.path(), error);
        let found = file.metadata().map_err(cannot)?;
        guard::file(&self.path(), &found)?;
        if found.len() > MAX_BYTES {
            let path = self.path();
            return Err(Error::manifest(format!("{} is too large for a file of passwords", path.display())));
        }
        let room = usize::try_from(found.len()).unwrap_or_default() + 1;
        let mut text = Zeroizing::new(String::with_capacity(room));
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(cannot)?;
        Ok(Some(SecretString::from(text.as_str())))
    }

    /// Opens the file that is locked instead of the one that is replaced; creates it if it is missing.
    pub(crate) fn lock_file(&self) -> Result<(File, PathBuf)> {
        let path = self.path().with_extension("lock");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let name = path.file_name().expect("made from a file's name");
        let file = rustix::fs::openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR);
        let file = file.map(File::from).map_err(|error| failed("lock", &path, error.into()))?;
        let found = file.metadata().map_err(|error| failed("lock", &path, error))?;
        guard::lock(&path, &found)?;
        Ok((file, path))
    }

    /// Replaces the file: temporary file, fsync, rename, fsync of the folder. A crash leaves the old file or the new one.
    pub fn replace(&self, text: &SecretString) -> Result<()> {
        let nonce =
            getrandom::u64().map_err(|error| Error::operation("cannot get random numbers").cause(error))?;
        let mut temporary = OsString::from(".");
        temporary.push(&self.name);
        temporary.push(format!(".{nonce:016x}.tmp"));
        let written = self.write(&temporary, text);
        if written.is_err() {
            let _gone = rustix::fs::unlinkat(&self.handle, &temporary, AtFlags::empty());
        }
        written.map_err(|error| failed("write", &self.path(), error))
    }

    fn write(&self, temporary: &OsStr, text: &SecretString) -> std::io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let mut file = File::from(rustix::fs::openat(&self.handle, temporary, flags, mode)?);
        file.write_all(text.expose_secret().as_bytes())?;
        file.sync_all()?;
        rustix::fs::renameat(&self.handle, temporary, &self.handle, &self.name)?;
        Ok(rustix::fs::fsync(&self.handle)?)
    }

    /// Removes files of killed runs, which contain passwords. Called under the lock, when no run is writing.
    pub(crate) fn remove_leftovers(&self) {
        // A file that cannot be removed does no harm.
        let Ok(folder) = rustix::fs::Dir::read_from(&self.handle) else { return };
        for entry in folder.flatten() {
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if self.is_leftover(name) {
                let _still_there = rustix::fs::unlinkat(&self.handle, name, AtFlags::empty());
            }
        }
    }

    fn is_leftover(&self, name: &OsStr) -> bool {
        let between = |start: &[u8], end: &[u8]| {
            name.as_bytes().strip_prefix(start)?.strip_suffix(end).filter(|middle| !middle.is_empty())
        };
        let ours = [b".", self.name.as_bytes(), b"."].concat();
        let hexadecimal =
            between(&ours, b".tmp").is_some_and(|middle| middle.iter().all(u8::is_ascii_hexdigit));
        // Releases before 0.2 ended the name with the process id.
        let stem = self.path().with_extension("tmp");
        let old = stem.file_name().and_then(|stem| between(stem.as_bytes(), b""));
        hexadecimal || old.is_some_and(|middle| middle.iter().all(u8::is_ascii_digit))
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Opens a folder; `None` if it does not exist.
fn open_folder(folder: &Path) -> Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = match rustix::fs::open(folder, flags, Mode::empty()) {
        // A folder that can be entered but not listed suffices for reading.
        #[cfg(target_os = "linux")]
        Err(Errno::ACCESS) => rustix::fs::open(folder, flags | OFlags::PATH, Mode::empty()),
        opened => opened,
    };
    let handle = match opened {
        Ok(handle) => handle,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed("open the folder", folder, error.into())),
    };
    let found = File::from(handle.try_clone().map_err(|error| failed("open the folder", folder, error))?)
        .metadata()
        .map_err(|error| failed("look at the folder", folder, error))?;
    guard::folder(folder, &found)?;
    Ok(Some(handle))
}

/// Returns the target of a symbolic link; `None` for anything else, which may be missing.
fn target(folder: &OwnedFd, path: &Path, name: &OsStr) -> Result<Option<PathBuf>> {
    let found = match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => found,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("look at", path, error)),
    };
    guard::link(path, found.uid())?;
    let target = rustix::fs::readlinkat(folder, name, Vec::new());
    let target = target.map_err(|error| failed("follow", path, error.into()))?;
    Ok(Some(PathBuf::from(OsStr::from_bytes(target.to_bytes()))))
}

/// Returns `cannot <verb> the file of passwords <path>`, with the system's error as the cause.
pub(crate) fn failed(verb: &str, path: &Path, error: std::io::Error) -> Error {
    Error::operation(format!("cannot {verb} the file of passwords {}", path.display())).cause(error)
}
