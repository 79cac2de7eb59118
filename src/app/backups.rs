//! The manifest's backup store and the identities of encrypted backups.

use std::path::Path;
use std::sync::Arc;

use super::App;
use martydb_backup::store::{BackupId, Encryption, Identities, Repository, Stores};
use martydb_model::error::{Error, Result};

/// Variable with the path of the identity file. There is no flag for it: any user can see a process's arguments.
pub(crate) const IDENTITY: &str = "MARTYDB_BACKUP_IDENTITY";

impl App {
    /// # Errors
    /// As [`Stores::from_manifest`].
    pub fn backups(&self) -> Result<Stores> {
        Stores::from_manifest(&self.manifest, &self.environment)
    }

    /// Returns the identities that decrypt a backup: `None` if it is not encrypted; otherwise those of the file
    /// that `MARTYDB_BACKUP_IDENTITY` names, or a typed one.
    pub(crate) async fn backup_identities(
        &self,
        repository: &Repository,
        id: &BackupId,
    ) -> Result<Option<Arc<Identities>>> {
        if repository.encryption(id).await? == Encryption::None {
            return Ok(None);
        }
        let file = self.environment.get(IDENTITY).filter(|path| !path.is_empty());
        if let Some(file) = file {
            return Ok(Some(Arc::new(Identities::read(Path::new(file))?)));
        }
        if !self.can_ask {
            return Err(Error::usage(format!(
                "the backup {id} is encrypted, and there is no identity to decrypt it"
            ))
            .hint(format!(
                "set {IDENTITY} to the path of a file with the identity of one of its recipients"
            )));
        }
        let typed =
            martydb_ui::prompt::password(&format!("Identity that decrypts {id} (AGE-SECRET-KEY-1…)")).await?;
        Identities::parse(&typed).map(|identities| Some(Arc::new(identities)))
    }

    /// Notes that backups are not encrypted.
    pub(crate) fn warn_unencrypted(&self, stores: &Stores) {
        if let Some(note) = stores.unencrypted() {
            self.out.note(&note);
        }
    }
}
