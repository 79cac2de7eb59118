//! The env provider: passwords that somebody else put into variables.

use secrecy::SecretString;

use super::{Secrets, Slot};
use crate::error::{Error, Result};
use crate::manifest::Environment;

/// Reads all; a missing variable stops the run before anything is touched.
pub fn read(template: &str, environment: &Environment, slots: &[Slot]) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    for slot in slots {
        let name = name(template, slot);
        match environment.get(&name) {
            Some(value) if !value.is_empty() => secrets.insert(slot, SecretString::from(value.clone())),
            _ => {
                return Err(Error::manifest(format!(
                    "the variable {name} with the password of \"{}\" is not set",
                    slot.role
                ))
                .hint("the secrets provider is env, which martydb can only read"));
            }
        }
    }
    Ok(secrets)
}

/// `{SERVICE}` and `{ROLE}` in capitals; what a variable's name cannot hold becomes `_`.
fn name(template: &str, slot: &Slot) -> String {
    let capitals = |text: &str| text.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    template
        .replace("{SERVICE}", &capitals(slot.service.as_str()))
        .replace("{ROLE}", &capitals(slot.kind.key()))
        .replace("{SERVER}", &capitals(&slot.server))
}
