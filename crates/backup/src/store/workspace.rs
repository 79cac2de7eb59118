//! Working folders that no later run mistakes for something finished. Each has a lock file beside it, which the system
//! releases when its process ends, however that ends; then the next run removes both.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use martydb_model::error::{Error, Result};

/// Prefix of the names of such folders.
pub(crate) const PREFIX: &str = ".staging-";
const LOCK: &str = ".lock";
const ATTEMPTS: u32 = 100;

/// A private folder that is removed on drop.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    lock: PathBuf,
    _held: File,
}

/// Returns `cannot <verb> <path>`, with the system's error.
pub(crate) fn failed(verb: &str, path: &Path) -> impl Fn(std::io::Error) -> Error {
    let message = format!("cannot {verb} {}", path.display());
    move |error| Error::operation(&message).cause(error)
}

impl Workspace {
    /// Creates an empty folder in `base` for this run only, and removes what dead runs have left there.
    pub fn make(base: &Path, name: &str) -> Result<Workspace> {
        make_private(base)?;
        sweep(base)?;
        let folder = base.join(format!("{PREFIX}{name}"));
        let lock = lock_of(&folder);
        let held = hold(&lock)?;
        let workspace = Workspace { folder, lock, _held: held };
        DirBuilder::new()
            .mode(0o700)
            .create(&workspace.folder)
            .map_err(failed("make the folder", &workspace.folder))?;
        Ok(workspace)
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Renames the folder, all at once. Its files must be on disk.
    pub fn publish(self, to: &Path) -> Result<()> {
        fs::rename(&self.folder, to).map_err(failed("make", to))?;
        sync_folder(to.parent().unwrap_or(to))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // The next run removes what is left.
        let _published = fs::remove_dir_all(&self.folder);
        let _gone = fs::remove_file(&self.lock);
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(LOCK);
    name.into()
}

/// Creates the lock file and locks it. A sweeping run may have locked it in between as a dead run's: then it holds the lock
/// until the file is removed, and the next attempt finds the name free.
fn hold(lock: &Path) -> Result<File> {
    for _ in 0..ATTEMPTS {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(lock);
        let file = file.map_err(failed("make", lock))?;
        file.lock().map_err(failed("lock", lock))?;
        if is_named(&file, lock) {
            return Ok(file);
        }
    }
    Err(Error::operation(format!("cannot keep {}", lock.display())).cause("other runs remove it"))
}

/// Returns `true` if the file still has that name.
fn is_named(file: &File, path: &Path) -> bool {
    let held = file.metadata().map(|found| found.ino()).ok();
    held.is_some() && held == path.symlink_metadata().map(|found| found.ino()).ok()
}

/// Creates a folder and those above it for this user only; existing ones are left as they are.
pub(crate) fn make_private(folder: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("make the folder", folder))
}

/// Syncs a folder's names to disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(failed("write", folder))
}

/// Removes what dead runs have left.
pub(crate) fn sweep(base: &Path) -> Result<()> {
    let entries = match fs::read_dir(base) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed("list", base))?,
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let folder = base.join(name.strip_suffix(LOCK).unwrap_or(name));
        sweep_one(&folder);
    }
    Ok(())
}

/// Removes one folder. A folder that cannot be removed is not listed either.
fn sweep_one(folder: &Path) {
    let lock = lock_of(folder);
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).expect("flags of open(2) are ints");
    let file = match OpenOptions::new().write(true).custom_flags(flags).open(&lock) {
        Ok(file) => file,
        // A folder whose owner released its lock first, or never had one: a backup that was being removed.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let _gone = fs::remove_dir_all(folder);
            return;
        }
        Err(_) => return,
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return,
    }
    // Another run may own it by now.
    if is_named(&file, &lock) {
        let _gone = fs::remove_dir_all(folder);
        let _gone = fs::remove_file(&lock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_begin_at_once_leave_each_other_their_folders() {
        let base = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let base = base.path();
                scope.spawn(move || {
                    for round in 0..50 {
                        let own = Workspace::make(base, &format!("{number}-{round}")).unwrap();
                        assert!(own.path().is_dir());
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_dead_runs_folder_goes_and_a_living_ones_stays() {
        let base = tempfile::tempdir().unwrap();
        let alive = Workspace::make(base.path(), "alive").unwrap();
        let dead = base.path().join(".staging-dead");
        fs::create_dir_all(dead.join("dump")).unwrap();
        fs::write(lock_of(&dead), "").unwrap();
        let unlocked = base.path().join(".staging-removed");
        fs::create_dir_all(unlocked.join("dump")).unwrap();
        fs::create_dir(base.path().join("other")).unwrap();
        sweep(base.path()).unwrap();
        assert!(alive.path().is_dir() && base.path().join("other").is_dir());
        assert!(!dead.exists() && !lock_of(&dead).exists() && !unlocked.exists());
        drop(alive);
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
    }
}
