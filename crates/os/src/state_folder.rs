//! The folder `.martydb` of martydb's own files beside a manifest.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use martydb_model::error::{Error, Result};

/// Returns `cannot <what> <path>`, with the system's error as the cause.
pub fn failed(what: &str, path: &Path) -> impl Fn(io::Error) -> Error {
    let message = format!("cannot {what} {}", path.display());
    move |error| Error::operation(&message).cause(error)
}

/// Creates the folder of martydb's own files beside the manifest, excluded from version control.
pub fn make_state_folder(home: &Path) -> Result<PathBuf> {
    let folder = home.join(".martydb");
    make_open_folder(&folder)?;
    let ignore = folder.join(".gitignore");
    match File::create_new(&ignore).and_then(|mut file| file.write_all(b"*\n")) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("write", &ignore)(error)),
        _ => Ok(folder),
    }
}

/// Creates a folder that others may pass through if root made it, whatever the umask: the server's account has to. Its
/// contents are closed.
pub fn make_open_folder(folder: &Path) -> Result<()> {
    match fs::create_dir(folder) {
        Ok(()) if uzers::get_effective_uid() == 0 => {
            fs::set_permissions(folder, Permissions::from_mode(0o755))
        }
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(failed("make the folder", folder))
}
