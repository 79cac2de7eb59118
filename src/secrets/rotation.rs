//! What a rotation does to the store. A role's place holds its password, or says that its twin is the login to
//! use, so that one look tells a client which of the two it is.
//!
//! A new password is kept before the server hears of it, and is in a login's place only when the server has it: a
//! run that ends in between leaves the password that works in that place, or both in the store.

use secrecy::SecretString;

use super::{Held, Secrets, Slot, Store, command, password, pointer, twin_of};
use crate::error::{Error, Result};
use crate::model::RoleName;

/// A key below a server, and its new value; `None` removes it.
pub type Entry = (String, Option<SecretString>);

/// Holds the next password of a login whose present one is in use.
fn pending(login: &RoleName) -> String {
    format!("{login}.next")
}

impl Store {
    /// As [`Store::ensure`], for the roles themselves: a twin that the store names and the server lacks is passed over.
    pub async fn ensure_own(&self, held: &Held, slots: &[Slot]) -> Result<Secrets> {
        let mut secrets = self.ensure(held, slots).await?;
        for slot in slots.iter() {
            if secrets.get(&slot.server, &slot.role).is_none() {
                let new = password()?;
                self.publish(held, slot, &slot.role, &new).await?;
                secrets.insert(slot, new);
            }
        }
        Ok(secrets)
    }

    /// A new password for the login that is in use, stored beside the present one, which stays what clients read
    /// until [`Store::settle`].
    ///
    /// Variables are changed by whoever sets them, so theirs is the new one already.
    pub async fn renew(&self, held: &Held, slot: &Slot, login: &RoleName) -> Result<SecretString> {
        if let Store::Variables { .. } = self {
            let found = self.read(std::slice::from_ref(slot)).await?;
            return Ok(found.require(&slot.server, &slot.role)?.1.clone());
        }
        let new = password()?;
        self.write(held, slot, &[(pending(login), Some(new.clone()))]).await?;
        Ok(new)
    }

    /// The server has the new password of the login in use: from now on clients read it.
    pub async fn settle(
        &self,
        held: &Held,
        slot: &Slot,
        login: &RoleName,
        password: &SecretString,
    ) -> Result<()> {
        if let Store::Variables { .. } = self {
            return Ok(());
        }
        self.write(held, slot, &[(login.to_string(), Some(password.clone())), (pending(login), None)]).await
    }

    /// A new password for the other one of the pair, stored where no client reads it yet.
    pub async fn prepare(&self, held: &Held, slot: &Slot, other: &RoleName) -> Result<SecretString> {
        let key = if *other == slot.role { pending(&slot.role) } else { other.to_string() };
        let new = password()?;
        self.write(held, slot, &[(key, Some(new.clone()))]).await?;
        Ok(new)
    }

    /// From now on `login` is the one to use.
    pub async fn publish(
        &self,
        held: &Held,
        slot: &Slot,
        login: &RoleName,
        password: &SecretString,
    ) -> Result<()> {
        let role = slot.role.to_string();
        let entries = match *login == slot.role {
            true => {
                let mut entries = vec![(role, Some(password.clone())), (pending(&slot.role), None)];
                entries.extend(twins(slot));
                entries
            }
            false => vec![(role, Some(SecretString::from(pointer(&slot.role))))],
        };
        self.write(held, slot, &entries).await
    }

    /// Removes a service's passwords. `false` where the store is not martydb's to delete from.
    pub async fn forget(&self, held: &Held, slots: &[Slot]) -> Result<bool> {
        let Store::File(path) = self else { return Ok(false) };
        if !path.exists() {
            return Ok(true);
        }
        for slot in slots {
            let mut entries = vec![(slot.role.to_string(), None), (pending(&slot.role), None)];
            entries.extend(twins(slot));
            self.write(held, slot, &entries).await?;
        }
        Ok(true)
    }

    async fn write(&self, held: &Held, slot: &Slot, entries: &[Entry]) -> Result<()> {
        match self {
            Store::File(_) => held.file()?.write(&slot.server, entries),
            Store::Command(program) => command::write(program, slot, entries).await,
            Store::Variables { .. } => {
                Err(Error::manifest("the secrets provider is env, which is read-only")
                    .hint("set the variable to a new password, then run `martydb rotate` without --overlap"))
            }
        }
    }
}

/// The entries of a role's twin, to be removed.
fn twins(slot: &Slot) -> Vec<Entry> {
    let entries = |twin: RoleName| [(twin.to_string(), None), (pending(&twin), None)];
    twin_of(&slot.role).map(entries).into_iter().flatten().collect()
}

impl Secrets {
    /// The other one of a pair: the one that the store does not name.
    pub fn other(&self, server: &str, role: &RoleName) -> Option<RoleName> {
        let (current, _) = self.current(server, role)?;
        if current == *role { twin_of(role) } else { Some(role.clone()) }
    }
}
