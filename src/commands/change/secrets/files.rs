//! Files of the secrets in a Compose file, one each.
//!
//! Compose mounts each file unchanged, and a container's account is seldom the user's. So the files are world-readable,
//! and only this user can enter the folder that contains them.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::formats::Exported;
use crate::app::App;
use martydb_manifest::ServerLocation;
use martydb_manifest::connection_string::Form;
use martydb_model::error::{Error, Result};
use martydb_os::replace_file::unwritable;
use martydb_render::admin_password_file;
use martydb_secrets::{self as secrets, PrivateFile};

pub(crate) struct SecretFolder(PathBuf);

impl SecretFolder {
    /// # Errors
    /// If others can enter the folder, or the path is not a folder.
    pub(crate) fn find(path: &Path) -> Result<SecretFolder> {
        let refuse = |why: &str| Err(Error::usage(format!("{} {why}", path.display())));
        match path.symlink_metadata() {
            Ok(found) if !found.is_dir() => refuse("is not a folder"),
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                refuse("can be entered by others").map_err(|error: Error| error.hint("close it: chmod 700"))
            }
            Ok(_) => Ok(SecretFolder(path.to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SecretFolder(path.to_owned())),
            Err(error) => Err(unwritable(path)(error)),
        }
    }

    fn write(&self, name: &str, text: SecretString) -> Result<()> {
        let path = self.0.join(name);
        PrivateFile::make(&path)?.replace(&text)?;
        // The permissions of the folder protect the files.
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&path, mode).map_err(unwritable(&path))
    }
}

/// Writes the address of each service, and for each server the password with which the image creates its admin, which
/// is generated once and kept.
///
/// # Errors
/// If a file cannot be written, or an address is unknown.
pub(crate) async fn write(app: &App, folder: &SecretFolder, all: &[Exported<'_>]) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(&folder.0).map_err(unwritable(&folder.0))?;
    for one in all {
        let Some(kept) = &one.kept else { continue };
        let url = match one.redis_user() {
            Some((server, user, password)) => server.url(user, Some(password)),
            None => one.connection(app, kept).await?.render(Form::Uri)?,
        };
        folder.write(&one.name, SecretString::from(url))?;
    }
    let deployed =
        app.manifest.servers.iter().filter(|(_, server)| matches!(server.location, ServerLocation::Url(_)));
    let caches = app.manifest.redis.servers.values();
    let caches = caches.filter(|server| server.embedded.is_none()).map(|server| &server.name);
    for name in deployed.map(|(name, _)| name).chain(caches) {
        let file = admin_password_file(name);
        if !folder.0.join(&file).exists() {
            folder.write(&file, secrets::password()?)?;
        }
    }
    Ok(())
}
