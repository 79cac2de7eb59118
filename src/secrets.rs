//! Passwords of the logins: where they are kept, how new ones are made, and never where they can be seen.
//!
//! The store is written before the server is: a password that only the server knows is lost, one that only the
//! store knows is set by the next run.

mod absent;
mod command;
mod file;
mod generate;
mod guard;
mod place;
mod program;
mod rotation;
mod variable;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::error::{Error, Result};
use crate::manifest::{Environment, Manifest, SecretsSpec};
use crate::model::{DesiredService, RoleKind, RoleName, ServerName, ServiceName};

pub use generate::{password, verifier};
pub use rotation::Entry;

/// One login whose password is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The server the role lives on.
    pub server: ServerName,
    /// The role.
    pub role: RoleName,
    /// Its service.
    pub service: ServiceName,
    /// Which of the service's roles it is.
    pub kind: RoleKind,
}

impl Slot {
    /// The slots of a service's logins.
    pub fn of(service: &DesiredService) -> impl Iterator<Item = Slot> + '_ {
        RoleKind::LOGINS.into_iter().map(|kind| Slot {
            server: service.server.clone(),
            role: service.role(kind).clone(),
            service: service.name.clone(),
            kind,
        })
    }
}

/// Passwords that were read. `Debug` shows how many there are.
#[derive(Clone, Default)]
pub struct Secrets {
    known: BTreeMap<(ServerName, RoleName), SecretString>,
    missing: BTreeMap<(ServerName, RoleName), String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} known, {} missing)", self.known.len(), self.missing.len())
    }
}

impl Secrets {
    /// The password of this very login; `None` for the one of a pair that is not in use.
    pub fn get(&self, server: &str, login: &RoleName) -> Option<&SecretString> {
        self.known.get(&(server.to_owned(), login.clone()))
    }

    /// Which login a role's clients are to use, the role or its twin, and its password.
    pub fn current(&self, server: &str, role: &RoleName) -> Option<(RoleName, &SecretString)> {
        let twin = twin_of(role).filter(|twin| self.get(server, twin).is_some());
        let login = twin.unwrap_or_else(|| role.clone());
        self.get(server, &login).map(|password| (login, password))
    }

    /// The login of a role with its password, or an error that says why there is none.
    pub fn require(&self, server: &str, role: &RoleName) -> Result<(RoleName, &SecretString)> {
        self.current(server, role).ok_or_else(|| {
            let error = Error::operation(format!("no password for \"{role}\" on server \"{server}\""));
            let reason = self.missing.get(&(server.to_owned(), role.clone()));
            let error = reason.into_iter().fold(error, |error, reason| error.cause(reason));
            error.hint(
                "`martydb apply` makes one for a role that does not exist yet; for one that does, restore the secret \
                 store, or give it a new one with `martydb apply --reset-passwords`",
            )
        })
    }

    /// Adds what was read for other slots.
    pub fn extend(&mut self, others: Secrets) {
        self.known.extend(others.known);
        self.missing.extend(others.missing);
    }

    fn insert(&mut self, slot: &Slot, password: SecretString) {
        self.missing.remove(&slot_key(slot));
        self.known.insert(slot_key(slot), password);
    }

    fn insert_twin(&mut self, slot: &Slot, password: SecretString) {
        if let Some(twin) = twin_of(&slot.role) {
            self.missing.remove(&slot_key(slot));
            self.known.insert((slot.server.clone(), twin), password);
        }
    }

    fn missing(&mut self, slot: &Slot, why: impl Into<String>) {
        self.missing.insert(slot_key(slot), why.into());
    }

    fn lacks(&self, slot: &Slot) -> bool {
        self.current(&slot.server, &slot.role).is_none()
    }
}

/// The second login of a rotation; the manifest's check of lengths leaves room for its name.
pub fn twin_of(role: &RoleName) -> Option<RoleName> {
    RoleName::found(format!("{role}{}", crate::TWIN_SUFFIX)).ok()
}

/// What stands in a role's place when its twin is the login to use: no password of ours begins like this.
fn pointer(role: &RoleName) -> String {
    format!("-> {role}{}", crate::TWIN_SUFFIX)
}

fn slot_key(slot: &Slot) -> (ServerName, RoleName) {
    (slot.server.clone(), slot.role.clone())
}

/// The right to change the store, held until it is dropped.
pub struct Held(Option<file::Locked>);

impl Held {
    fn file(&self) -> Result<&file::Locked> {
        self.0.as_ref().ok_or_else(|| Error::operation("the secret store is not locked"))
    }
}

/// A place that keeps passwords.
#[derive(Debug, Clone)]
pub enum Store {
    /// A YAML file.
    File(PathBuf),
    /// Variables of the environment; read-only.
    Variables { name: String, environment: Environment },
    /// A program.
    Command(command::Program),
}

impl Store {
    /// The store that the manifest names.
    pub fn open(manifest: &Manifest, environment: &Environment) -> Store {
        match &manifest.secrets {
            SecretsSpec::File { path } => {
                Store::File(manifest.home.join(path.replace("{env}", &manifest.env)))
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
    pub async fn read(&self, slots: &[Slot]) -> Result<Secrets> {
        match self {
            Store::File(path) => file::read(path, slots),
            Store::Variables { name, environment } => variable::read(name, environment, slots),
            Store::Command(program) => command::read(program, slots).await,
        }
    }

    /// Locks the store against other runs that change it, waiting at most `wait`. A server's lock is taken after this
    /// one, never before: a run that held a server would make all its other runs wait with it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Locked`] where another run holds it for longer.
    pub async fn lock(&self, wait: Duration) -> Result<Held> {
        match self {
            Store::File(path) => Ok(Held(Some(file::Locked::take(path, wait).await?))),
            // Programs have locks of their own, or none; variables are not written.
            Store::Variables { .. } | Store::Command(_) => Ok(Held(None)),
        }
    }

    /// Makes a password for each slot that has none, and returns them all, safely stored.
    pub async fn ensure(&self, held: &Held, slots: &[Slot]) -> Result<Secrets> {
        match self {
            Store::File(_) => held.file()?.ensure(slots),
            Store::Variables { name, environment } => variable::read(name, environment, slots),
            Store::Command(program) => command::ensure(program, slots).await,
        }
    }
}

#[cfg(test)]
mod tests;
