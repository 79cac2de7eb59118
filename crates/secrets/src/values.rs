//! Passwords read from a store.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;

use super::key::CredentialKey;
use martydb_model::contract::alternate_of;
use martydb_model::error::{Error, Result};
use martydb_model::{RoleName, ServerName};

/// Password of each login, or the reason why there is none. `Debug` shows no password.
#[derive(Debug, Clone, Default)]
pub struct Secrets(BTreeMap<(ServerName, RoleName), Result<SecretString, String>>);

impl Secrets {
    /// Returns the password of this login; `None` for the one of a pair that is not in use.
    pub fn get(&self, server: &str, login: &RoleName) -> Option<&SecretString> {
        self.0.get(&(server.to_owned(), login.clone()))?.as_ref().ok()
    }

    /// Returns the logins of a server that have a password here.
    pub fn logins(&self, server: &str) -> BTreeSet<RoleName> {
        let here = self.0.iter().filter(|((of, _), password)| of == server && password.is_ok());
        here.map(|((_, login), _)| login.clone()).collect()
    }

    /// Returns the login that a role's clients use, the role or its alternate login, with its password.
    pub fn current(&self, server: &str, role: &RoleName) -> Option<(RoleName, &SecretString)> {
        let alternate = alternate_of(role).filter(|alternate| self.get(server, alternate).is_some());
        let login = alternate.unwrap_or_else(|| role.clone());
        self.get(server, &login).map(|password| (login, password))
    }

    /// Returns the other login of a pair, the one that the store does not name.
    pub fn other(&self, server: &str, role: &RoleName) -> Option<RoleName> {
        let (current, _) = self.current(server, role)?;
        if current == *role { alternate_of(role) } else { Some(role.clone()) }
    }

    /// As [`Secrets::current`].
    ///
    /// # Errors
    /// If there is no password, with the reason.
    pub fn require(&self, server: &str, role: &RoleName) -> Result<(RoleName, &SecretString)> {
        self.current(server, role).ok_or_else(|| {
            let error = Error::operation(format!("no password for \"{role}\" on server \"{server}\""));
            let found = self.0.get(&(server.to_owned(), role.clone()));
            let reason = found.and_then(|found| found.as_ref().err());
            let error = reason.into_iter().fold(error, |error, reason| error.cause(reason));
            error.hint(
                "`martydb apply --all` makes one for a role that does not exist yet; for one that does, restore the secret \
                 store, or give it a new one with `martydb apply --all --reset-passwords`",
            )
        })
    }

    pub fn extend(&mut self, others: Secrets) {
        self.0.extend(others.0);
    }

    pub fn insert(&mut self, key: &CredentialKey, password: SecretString) {
        self.0.insert((key.server.clone(), key.role.clone()), Ok(password));
    }

    pub(crate) fn insert_alternate(&mut self, key: &CredentialKey, password: SecretString) {
        if let Some(alternate) = alternate_of(&key.role) {
            self.0.insert((key.server.clone(), alternate), Ok(password));
        }
    }

    pub fn missing(&mut self, key: &CredentialKey, why: impl Into<String>) {
        self.0.insert((key.server.clone(), key.role.clone()), Err(why.into()));
    }

    pub fn lacks(&self, key: &CredentialKey) -> bool {
        self.current(&key.server, &key.role).is_none()
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.values().all(Result::is_err)
    }
}
