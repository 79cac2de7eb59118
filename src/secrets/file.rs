//! The file provider: one YAML file per environment, server → role → password.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use secrecy::{ExposeSecret, SecretString};

use super::rotation::Entry;
use super::{Secrets, Slot, password, pointer, twin_of};
use crate::error::{Error, Result};
use crate::yaml;

type Content = BTreeMap<String, BTreeMap<String, String>>;

const HEADER: &str = "# Passwords of the services' logins, written by martydb. Keep this file to yourself.\n";

/// Reads what is there; a missing file holds nothing.
pub fn read(path: &Path, slots: &[Slot]) -> Result<Secrets> {
    Ok(pick(&load(path)?, path, slots))
}

/// Adds a new password for every slot without one, under a lock, and returns all.
pub fn ensure(path: &Path, slots: &[Slot]) -> Result<Secrets> {
    let found = pick(&load(path)?, path, slots);
    if !slots.iter().any(|slot| found.lacks(slot)) {
        return Ok(found);
    }
    let _lock = lock(path)?;
    // Read again: another run may have written between our look and our lock.
    let mut content = load(path)?;
    for slot in slots {
        if pick(&content, path, std::slice::from_ref(slot)).lacks(slot) {
            let roles = content.entry(slot.server.clone()).or_default();
            roles.insert(slot.role.to_string(), password()?.expose_secret().into());
        }
    }
    save(path, &content)?;
    Ok(pick(&content, path, slots))
}

/// Sets or removes entries of one server, all at once.
pub fn write(path: &Path, server: &str, entries: &[Entry]) -> Result<()> {
    let _lock = lock(path)?;
    let mut content = load(path)?;
    let roles = content.entry(server.to_owned()).or_default();
    for (key, value) in entries {
        match value {
            Some(value) => drop(roles.insert(key.clone(), value.expose_secret().into())),
            None => drop(roles.remove(key)),
        }
    }
    content.retain(|_, roles| !roles.is_empty());
    save(path, &content)
}

fn pick(content: &Content, path: &Path, slots: &[Slot]) -> Secrets {
    let mut secrets = Secrets::default();
    for slot in slots {
        let text = |role: &str| content.get(&slot.server).and_then(|roles| roles.get(role));
        match text(slot.role.as_str()) {
            Some(found) if *found == pointer(&slot.role) => {
                let twin = twin_of(&slot.role).and_then(|twin| text(twin.as_str()));
                match twin {
                    Some(text) => secrets.insert_twin(slot, SecretString::from(text.clone())),
                    None => secrets.missing(slot, format!("{} has none for its twin", path.display())),
                }
            }
            Some(text) => secrets.insert(slot, SecretString::from(text.clone())),
            None => secrets.missing(slot, format!("{} has none", path.display())),
        }
    }
    secrets
}

fn load(path: &Path) -> Result<Content> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::new()),
        Err(error) => return Err(failed("read", path, &error)),
    };
    yaml::check(&text).map_err(|refused| {
        let yaml::Refused { message, hint, line, column } = refused;
        Error::manifest(format!("{}:{line}:{column}: {message}", path.display())).hint(hint)
    })?;
    let content: Option<Content> = serde_yaml::from_str(&text).map_err(|error| {
        // The parser's message may quote the text, and the text is passwords.
        let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
        Error::manifest(format!("{}{place}: not a file of passwords", path.display()))
            .hint("it should hold server → role → password, as martydb writes it")
    })?;
    Ok(content.unwrap_or_default())
}

/// Another run waits here until the file is whole.
fn lock(path: &Path) -> Result<File> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private_folder(folder).map_err(|error| failed("make the folder of", path, &error))?;
    let lock_path = path.with_extension("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path);
    let file = file.map_err(|error| failed("lock", path, &error))?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed("lock", path, &error.into()))?;
    Ok(file)
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    if !folder.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Temporary file, fsync, rename, fsync of the folder: a crash leaves the old file or the new one.
fn save(path: &Path, content: &Content) -> Result<()> {
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    let text = HEADER.to_owned() + &serde_yaml::to_string(content).expect("a map of texts is YAML");
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| failed("write", path, &error))
}

fn failed(verb: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::operation(format!("cannot {verb} the secret store {}", path.display())).cause(error)
}
