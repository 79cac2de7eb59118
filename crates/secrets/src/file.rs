//! The file provider: one YAML file per environment, server → role → password.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::entries::StoredEntries;
use super::key::{CredentialKey, Entry};
use super::private_file::{PrivateFile, failed};
use super::values::Secrets;
use martydb_model::RoleName;
use martydb_model::contract::alternate_of;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::yaml;
use martydb_pg::backoff::Backoff;
use martydb_pg::password::password;

type Content = BTreeMap<String, BTreeMap<String, StoredValue>>;

const HEADER: &str = "# Passwords of the services' logins, written by martydb. Keep this file to yourself.\n";

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

struct StoredValue(SecretString);

impl<'de> Deserialize<'de> for StoredValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StoredValue, D::Error> {
        String::deserialize(deserializer).map(|text| StoredValue(SecretString::from(text)))
    }
}

impl Serialize for StoredValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// The locked file; no other run changes it until this is dropped.
pub(crate) struct LockedFile {
    place: PrivateFile,
    _lock: File,
}

impl LockedFile {
    /// Takes the lock, waiting at most `wait`. It polls instead of blocking in the system, where no signal and no limit
    /// would end the wait.
    ///
    /// # Errors
    /// [`Kind::Locked`], naming the file that is locked.
    #[martydb_pg::boxed]
    pub async fn lock(path: &Path, wait: Duration) -> Result<LockedFile> {
        let place = PrivateFile::make(path)?;
        let (lock, lock_path) = place.lock_file()?;
        let mut backoff = Backoff::until(Instant::now() + wait, FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK | Errno::INTR) if backoff.wait().await => {}
                Err(Errno::WOULDBLOCK | Errno::INTR) => return Err(busy(&place, &lock_path)),
                Err(error) => return Err(failed("lock", &lock_path, error.into())),
            }
        }
        place.remove_leftovers();
        Ok(LockedFile { place, _lock: lock })
    }

    /// Adds a new password for every key without one, and returns all.
    pub(crate) fn ensure(&self, keys: &[CredentialKey]) -> Result<Secrets> {
        let mut content = load(&self.place)?;
        let found = pick(&content, &self.place.path(), keys);
        let lacking: Vec<_> = keys.iter().filter(|key| found.lacks(key)).collect();
        if lacking.is_empty() {
            return Ok(found);
        }
        for key in lacking {
            let roles = content.entry(key.server.clone()).or_default();
            roles.insert(key.role.to_string(), StoredValue(password()?));
        }
        self.save(&content)?;
        Ok(pick(&content, &self.place.path(), keys))
    }

    /// Sets or removes entries of one server in one write.
    pub(crate) fn write(&self, server: &str, entries: &[Entry]) -> Result<()> {
        let mut content = load(&self.place)?;
        let roles = content.entry(server.to_owned()).or_default();
        for (key, value) in entries {
            match value {
                Some(value) => drop(roles.insert(key.clone(), StoredValue(value.clone()))),
                None => drop(roles.remove(key)),
            }
        }
        content.retain(|_, roles| !roles.is_empty());
        self.save(&content)
    }

    fn save(&self, content: &Content) -> Result<()> {
        let yaml = Zeroizing::new(serde_yaml::to_string(content).expect("a map of texts is YAML"));
        let mut text = String::with_capacity(HEADER.len() + yaml.len());
        text.push_str(HEADER);
        text.push_str(&yaml);
        self.place.replace(&SecretString::from(text))
    }
}

/// Reads the passwords; a missing file contains none.
pub(crate) fn read(path: &Path, keys: &[CredentialKey]) -> Result<Secrets> {
    let content = match PrivateFile::find(path)? {
        Some(place) => load(&place)?,
        None => Content::new(),
    };
    Ok(pick(&content, path, keys))
}

/// Returns all entries of each key.
pub(crate) fn kept(path: &Path, keys: &[CredentialKey]) -> Result<Vec<StoredEntries>> {
    let content = match PrivateFile::find(path)? {
        Some(place) => load(&place)?,
        None => Content::new(),
    };
    let kept = |key: &CredentialKey, name: String| {
        let value = content.get(&key.server)?.get(&name)?.0.clone();
        Some((name, value))
    };
    let all = |key: &CredentialKey| {
        StoredEntries::names(key).into_iter().filter_map(|name| kept(key, name)).collect()
    };
    Ok(keys.iter().map(|key| StoredEntries { key: key.clone(), entries: all(key) }).collect())
}

/// Returns the password of the alternate login of a role that is itself in use.
pub(crate) fn alternate(path: &Path, key: &CredentialKey) -> Result<Option<SecretString>> {
    let Some(place) = PrivateFile::find(path)? else { return Ok(None) };
    let content = load(&place)?;
    let kept = |role: RoleName| Some(content.get(&key.server)?.get(role.as_str())?.0.clone());
    Ok(alternate_of(&key.role).and_then(kept))
}

fn pick(content: &Content, path: &Path, keys: &[CredentialKey]) -> Secrets {
    let mut secrets = Secrets::default();
    for key in keys {
        let kept = |role: &str| Some(&content.get(&key.server)?.get(role)?.0);
        match kept(key.role.as_str()) {
            Some(found) if key.refers_to_alternate(found) => {
                match alternate_of(&key.role).and_then(|alternate| kept(alternate.as_str())) {
                    Some(password) => secrets.insert_alternate(key, password.clone()),
                    None => {
                        secrets.missing(key, format!("{} has none for its alternate login", path.display()))
                    }
                }
            }
            Some(password) => secrets.insert(key, password.clone()),
            None => secrets.missing(key, format!("{} has none", path.display())),
        }
    }
    secrets
}

fn load(place: &PrivateFile) -> Result<Content> {
    let Some(text) = place.read()? else { return Ok(Content::new()) };
    yaml::check(text.expose_secret(), &place.path())?;
    let content: Option<Content> = serde_yaml::from_str(text.expose_secret()).map_err(|error| {
        // The parser's message may quote the text, which consists of passwords.
        let at = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
        Error::manifest(format!("{}{at}: not a file of passwords", place.path().display()))
            .hint("it should hold server → role → password, as martydb writes it")
    })?;
    Ok(content.unwrap_or_default())
}

fn busy(place: &PrivateFile, lock: &Path) -> Error {
    Error::new(Kind::Locked, format!("another run works on the secret store {}", place.path().display()))
        .cause(format!("{} is locked", lock.display()))
        .hint("wait for it to end, or allow more time with --lock-wait")
}
