//! What a rotation does to the store.
//!
//! A new password is kept before the server hears of it, and is in a login's entry only when the server has it: a
//! run that ends in between leaves the password that works in that entry, or both in the store.

use secrecy::SecretString;

use super::generate::password;
use super::key::{CredentialKey, pending, settle};
use super::store::{LockedStore, Store};
use super::values::Secrets;
use martydb_model::RoleName;
use martydb_model::contract::alternate_of;
use martydb_model::error::Result;

impl LockedStore<'_> {
    /// As [`LockedStore::ensure`], for the roles themselves: an alternate login that the store names and the server
    /// lacks is passed over.
    pub async fn ensure_own(&self, keys: &[CredentialKey]) -> Result<Secrets> {
        let mut secrets = self.ensure(keys).await?;
        for key in keys {
            if secrets.get(&key.server, &key.role).is_none() {
                let new = password()?;
                self.publish(key, &key.role, &new).await?;
                secrets.insert(key, new);
            }
        }
        Ok(secrets)
    }

    /// A new password for the login that is in use, stored beside the present one, which stays what clients read
    /// until [`LockedStore::settle`].
    ///
    /// The operator changes variables before the rotation, so theirs is the new one already.
    pub async fn renew(&self, key: &CredentialKey, login: &RoleName) -> Result<SecretString> {
        if let Store::Variables { .. } = self.store {
            let found = self.store.read(std::slice::from_ref(key)).await?;
            return Ok(found.require(&key.server, &key.role)?.1.clone());
        }
        self.store_new(key, pending(login)).await
    }

    /// The server has the new password of the login in use: from now on clients read it.
    pub async fn settle(&self, key: &CredentialKey, login: &RoleName, password: &SecretString) -> Result<()> {
        match self.store {
            Store::Variables { .. } => Ok(()),
            _ => self.write(key, &settle(login, password)).await,
        }
    }

    /// A new password for the other one of the pair, stored where no client reads it yet.
    pub async fn prepare(&self, key: &CredentialKey, other: &RoleName) -> Result<SecretString> {
        let entry = if *other == key.role { pending(other) } else { other.to_string() };
        self.store_new(key, entry).await
    }

    /// From now on `login` is the one to use.
    pub async fn publish(
        &self,
        key: &CredentialKey,
        login: &RoleName,
        password: &SecretString,
    ) -> Result<()> {
        self.write(key, &key.publish(login, password)).await
    }

    /// Removes what is kept for a login that was closed. Variables have nothing of the kind.
    pub async fn close(&self, key: &CredentialKey, login: &RoleName) -> Result<()> {
        match (self.store, key.close(login)) {
            (Store::File { .. }, entries) if !entries.is_empty() => self.write(key, &entries).await,
            _ => Ok(()),
        }
    }

    /// Keeps what is known for a role that gets another name under that name, too; what is there already stays.
    ///
    /// # Errors
    /// If nothing is kept for it under either name: the password that clients use would be lost.
    pub async fn carry(&self, from: &CredentialKey, to: &CredentialKey) -> Result<()> {
        if self.store.read(std::slice::from_ref(to)).await?.current(&to.server, &to.role).is_some() {
            return Ok(());
        }
        let found = self.store.read(std::slice::from_ref(from)).await?;
        let (login, password) = found.require(&from.server, &from.role)?;
        let (in_use, other) = (login == from.role, self.store.alternate(from).await?);
        let Some(alternate) = alternate_of(&to.role).filter(|_| !in_use || other.is_some()) else {
            return self.publish(to, &to.role, password).await;
        };
        // The alternate's own first: an entry that names it must find it.
        let kept = if in_use { other } else { Some(password.clone()) };
        self.write(to, &[(alternate.to_string(), kept)]).await?;
        self.publish(to, if in_use { &to.role } else { &alternate }, password).await
    }

    /// Keeps the password that the clients of a role use for the same role on another server, too; what is there already
    /// stays. Nothing is kept where nothing is known: a role that is new there gets a new one.
    pub async fn bring(&self, from: &CredentialKey, to: &CredentialKey) -> Result<()> {
        let known = self.store.read(&[from.clone(), to.clone()]).await?;
        if known.current(&to.server, &to.role).is_some() {
            return Ok(());
        }
        match known.current(&from.server, &from.role) {
            // An alternate login does not come along: its password becomes the role's own.
            Some((_, password)) => self.publish(to, &to.role, password).await,
            None => Ok(()),
        }
    }

    /// Removes a service's passwords. `false` where the store is not martydb's to delete from.
    pub async fn forget(&self, keys: &[CredentialKey]) -> Result<bool> {
        let Store::File { path, .. } = self.store else { return Ok(false) };
        if path.exists() {
            for key in keys {
                self.write(key, &key.forget()).await?;
            }
        }
        Ok(true)
    }

    async fn store_new(&self, key: &CredentialKey, entry: String) -> Result<SecretString> {
        let new = password()?;
        self.write(key, &[(entry, Some(new.clone()))]).await?;
        Ok(new)
    }
}
