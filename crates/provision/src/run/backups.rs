//! The store of backups that the manifest names, and what opens encrypted ones.

use std::path::Path;
use std::sync::Arc;

use super::Run;
use martydb_config::backup_store::{BackupId, Encryption, Identities, Repository};
use martydb_model::error::{Error, Result};

/// The file of identities. Never a flag: the arguments of a process are there for all to see.
const IDENTITY: &str = "MARTYDB_BACKUP_IDENTITY";

impl Run {
    /// # Errors
    /// If the manifest says nothing of backups, or the store's settings cannot be used.
    pub fn backups(&self) -> Result<Repository> {
        let settings = self.manifest.backup.as_ref().ok_or_else(|| {
            Error::usage("the manifest does not say where backups are kept")
                .hint("add it: backup: { to: ./backups }, or s3://bucket/prefix")
        })?;
        Repository::open(settings, &self.environment)
    }

    /// What opens a backup: nothing for one that is not encrypted, else the identities of the file that
    /// `MARTYDB_BACKUP_IDENTITY` names, or one that is typed.
    pub async fn backup_identities(
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
            return Err(Error::usage(format!("the backup {id} is encrypted, and no identity was given"))
                .hint(format!("{IDENTITY} names the file with the identity of one of its recipients")));
        }
        let typed =
            martydb_ui::prompt::password(&format!("Identity that opens {id} (AGE-SECRET-KEY-1…)")).await?;
        Identities::parse(&typed).map(|identities| Some(Arc::new(identities)))
    }

    /// What a run that writes backups says where they are not encrypted.
    pub fn tell_unencrypted(&self, repository: &Repository) {
        if let Some(note) = repository.unencrypted() {
            self.out.note(&note);
        }
    }
}
