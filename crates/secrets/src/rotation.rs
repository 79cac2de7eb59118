//! Store operations of a rotation.
//!
//! A new password is stored before the server gets it, and becomes a login's entry only when the server has it. A run that
//! ends in between leaves the working password in that entry, or both in the store.

use secrecy::SecretString;

use super::key::{CredentialKey, pending, settle};
use super::store::{LockedStore, Store};
use super::values::Secrets;
use martydb_model::RoleName;
use martydb_model::contract::alternate_of;
use martydb_model::error::Result;
use martydb_pg::password::password;

impl LockedStore<'_> {
    /// As [`LockedStore::ensure`], for the roles themselves: skips an alternate login that the store names and the server
    /// lacks.
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

    /// Returns a new password for the login in use, stored beside the present one, which clients read until
    /// [`LockedStore::settle`].
    ///
    /// The operator changes variables before the rotation; their value is the new password already.
    pub async fn renew(&self, key: &CredentialKey, login: &RoleName) -> Result<SecretString> {
        if let Store::Variables { .. } = self.store {
            let found = self.store.read(std::slice::from_ref(key)).await?;
            return Ok(found.require(&key.server, &key.role)?.1.clone());
        }
        self.store_new(key, pending(login)).await
    }

    /// Makes the new password of the login in use the one that clients read. The server has it by now.
    pub async fn settle(&self, key: &CredentialKey, login: &RoleName, password: &SecretString) -> Result<()> {
        match self.store {
            Store::Variables { .. } => Ok(()),
            _ => self.write(key, &settle(login, password)).await,
        }
    }

    /// Returns a new password for the other login of the pair, stored where no client reads it yet.
    pub async fn prepare(&self, key: &CredentialKey, other: &RoleName) -> Result<SecretString> {
        let entry = if *other == key.role { pending(other) } else { other.to_string() };
        self.store_new(key, entry).await
    }

    /// Stores the former password of a user that accepts two, until the rotation is finished.
    pub async fn keep_former(&self, key: &CredentialKey, former: &SecretString) -> Result<()> {
        match alternate_of(&key.role) {
            Some(other) => self.write(key, &[(other.to_string(), Some(former.clone()))]).await,
            None => Ok(()),
        }
    }

    /// Removes the former password. A store that cannot remove gets the present one in its place.
    pub async fn forget_former(&self, key: &CredentialKey, present: &SecretString) -> Result<()> {
        match (self.store, alternate_of(&key.role)) {
            (Store::File { .. }, Some(other)) => self.write(key, &[(other.to_string(), None)]).await,
            (_, Some(_)) => self.keep_former(key, present).await,
            (_, None) => Ok(()),
        }
    }

    /// Makes `login` the one that clients use.
    #[martydb_pg::boxed]
    pub async fn publish(
        &self,
        key: &CredentialKey,
        login: &RoleName,
        password: &SecretString,
    ) -> Result<()> {
        self.write(key, &key.publish(login, password)).await
    }

    /// Removes the entries of a closed login. Variables have no such entries.
    pub async fn close(&self, key: &CredentialKey, login: &RoleName) -> Result<()> {
        match (self.store, key.close(login)) {
            (Store::File { .. }, entries) if !entries.is_empty() => self.write(key, &entries).await,
            _ => Ok(()),
        }
    }

    /// Copies the entries of a renamed role to its new name; existing ones stay.
    ///
    /// # Errors
    /// If neither name has an entry: the password that clients use would be lost.
    #[martydb_pg::boxed]
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
        // The alternate login's entry is first: the entry that names it must find it.
        let kept = if in_use { other } else { Some(password.clone()) };
        self.write(to, &[(alternate.to_string(), kept)]).await?;
        self.publish(to, if in_use { &to.role } else { &alternate }, password).await
    }

    /// Copies the password that the clients of a role use to the same role on another server; an existing one stays. Without
    /// a password nothing is copied: a role that is new there gets a new one.
    #[martydb_pg::boxed]
    pub async fn bring(&self, from: &CredentialKey, to: &CredentialKey) -> Result<()> {
        let known = self.store.read(&[from.clone(), to.clone()]).await?;
        if known.current(&to.server, &to.role).is_some() {
            return Ok(());
        }
        match known.current(&from.server, &from.role) {
            // The alternate login is not copied: its password becomes the role's own.
            Some((_, password)) => self.publish(to, &to.role, password).await,
            None => Ok(()),
        }
    }

    /// Removes a service's passwords. Returns `false` if martydb cannot delete from the store.
    #[martydb_pg::boxed]
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
