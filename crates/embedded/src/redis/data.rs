//! Data folder of an embedded Redis server. It gets its name only when it is complete.

use std::fs::{self, File};

use secrecy::{ExposeSecret, SecretString};

use super::settings::{USERS, users};
use crate::cluster::{PARTIAL, set_aside};
use crate::files::{Folder, claim_folder, failed, nonce};
use crate::layout::Layout;
use crate::types::{EmbeddedEngine, Note};
use martydb_model::error::{Error, Result};
use martydb_pg::password as passwords;

/// File with the admin's password.
const PASSWORD: &str = "admin.password";

/// Creates the folder, with the users and the admin's password.
pub(crate) fn create(layout: &Layout, version: &str, note: Note<'_>) -> Result<()> {
    set_aside(layout, note)?;
    note(format!("creating Redis {version} server in {}", layout.data().display()));
    let partial = layout.base.join(format!("{PARTIAL}{}", nonce()?));
    claim_folder(&partial, &layout.owner)?;
    let folder = Folder::open(&partial, &layout.owner)?;
    let password = passwords::password()?;
    folder.write(PASSWORD, password.expose_secret())?;
    folder.write(USERS, &users(&password))?;
    folder.write(EmbeddedEngine::Redis.control_file(), "")?;
    fs::rename(&partial, layout.data()).map_err(failed("name the new data folder", &layout.data()))?;
    // The name must be on disk before anything relies on its content: the sweep deletes partial folders.
    File::open(&layout.base).and_then(|base| base.sync_all()).map_err(failed("sync", &layout.base))
}

/// Returns the admin's password.
pub(crate) fn password(layout: &Layout) -> Result<SecretString> {
    layout.folder()?.read(PASSWORD)?.map(SecretString::from).ok_or_else(|| {
        let file = layout.data().join(PASSWORD);
        Error::operation(format!("the admin's password is gone: there is no {}", file.display()))
            .hint("recreate the server (all its data is lost): martydb dev destroy, then martydb dev up")
    })
}
