//! What a rotation does to the store. A role's place holds its password, or says that its twin is the login to
//! use, so that one look tells a client which of the two it is.
//!
//! A new password is kept before the server hears of it, and is in a role's place only when it works.

use secrecy::SecretString;

use super::{Secrets, Slot, Store, command, file, password, pointer, twin_of};
use crate::error::{Error, Result};
use crate::model::RoleName;

/// A key below a server, and its new value; `None` removes it.
pub type Entry = (String, Option<SecretString>);

/// Holds the first login's next password while its twin is in use.
fn pending(role: &RoleName) -> String {
    format!("{role}.next")
}

impl Store {
    /// As [`Store::ensure`], for the roles themselves: a twin that the store names and the server lacks is passed over.
    pub async fn ensure_own(&self, slots: &[Slot]) -> Result<Secrets> {
        let mut secrets = self.ensure(slots).await?;
        for slot in slots.iter() {
            if secrets.get(&slot.server, &slot.role).is_none() {
                let new = password()?;
                self.publish(slot, &slot.role, &new).await?;
                secrets.insert(slot, new);
            }
        }
        Ok(secrets)
    }

    /// A new password for the login that is in use, stored; whoever reads it from now on gets this one.
    ///
    /// Variables are changed by whoever sets them, so theirs is the new one already.
    pub async fn renew(&self, slot: &Slot, login: &RoleName) -> Result<SecretString> {
        if let Store::Variables { .. } = self {
            let found = self.read(std::slice::from_ref(slot)).await?;
            return Ok(found.require(&slot.server, &slot.role)?.1.clone());
        }
        let new = password()?;
        self.write(slot, &[(login.to_string(), Some(new.clone()))]).await?;
        Ok(new)
    }

    /// A new password for the other one of the pair, stored where nobody uses it yet.
    pub async fn prepare(&self, slot: &Slot, other: &RoleName) -> Result<SecretString> {
        let key = if *other == slot.role { pending(&slot.role) } else { other.to_string() };
        let new = password()?;
        self.write(slot, &[(key, Some(new.clone()))]).await?;
        Ok(new)
    }

    /// From now on `login` is the one to use.
    pub async fn publish(&self, slot: &Slot, login: &RoleName, password: &SecretString) -> Result<()> {
        let role = slot.role.to_string();
        let entries = match *login == slot.role {
            true => vec![
                (role, Some(password.clone())),
                (pending(&slot.role), None),
                (format!("{}{}", slot.role, crate::TWIN_SUFFIX), None),
            ],
            false => vec![(role, Some(SecretString::from(pointer(&slot.role))))],
        };
        self.write(slot, &entries).await
    }

    /// Removes a service's passwords. `false` where the store is not martydb's to delete from.
    pub async fn forget(&self, slots: &[Slot]) -> Result<bool> {
        let Store::File(path) = self else { return Ok(false) };
        if !path.exists() {
            return Ok(true);
        }
        for slot in slots {
            let twin = twin_of(&slot.role).map(|twin| (twin.to_string(), None));
            let own = [(slot.role.to_string(), None), (pending(&slot.role), None)];
            file::write(path, &slot.server, &own.into_iter().chain(twin).collect::<Vec<_>>())?;
        }
        Ok(true)
    }

    async fn write(&self, slot: &Slot, entries: &[Entry]) -> Result<()> {
        match self {
            Store::File(path) => file::write(path, &slot.server, entries),
            Store::Command(program) => command::write(program, slot, entries).await,
            Store::Variables { .. } => {
                Err(Error::manifest("the secrets provider is env, which is read-only")
                    .hint("set the variable to a new password, then run `martydb rotate` without --overlap"))
            }
        }
    }
}

impl Secrets {
    /// The other one of a pair: the one that the store does not name.
    pub fn other(&self, server: &str, role: &RoleName) -> Option<RoleName> {
        let (current, _) = self.current(server, role)?;
        if current == *role { twin_of(role) } else { Some(role.clone()) }
    }
}
