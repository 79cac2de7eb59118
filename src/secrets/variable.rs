//! The env provider: passwords that the operator put into variables.

use secrecy::SecretString;

use super::key::CredentialKey;
use super::values::Secrets;
use crate::environment::Environment;
use crate::error::{Error, Result};

/// Reads all; a missing variable stops the run before anything is touched.
pub fn read(template: &str, environment: &Environment, keys: &[CredentialKey]) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    for key in keys {
        let name = name(template, key);
        let value = environment.get(&name).filter(|value| !value.is_empty()).ok_or_else(|| {
            Error::manifest(format!("the variable {name} with the password of \"{}\" is not set", key.role))
                .hint("the secrets provider is env, which martydb can only read")
        })?;
        secrets.insert(key, SecretString::from(value.clone()));
    }
    Ok(secrets)
}

/// `{SERVICE}` and `{ROLE}` in capitals; what a variable's name cannot hold becomes `_`.
fn name(template: &str, key: &CredentialKey) -> String {
    let capitals = |text: &str| text.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    template
        .replace("{SERVICE}", &capitals(key.service.as_str()))
        .replace("{ROLE}", &capitals(key.kind.key()))
        .replace("{SERVER}", &capitals(&key.server))
}
