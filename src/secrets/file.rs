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

use super::place::{Place, failed};
use super::rotation::Entry;
use super::{Secrets, Slot, password, pointer, twin_of};
use crate::error::{Error, Kind, Result};
use crate::yaml;

type Content = BTreeMap<String, BTreeMap<String, Kept>>;

const HEADER: &str = "# Passwords of the services' logins, written by martydb. Keep this file to yourself.\n";

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A password on its way from or to the file.
struct Kept(SecretString);

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kept, D::Error> {
        String::deserialize(deserializer).map(|text| Kept(SecretString::from(text)))
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// The file, locked: no other run changes it until this is dropped.
pub struct Locked {
    place: Place,
    _lock: File,
}

impl Locked {
    /// Takes the lock, waiting at most `wait`. It is asked for again and again instead of waited for in the system,
    /// where no signal and no limit would end the wait.
    ///
    /// # Errors
    /// [`Kind::Locked`], naming the file that is locked.
    pub async fn take(path: &Path, wait: Duration) -> Result<Locked> {
        let place = Place::make(path)?;
        let (lock, lock_path) = place.lock_file()?;
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK | Errno::INTR) if began.elapsed() + pause <= wait => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => return Err(busy(&place, &lock_path)),
                Err(error) => return Err(failed("lock", &lock_path, error.into())),
            }
        }
        place.remove_leftovers();
        Ok(Locked { place, _lock: lock })
    }

    /// Adds a new password for every slot without one, and returns all.
    pub fn ensure(&self, slots: &[Slot]) -> Result<Secrets> {
        let mut content = load(&self.place)?;
        let lacking: Vec<&Slot> = slots
            .iter()
            .filter(|slot| pick(&content, &self.place.path(), std::slice::from_ref(slot)).lacks(slot))
            .collect();
        for slot in &lacking {
            let roles = content.entry(slot.server.clone()).or_default();
            roles.insert(slot.role.to_string(), Kept(password()?));
        }
        if !lacking.is_empty() {
            self.save(&content)?;
        }
        Ok(pick(&content, &self.place.path(), slots))
    }

    /// Sets or removes entries of one server, all at once.
    pub fn write(&self, server: &str, entries: &[Entry]) -> Result<()> {
        let mut content = load(&self.place)?;
        let roles = content.entry(server.to_owned()).or_default();
        for (key, value) in entries {
            match value {
                Some(value) => drop(roles.insert(key.clone(), Kept(value.clone()))),
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

/// Reads what is there; a missing file holds nothing.
pub fn read(path: &Path, slots: &[Slot]) -> Result<Secrets> {
    let content = match Place::find(path)? {
        Some(place) => load(&place)?,
        None => Content::new(),
    };
    Ok(pick(&content, path, slots))
}

fn pick(content: &Content, path: &Path, slots: &[Slot]) -> Secrets {
    let mut secrets = Secrets::default();
    for slot in slots {
        let kept = |role: &str| Some(&content.get(&slot.server)?.get(role)?.0);
        match kept(slot.role.as_str()) {
            Some(found) if found.expose_secret() == pointer(&slot.role) => {
                let twin = twin_of(&slot.role).and_then(|twin| kept(twin.as_str()));
                match twin {
                    Some(password) => secrets.insert_twin(slot, password.clone()),
                    None => secrets.missing(slot, format!("{} has none for its twin", path.display())),
                }
            }
            Some(password) => secrets.insert(slot, password.clone()),
            None => secrets.missing(slot, format!("{} has none", path.display())),
        }
    }
    secrets
}

fn load(place: &Place) -> Result<Content> {
    let Some(text) = place.read()? else { return Ok(Content::new()) };
    yaml::check(text.expose_secret()).map_err(|refused| {
        let yaml::Refused { message, hint, line, column } = refused;
        Error::manifest(format!("{}:{line}:{column}: {message}", place.path().display())).hint(hint)
    })?;
    let content: Option<Content> = serde_yaml::from_str(text.expose_secret()).map_err(|error| {
        // The parser's message may quote the text, and the text is passwords.
        let at = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
        Error::manifest(format!("{}{at}: not a file of passwords", place.path().display()))
            .hint("it should hold server → role → password, as martydb writes it")
    })?;
    Ok(content.unwrap_or_default())
}

fn busy(place: &Place, lock: &Path) -> Error {
    Error::new(Kind::Locked, format!("another run works on the secret store {}", place.path().display()))
        .cause(format!("{} is locked", lock.display()))
        .hint("wait for it to end, or allow more time with --lock-wait")
}
