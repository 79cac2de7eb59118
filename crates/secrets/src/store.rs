//! A store of passwords: a file, variables or a program.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::answers::AnswerCache;
use super::entries::StoredEntries;
use super::key::{CredentialKey, Entry};
use super::private_file::PrivateFile;
use super::values::Secrets;
use super::{command, file, variable};
use crate::credentials;
use martydb_manifest::{Manifest, SecretsSpec, default_secrets_name};
use martydb_model::RoleName;
use martydb_model::contract::ALTERNATE_SUFFIX;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_os::state_folder::make_state_folder;

#[derive(Debug, Clone)]
pub enum Store {
    /// A YAML file.
    File {
        path: PathBuf,
        /// Project whose state folder contains the file, if it does; the folder is created when needed.
        project: Option<PathBuf>,
    },
    /// Environment variables; read-only.
    Variables {
        name: String,
        environment: Environment,
    },
    Command(command::Program),
}

/// A locked store; no other run changes it until this is dropped.
pub struct LockedStore<'a> {
    pub store: &'a Store,
    file: Option<file::LockedFile>,
}

impl Store {
    pub fn open(manifest: &Manifest, environment: &Environment) -> Store {
        Store::described(&manifest.secrets, manifest, environment)
    }

    /// Returns the store of this description, which may differ from the manifest's.
    pub fn described(spec: &SecretsSpec, manifest: &Manifest, environment: &Environment) -> Store {
        match spec {
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
                timeout: martydb_model::units::duration(timeout).unwrap_or_default(),
                env: manifest.env.clone(),
                withheld: [
                    credentials::variables(environment, manifest.urls()),
                    manifest.redis.password_variables(),
                ]
                .concat(),
                answers: AnswerCache::default(),
            }),
        }
    }

    /// Reads the existing passwords; never writes.
    #[martydb_pg::boxed]
    pub async fn read(&self, keys: &[CredentialKey]) -> Result<Secrets> {
        match self {
            Store::File { path, .. } => file::read(path, keys),
            Store::Variables { name, environment } => variable::read(name, environment, keys),
            Store::Command(program) => command::read(program, keys).await,
        }
    }

    /// As [`Store::read`]; a variable that is not set is not an error, for a command that does not log in.
    #[martydb_pg::boxed]
    pub async fn read_present(&self, keys: &[CredentialKey]) -> Result<Secrets> {
        match self {
            Store::Variables { name, environment } => Ok(variable::present(name, environment, keys)),
            _ => self.read(keys).await,
        }
    }

    /// Checks that the passwords of these logins exist, if martydb cannot make them.
    ///
    /// # Errors
    /// If variables hold the passwords and some are not set: all of them are named.
    pub fn check_present(&self, keys: &[CredentialKey]) -> Result<()> {
        match self {
            Store::Variables { name, environment } => variable::read(name, environment, keys).map(drop),
            _ => Ok(()),
        }
    }

    /// Returns `true` if martydb cannot make passwords: the operator sets them, as variables.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Store::Variables { .. })
    }

    /// Returns all entries of the keys. A key without entries is not an error.
    #[martydb_pg::boxed]
    pub async fn kept(&self, keys: &[CredentialKey]) -> Result<Vec<StoredEntries>> {
        match self {
            Store::File { path, .. } => file::kept(path, keys),
            Store::Variables { name, environment } => Ok(variable::kept(name, environment, keys)),
            Store::Command(program) => command::kept(program, keys, StoredEntries::names).await,
        }
    }

    /// As [`Store::kept`], without the passwords of unfinished rotations: half the calls of a program.
    #[martydb_pg::boxed]
    pub async fn settled(&self, keys: &[CredentialKey]) -> Result<Vec<StoredEntries>> {
        match self {
            Store::Command(program) => command::kept(program, keys, StoredEntries::login_names).await,
            _ => self.kept(keys).await,
        }
    }

    /// Returns the location of an entry, for people: a file and a path in it, a variable, or a program and the login.
    pub fn place_of(&self, key: &CredentialKey, login: &RoleName) -> String {
        match self {
            Store::File { path, .. } => format!("{}: {}.{login}", path.display(), key.server),
            Store::Variables { name, .. } => variable::name(name, key, &key.label),
            // Its arguments may hold a token.
            Store::Command(program) => format!("{}: {login}", program.get[0]),
        }
    }

    /// Returns `true` if this file is the store itself, or shares its lock.
    pub fn overlaps(&self, file: &PrivateFile) -> Result<bool> {
        let Store::File { path, .. } = self else { return Ok(false) };
        Ok(PrivateFile::find(path)?.is_some_and(|own| own.shares_lock(file)))
    }

    /// Returns `true` if a program that the manifest names has to run for each password.
    pub fn runs_a_program(&self) -> bool {
        matches!(self, Store::Command(_))
    }

    /// Returns the manifest's name of the provider.
    pub fn provider(&self) -> &'static str {
        match self {
            Store::File { .. } => "file",
            Store::Variables { .. } => "env",
            Store::Command(_) => "command",
        }
    }

    /// Returns the name of the variable with the password of a login of this kind, or of its alternate; by the manifest's
    /// template if variables are the provider.
    pub fn variable_of(&self, key: &CredentialKey, alternate: bool) -> String {
        let template = match self {
            Store::Variables { name, .. } => name.clone(),
            _ => default_secrets_name(),
        };
        let suffix = if alternate { ALTERNATE_SUFFIX } else { "" };
        variable::name(&template, key, &format!("{}{suffix}", key.label))
    }

    /// Returns the variables that hold the passwords of these logins, if variables hold them, and of their alternates.
    pub fn variables_of(&self, keys: &[CredentialKey]) -> Vec<String> {
        let both =
            keys.iter().flat_map(|key| [false, true].map(|alternate| self.variable_of(key, alternate)));
        both.collect()
    }

    /// Checks that passwords can be written.
    ///
    /// # Errors
    /// If martydb can only read the passwords.
    pub fn check_writable(&self) -> Result<()> {
        match self {
            Store::Variables { .. } => Err(read_only()),
            Store::Command(program) if program.set.is_none() => {
                Err(Error::manifest("the secret store takes no passwords: its manifest entry has no `set`")
                    .hint("add secrets.set, the program that reads a password on its standard input"))
            }
            _ => Ok(()),
        }
    }

    /// Returns the password of the alternate login of a role that is itself in use.
    #[martydb_pg::boxed]
    pub async fn alternate(&self, key: &CredentialKey) -> Result<Option<SecretString>> {
        match self {
            Store::File { path, .. } => file::alternate(path, key),
            Store::Variables { .. } => Ok(None),
            Store::Command(program) => command::alternate(program, key).await,
        }
    }

    /// Locks the store against changes by other runs, waiting at most `wait`. A server's lock is taken after this one,
    /// never before: a run that held a server would make all other runs on it wait too.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Locked`] if another run holds it for longer.
    #[martydb_pg::boxed]
    pub async fn lock<'a>(&'a self, wait: Duration) -> Result<LockedStore<'a>> {
        let Store::File { path, project } = self else {
            // Programs have their own locks, or none; variables are not written.
            return Ok(LockedStore { store: self, file: None });
        };
        if let Some(home) = project {
            make_state_folder(home)?;
        }
        Ok(LockedStore { store: self, file: Some(file::LockedFile::lock(path, wait).await?) })
    }
}

impl LockedStore<'_> {
    /// Generates a password for each key without one, and returns all of them, safely stored.
    #[martydb_pg::boxed]
    pub async fn ensure(&self, keys: &[CredentialKey]) -> Result<Secrets> {
        match (&self.file, self.store) {
            (Some(file), _) => file.ensure(keys),
            (None, Store::Command(program)) => command::ensure(program, keys).await,
            (None, store) => store.read(keys).await,
        }
    }

    /// Sets or removes the value of a key that is not a login.
    pub async fn set(&self, key: &CredentialKey, value: Option<SecretString>) -> Result<()> {
        self.write(key, &[(key.role.to_string(), value)]).await
    }

    pub(super) async fn write(&self, key: &CredentialKey, entries: &[Entry]) -> Result<()> {
        match (&self.file, self.store) {
            (Some(file), _) => file.write(&key.server, entries),
            (None, Store::Command(program)) => command::write(program, key, entries).await,
            (None, _) => Err(read_only()
                .hint("set the variable to a new password, then run `martydb rotate` without --overlap")),
        }
    }
}

fn read_only() -> Error {
    Error::manifest("the secrets provider is env, which is read-only")
}
