//! A place that keeps passwords: a file, variables or a program.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

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

/// A store that no other run changes until this is dropped.
pub struct LockedStore<'a> {
    pub store: &'a Store,
    file: Option<file::LockedFile>,
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

    /// What is kept for the alternate login of a role that is itself in use.
    pub async fn alternate(&self, key: &CredentialKey) -> Result<Option<SecretString>> {
        match self {
            Store::File { path, .. } => file::alternate(path, key),
            Store::Variables { .. } => Ok(None),
            Store::Command(program) => command::alternate(program, key).await,
        }
    }

    /// Locks the store against other runs that change it, waiting at most `wait`. A server's lock is taken after this
    /// one, never before: a run that held a server would make all its other runs wait with it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Locked`] where another run holds it for longer.
    pub async fn lock(&self, wait: Duration) -> Result<LockedStore<'_>> {
        let Store::File { path, project } = self else {
            // Programs have locks of their own, or none; variables are not written.
            return Ok(LockedStore { store: self, file: None });
        };
        if let Some(home) = project {
            embedded::make_state_folder(home)?;
        }
        Ok(LockedStore { store: self, file: Some(file::LockedFile::take(path, wait).await?) })
    }
}

impl LockedStore<'_> {
    /// Makes a password for each key that has none, and returns them all, safely stored.
    pub async fn ensure(&self, keys: &[CredentialKey]) -> Result<Secrets> {
        match (&self.file, self.store) {
            (Some(file), _) => file.ensure(keys),
            (None, Store::Command(program)) => command::ensure(program, keys).await,
            (None, store) => store.read(keys).await,
        }
    }

    pub(super) async fn write(&self, key: &CredentialKey, entries: &[Entry]) -> Result<()> {
        match (&self.file, self.store) {
            (Some(file), _) => file.write(&key.server, entries),
            (None, Store::Command(program)) => command::write(program, key, entries).await,
            (None, _) => Err(Error::manifest("the secrets provider is env, which is read-only")
                .hint("set the variable to a new password, then run `martydb rotate` without --overlap")),
        }
    }
}
