//! A store in a folder. A backup is written under a temporary name, synced to disk, and renamed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::store::backend::{Backend, BackupUpload, FileWriter, SMALL, TopLevel};
use crate::store::blocking_task::BlockingTask;
use crate::store::id::BackupId;
use crate::store::manifest::MANIFEST;
use crate::store::path::{self, below};
use crate::store::workspace::{PREFIX, Workspace, failed, make_private, sweep, sync_folder};
use martydb_model::error::{Error, Result};
use martydb_os::replace_file::{Readers, replace_file};

pub(crate) struct FolderBackend {
    folder: PathBuf,
}

impl FolderBackend {
    pub(crate) fn new(folder: PathBuf) -> FolderBackend {
        FolderBackend { folder }
    }

    fn path(&self, id: &BackupId) -> PathBuf {
        self.folder.join(id.as_str())
    }
}

impl Backend for FolderBackend {
    fn place(&self) -> String {
        self.folder.display().to_string()
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.folder)
    }

    /// Creates the folder. Git ignores a new one: unencrypted backups do not belong into a repository.
    fn prepare(&self) -> Result<()> {
        if self.folder.exists() {
            return Ok(());
        }
        make_private(&self.folder)?;
        let ignore = self.folder.join(".gitignore");
        match create(&ignore) {
            Ok(mut file) => file.write_all(b"*\n").map_err(failed("write", &ignore)),
            // Another run created it at the same time.
            Err(_) if ignore.exists() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn top(&self, _: &BlockingTask) -> Result<TopLevel> {
        let mut top = TopLevel::default();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(top),
            entries => entries.map_err(failed("list", &self.folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(failed("list", &self.folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            match name.parse() {
                Ok(id) if is_folder => top.backups.push(id),
                _ if name.starts_with('.') => {}
                _ => top.others.push(name),
            }
        }
        Ok(top)
    }

    fn files(&self, task: &BlockingTask, id: &BackupId) -> Result<BTreeMap<String, u64>> {
        tree(task, &self.path(id))
    }

    fn small(&self, _: &BlockingTask, id: &BackupId, path: &str) -> Result<Option<Vec<u8>>> {
        let path = below(&self.path(id), path);
        let file = match open_plain(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed("read", &path))?,
        };
        let mut bytes = vec![];
        file.take(SMALL + 1).read_to_end(&mut bytes).map_err(failed("read", &path))?;
        if bytes.len() as u64 > SMALL {
            return Err(Error::operation(format!("{} is too large", path.display())));
        }
        Ok(Some(bytes))
    }

    fn open(&self, _: &BlockingTask, id: &BackupId, path: &str, _: u64) -> Result<Box<dyn Read + Send>> {
        let path = below(&self.path(id), path);
        Ok(Box::new(open_plain(&path).map_err(failed("read", &path))?))
    }

    fn begin(&self, _: &BlockingTask, id: &BackupId) -> Result<Box<dyn BackupUpload>> {
        let workspace = Workspace::make(&self.folder, id.as_str())?;
        Ok(Box::new(FolderUpload { workspace, to: self.path(id) }))
    }

    fn note(&self, _: &BlockingTask, id: &BackupId, path: &str, text: &[u8]) -> Result<()> {
        let folder = self.path(id);
        let text = str::from_utf8(text).expect("notes are text");
        replace_file(&below(&folder, path), text, Readers::Owner)
            .map_err(failed("write", &folder.join(path)))?;
        sync_folder(&folder)
    }

    fn remove(&self, _: &BlockingTask, id: &BackupId) -> Result<()> {
        let (from, hidden) = (self.path(id), self.folder.join(format!("{PREFIX}{id}-removed")));
        fs::rename(&from, &hidden).map_err(failed("remove", &from))?;
        sync_folder(&self.folder)?;
        match fs::remove_dir_all(&hidden) {
            // Another run may be removing it.
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", &hidden)(error)),
            _ => Ok(()),
        }
    }

    fn sweep(&self, _: &BlockingTask) -> Result<()> {
        sweep(&self.folder)
    }
}

/// Opens a regular file; neither follows a link nor waits for the other end of a pipe.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    let flags =
        i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).expect("flags of open(2) are ints");
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

/// Returns every file below a folder, by its relative path, with its size.
///
/// # Errors
/// If there is a link, a device, or a name that no backup contains.
pub(crate) fn tree(task: &BlockingTask, folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(prefix) = folders.pop() {
        let here = folder.join(&prefix);
        for entry in fs::read_dir(&here).map_err(failed("list", &here))? {
            task.check()?;
            let entry = entry.map_err(failed("list", &here))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let found = entry.path().symlink_metadata().map_err(failed("look at", &entry.path()))?;
            if !path::is_safe(&name) || !(found.is_dir() || found.is_file()) {
                return Err(Error::operation(format!(
                    "{} is not a file of a backup",
                    entry.path().display()
                ))
                .cause(if found.is_symlink() {
                    "it is a symbolic link"
                } else {
                    "its name or its type does not belong to a backup"
                }));
            }
            if found.is_dir() {
                folders.push(format!("{name}/"));
            } else {
                files.insert(name, found.len());
            }
        }
    }
    Ok(files)
}

/// Creates the folders above a file, below `folder`.
pub(crate) fn make_parents(folder: &Path, path: &str) -> Result<()> {
    match path.rsplit_once('/') {
        Some((parent, _)) => make_private(&folder.join(parent)),
        None => Ok(()),
    }
}

/// Creates a file for this user only.
pub(crate) fn create(path: &Path) -> Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(failed("make", path))
}

struct FolderUpload {
    workspace: Workspace,
    to: PathBuf,
}

impl BackupUpload for FolderUpload {
    fn create(&self, _: &BlockingTask, path: &str, _: u64) -> Result<Box<dyn FileWriter>> {
        make_parents(self.workspace.path(), path)?;
        let path = below(self.workspace.path(), path);
        Ok(Box::new(FolderFileWriter { file: create(&path)?, path }))
    }

    fn publish(self: Box<Self>, task: &BlockingTask, manifest: &[u8]) -> Result<()> {
        publish(task, self.workspace, manifest, &self.to)
    }
}

/// Adds the manifest to the files of a backup, which are on disk already, and renames the folder.
pub(crate) fn publish(task: &BlockingTask, workspace: Workspace, manifest: &[u8], to: &Path) -> Result<()> {
    let folder = workspace.path();
    let path = folder.join(MANIFEST);
    let mut file = create(&path)?;
    file.write_all(manifest).and_then(|()| file.sync_all()).map_err(failed("write", &path))?;
    sync_folders(folder)?;
    task.check()?;
    workspace.publish(to)
}

fn sync_folders(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let entry = entry.map_err(failed("list", folder))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sync_folders(&entry.path())?;
        }
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed("close", folder))?;
    sync_folder(folder)
}

struct FolderFileWriter {
    file: File,
    path: PathBuf,
}

impl Write for FolderFileWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl FileWriter for FolderFileWriter {
    fn close(self: Box<Self>) -> Result<()> {
        self.file.sync_all().map_err(failed("write", &self.path))
    }
}
