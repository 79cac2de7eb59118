//! All entries of a login and its alternate, under the store's own names: the unit that moves between stores.

use secrecy::{ExposeSecret, SecretString};

use super::key::{CredentialKey, pending};
use martydb_model::RoleName;
use martydb_model::contract::alternate_of;

/// Entries of one key. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct StoredEntries {
    pub key: CredentialKey,
    /// Name and value. The role's own entry is last: it may name the alternate login, which must exist by then.
    pub entries: Vec<(String, SecretString)>,
}

/// A login with a password in the store.
#[derive(Debug, Clone)]
pub struct StoredLogin {
    pub login: RoleName,
    /// `true` if clients use it; the other one of a pair waits for `rotate --finish`.
    pub in_use: bool,
    pub password: SecretString,
}

impl StoredEntries {
    /// Returns the names of all possible entries, in the order of [`StoredEntries::entries`].
    pub fn names(key: &CredentialKey) -> Vec<String> {
        let alternate = alternate_of(&key.role);
        let next = alternate.iter().map(pending).chain([pending(&key.role)]);
        alternate.iter().map(ToString::to_string).chain(next).chain([key.role.to_string()]).collect()
    }

    /// Returns the names of the entries with the logins' present passwords.
    pub(crate) fn login_names(key: &CredentialKey) -> Vec<String> {
        alternate_of(&key.role).iter().chain([&key.role]).map(ToString::to_string).collect()
    }

    /// Returns the logins with their passwords, the one in use first.
    pub fn logins(&self) -> Vec<StoredLogin> {
        let kept = |login: &RoleName| Some(self.get(login.as_str())?.clone());
        let own = kept(&self.key.role);
        let refers = own.as_ref().is_some_and(|own| self.key.refers_to_alternate(own));
        let own = own.filter(|_| !refers).map(|password| StoredLogin {
            login: self.key.role.clone(),
            in_use: true,
            password,
        });
        let alternate = alternate_of(&self.key.role).and_then(|login| {
            let password = kept(&login)?;
            Some(StoredLogin { login, in_use: refers, password })
        });
        own.into_iter().chain(alternate).collect()
    }

    /// Returns the entries that make these the logins of the key.
    pub fn new(key: CredentialKey, logins: &[StoredLogin]) -> StoredEntries {
        let mut entries: Vec<(String, SecretString)> = vec![];
        for login in logins {
            if login.login != key.role {
                entries.push((login.login.to_string(), login.password.clone()));
            }
        }
        for login in logins.iter().filter(|login| login.in_use) {
            let published = key.publish(&login.login, &login.password).into_iter();
            entries.extend(published.filter_map(|(name, value)| Some((name, value?))));
        }
        StoredEntries { key, entries }
    }

    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.entries.iter().find(|(kept, _)| kept == name).map(|(_, value)| value)
    }

    /// Returns the entries of `others` that are missing here or have another value.
    pub fn lacking(&self, others: &StoredEntries) -> StoredEntries {
        let same = |name: &str, value: &SecretString| {
            self.get(name).is_some_and(|kept| kept.expose_secret() == value.expose_secret())
        };
        let entries = others.entries.iter().filter(|(name, value)| !same(name, value)).cloned().collect();
        StoredEntries { key: others.key.clone(), entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::{RoleKind, ServiceName};

    fn key() -> CredentialKey {
        CredentialKey {
            server: "main".into(),
            role: RoleName::new("a_app").unwrap(),
            service: ServiceName::new("a").unwrap(),
            kind: RoleKind::App,
            label: "app".into(),
            further: false,
        }
    }

    fn kept(all: &[(&str, &str)]) -> StoredEntries {
        let entries = all.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)));
        StoredEntries { key: key(), entries: entries.collect() }
    }

    #[test]
    fn the_logins_of_entries_make_the_same_entries() {
        for all in [
            &[("a_app", "one")][..],
            &[("a_app_b", "two"), ("a_app", "one")],
            &[("a_app_b", "two"), ("a_app", "-> a_app_b")],
            &[],
        ] {
            let entries = kept(all);
            let again = StoredEntries::new(key(), &entries.logins());
            assert!(entries.lacking(&again).entries.is_empty(), "{all:?}");
            assert!(again.lacking(&entries).entries.is_empty(), "{all:?}");
        }
        let logins = kept(&[("a_app_b", "two"), ("a_app", "-> a_app_b")]).logins();
        assert_eq!(logins.len(), 1);
        assert!(logins[0].in_use && logins[0].login.as_str() == "a_app_b");
    }

    #[test]
    fn an_entry_that_names_the_alternate_comes_after_it() {
        assert_eq!(StoredEntries::names(&key()), ["a_app_b", "a_app_b.next", "a_app.next", "a_app"]);
        let made = StoredEntries::new(key(), &kept(&[("a_app_b", "two"), ("a_app", "-> a_app_b")]).logins());
        assert_eq!(made.entries[0].0, "a_app_b");
        assert!(!format!("{made:?}").contains("two"));
    }
}
