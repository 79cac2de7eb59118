//! `include: [FILES]`: separate files of services, servers, further roles and accepted findings.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::{Mapping, Value};

use crate::source::pattern::{self, MOST_FILES};
use crate::source::yaml_file::YamlFile;
use crate::trust::ManifestPath;
use martydb_model::error::{Error, Result};

/// Sections of an included file that are maps of names, with the word for one entry.
const SECTIONS: [(&str, &str); 3] = [("services", "service"), ("servers", "server"), ("access", "role")];

/// Section that is a list.
pub(crate) const ALLOW: &str = "allow";

const HINT: &str = "an included file may contain only the keys `services`, `servers`, `access` and `allow`";

/// Keys of a server that only the manifest itself may have, with the reason.
const OWN_KEYS: [(&str, &str); 1] =
    [("password_command", "only the manifest itself names the programs that martydb runs")];

/// Reads the files that the base includes, each once.
///
/// # Errors
/// With the location in the base or in the included file, or if another account could have written one.
pub(crate) fn read(base: &YamlFile, place: &ManifestPath) -> Result<Vec<YamlFile>> {
    // Another type is reported with all other type errors.
    let Some(Value::Sequence(patterns)) = base.value.get("include") else { return Ok(vec![]) };
    let own = base.path.canonicalize().ok();
    let (mut seen, mut files) = (BTreeSet::new(), vec![]);
    for (index, pattern) in patterns.iter().enumerate() {
        let Some(pattern) = pattern.as_str() else { continue };
        let wrong = |why: String| {
            let place = base.place(&["include", &index.to_string()]);
            Error::manifest(format!("{}: {why}", place.unwrap_or_else(|| base.path.display().to_string())))
        };
        let found = pattern::files(base.folder(), pattern).map_err(|why| {
            wrong(why).hint("paths are relative to the manifest; * matches characters within one name")
        })?;
        for path in found {
            let real = path.canonicalize().ok();
            if real.is_some() && real == own {
                return Err(wrong(format!("\"{pattern}\" names the manifest itself"))
                    .hint("put what it includes into a folder of its own"));
            }
            if seen.insert(real.unwrap_or_else(|| path.clone())) {
                place.check(&path)?;
                files.push(YamlFile::read(&path, HINT)?);
            }
            if files.len() > MOST_FILES {
                return Err(wrong(format!("more than {MOST_FILES} files are included")));
            }
        }
    }
    Ok(files)
}

/// Adds the content of the files to the tree of the base.
///
/// # Errors
/// If a file has other keys, or an entry is declared twice; both locations are given.
pub(crate) fn merge(tree: &mut Value, base: &YamlFile, files: &[YamlFile]) -> Result<()> {
    for file in files {
        check(file, base)?;
    }
    check_password_variables(base, files)?;
    for (section, word) in SECTIONS {
        let mut owners: BTreeMap<String, &YamlFile> =
            names(base, section).map(|name| (name.to_owned(), base)).collect();
        for file in files {
            for name in names(file, section) {
                if let Some(first) = owners.insert(name.to_owned(), file) {
                    let place = |file: &YamlFile| file.place(&[section, name]).unwrap_or_default();
                    let message = format!("{}: {word} \"{name}\" is declared twice", place(file));
                    return Err(Error::manifest(message).cause(format!("first at {}", place(first))));
                }
            }
            let Some(Value::Mapping(entries)) = file.value.get(section) else { continue };
            add(tree, section, entries);
        }
    }
    Ok(())
}

fn check(file: &YamlFile, base: &YamlFile) -> Result<()> {
    for (key, value) in file.value.as_mapping().into_iter().flatten() {
        let key = key.as_str().unwrap_or_default();
        let why = match (key, SECTIONS.iter().any(|(section, _)| *section == key), value) {
            (ALLOW, _, Value::Sequence(_) | Value::Null) | (_, true, Value::Mapping(_) | Value::Null) => {
                continue;
            }
            (ALLOW, ..) => "expected a list",
            (_, true, _) => "expected a map of names",
            (_, false, _) => "this key cannot be included",
        };
        let place = file.place(&[key]).unwrap_or_else(|| file.path.display().to_string());
        let way = is_word(key).then(|| format!("write `{key}` into {}", base.path.display()));
        let key = if is_word(key) { format!("\"{key}\"") } else { "a key".into() };
        let error = Error::manifest(format!("{place}: {key}: {why}")).hint(HINT);
        return Err(error.hint_if(way.filter(|_| why.starts_with("this"))));
    }
    check_servers(file, base)
}

/// Refuses what only the manifest itself may say about a server.
fn check_servers(file: &YamlFile, base: &YamlFile) -> Result<()> {
    let servers = file.value.get("servers").and_then(Value::as_mapping).into_iter().flatten();
    for (name, server) in servers {
        let name = name.as_str().unwrap_or_default();
        if let Some((key, why)) = OWN_KEYS.iter().find(|(key, _)| server.get(key).is_some()) {
            let error = file.error_at(&["servers", name, key], format!("\"{key}\": {why}"));
            return Err(error.hint(format!("declare server {name} in {}", base.path.display())));
        }
    }
    Ok(())
}

/// Refuses a variable that servers of two files take their admin's password from: a file could send that of another's
/// server to an address of its own.
fn check_password_variables(base: &YamlFile, files: &[YamlFile]) -> Result<()> {
    let mut owners: BTreeMap<&str, (usize, Option<String>)> = BTreeMap::new();
    for (at, file) in std::iter::once(base).chain(files).enumerate() {
        for (path, variable) in password_variables(file) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let (owner, first) = owners.entry(variable).or_insert_with(|| (at, file.place(&path)));
            if *owner != at {
                let message = format!("\"{variable}\" is the password of a server of another file");
                return Err(file
                    .error_at(&path, message)
                    .cause(format!("first at {}", first.clone().unwrap_or_default()))
                    .hint("give the admin of this server a variable of its own"));
            }
        }
    }
    Ok(())
}

/// Returns the variables of admins' passwords, with their paths.
fn password_variables(file: &YamlFile) -> impl Iterator<Item = (Vec<String>, &str)> {
    let servers = file.value.get("servers").and_then(Value::as_mapping).into_iter().flatten();
    servers.flat_map(|(name, server)| {
        let path = ["servers".to_owned(), name.as_str().unwrap_or_default().to_owned()];
        let own = server.get("password_env").and_then(Value::as_str);
        own.map(|variable| ([&path[..], &["password_env".to_owned()]].concat(), variable))
    })
}

/// Returns `true` for what a key of a manifest looks like. Anything else may be a line of a file that is none, such as
/// /etc/shadow, and is not printed.
fn is_word(key: &str) -> bool {
    (1..=40).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Returns the names in a section.
pub(crate) fn names<'a>(file: &'a YamlFile, section: &str) -> impl Iterator<Item = &'a str> {
    let entries = file.value.get(section).and_then(Value::as_mapping).into_iter().flatten();
    entries.filter_map(|(name, _)| name.as_str())
}

fn add(tree: &mut Value, section: &str, entries: &Mapping) {
    let Value::Mapping(tree) = tree else { return };
    let here = tree.entry(section.into()).or_insert(Value::Null);
    if here.is_null() {
        *here = Value::Mapping(Mapping::new());
    }
    if let Value::Mapping(here) = here {
        here.extend(entries.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}
