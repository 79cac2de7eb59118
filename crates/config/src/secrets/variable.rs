//! The env provider: passwords that the operator stored in variables.

use secrecy::SecretString;

use super::entries::StoredEntries;
use super::key::CredentialKey;
use super::values::Secrets;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

/// Reads all passwords. A missing variable stops the run before any change.
pub fn read(template: &str, environment: &Environment, keys: &[CredentialKey]) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    for key in keys {
        let name = name(template, key, &key.label);
        let value = environment.get(&name).filter(|value| !value.is_empty()).ok_or_else(|| {
            Error::manifest(format!("the variable {name} with the password of \"{}\" is not set", key.role))
                .hint("the secrets provider is env, which martydb can only read")
        })?;
        secrets.insert(key, SecretString::from(value.clone()));
    }
    Ok(secrets)
}

/// Returns the variable of each key; variables name no alternate login.
pub fn kept(template: &str, environment: &Environment, keys: &[CredentialKey]) -> Vec<StoredEntries> {
    let value = |key: &CredentialKey| {
        let value = environment.get(&name(template, key, &key.label)).filter(|value| !value.is_empty())?;
        Some((key.role.to_string(), SecretString::from(value.clone())))
    };
    keys.iter()
        .map(|key| StoredEntries { key: key.clone(), entries: value(key).into_iter().collect() })
        .collect()
}

/// Returns the name of a variable: `{SERVICE}` and `{ROLE}` (`role`) in capitals, with `_` for invalid characters.
pub fn name(template: &str, key: &CredentialKey, role: &str) -> String {
    let capitals = |text: &str| text.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    template
        .replace("{SERVICE}", &capitals(key.service.as_str()))
        .replace("{ROLE}", &capitals(role))
        .replace("{SERVER}", &capitals(&key.server))
}
