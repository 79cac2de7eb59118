//! A place that keeps passwords: a file, variables or a program.

use std::path::PathBuf;
use std::time::Duration;

use super::key::{CredentialKey, Entry};
use super::values::Secrets;
use super::{command, file, variable};
use crate::embedded;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::manifest::{Manifest, SecretsSpec};

#[derive(Debug, Clone)]
pub enum Store {
    /// A YAML file.
    File {
        path: PathBuf,
        /// The project whose state folder holds the file, if it does; the folder is made when it is needed.
        project: Option<PathBuf>,
    },
    /// Variables of the environment; read-only.
    Variables {
        name: String,
        environment: Environment,
    },
    Command(command::Program),
}

/// The permission to change the store, held until it is dropped.
pub struct StoreLock(Option<file::LockedFile>);

impl StoreLock {
    fn file(&self) -> Result<&file::LockedFile> {
        self.0.as_ref().ok_or_else(|| Error::operation("the secret store is not locked"))
    }
}

impl Store {
    pub fn open(manifest: &Manifest, environment: &Environment) -> Store {
        match &manifest.secrets {
            SecretsSpec::File { path } => {
                let path = manifest.home().join(path.replace("{env}", &manifest.env));
                let project = path.starts_with(manifest.state_dir()).then(|| manifest.home().to_owned());
                Store::File { path, project }
            }
            SecretsSpec::Env { name } => {
                Store::Variables { name: name.clone(), environment: environment.clone() }
            }
            SecretsSpec::Command { get, set, timeout, absent } => Store::Command(command::Program {
                get: get.clone(),
                set: set.clone(),
                absent: absent.clone(),
                timeout: crate::units::duration(timeout).unwrap_or_default(),
                env: manifest.env.clone(),
            }),
        }
    }

    /// Reads the passwords that are there; never writes.
    pub async fn read(&self, keys: &[CredentialKey]) -> Result<Secrets> {
        match self {
            Store::File { path, .. } => file::read(path, keys),
            Store::Variables { name, environment } => variable::read(name, environment, keys),
            Store::Command(program) => command::read(program, keys).await,
        }
    }

    /// Locks the store against other runs that change it, waiting at most `wait`. A server's lock is taken after this
    /// one, never before: a run that held a server would make all its other runs wait with it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Locked`] where another run holds it for longer.
    pub async fn lock(&self, wait: Duration) -> Result<StoreLock> {
        let Store::File { path, project } = self else {
            // Programs have locks of their own, or none; variables are not written.
            return Ok(StoreLock(None));
        };
        if let Some(home) = project {
            embedded::make_state_folder(home)?;
        }
        Ok(StoreLock(Some(file::LockedFile::take(path, wait).await?)))
    }

    /// Makes a password for each key that has none, and returns them all, safely stored.
    pub async fn ensure(&self, held: &StoreLock, keys: &[CredentialKey]) -> Result<Secrets> {
        match self {
            Store::File { .. } => held.file()?.ensure(keys),
            Store::Variables { name, environment } => variable::read(name, environment, keys),
            Store::Command(program) => command::ensure(program, keys).await,
        }
    }

    pub(super) async fn write(&self, held: &StoreLock, key: &CredentialKey, entries: &[Entry]) -> Result<()> {
        match self {
            Store::File { .. } => held.file()?.write(&key.server, entries),
            Store::Command(program) => command::write(program, key, entries).await,
            Store::Variables { .. } => {
                Err(Error::manifest("the secrets provider is env, which is read-only")
                    .hint("set the variable to a new password, then run `martydb rotate` without --overlap"))
            }
        }
    }
}
