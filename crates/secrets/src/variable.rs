//! The env provider: passwords that the operator stored in variables.

use secrecy::SecretString;

use super::entries::StoredEntries;
use super::key::CredentialKey;
use super::values::Secrets;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};

/// Reads all passwords. Missing variables stop the run before any change, and all are named at once.
pub(crate) fn read(template: &str, environment: &Environment, keys: &[CredentialKey]) -> Result<Secrets> {
    let missing: Vec<(String, &CredentialKey)> = keys
        .iter()
        .map(|key| (name(template, key, &key.label), key))
        .filter(|(name, _)| value(environment, name).is_none())
        .collect();
    if missing.is_empty() { Ok(present(template, environment, keys)) } else { Err(unset(&missing)) }
}

/// Reads the passwords whose variables are set.
pub(crate) fn present(template: &str, environment: &Environment, keys: &[CredentialKey]) -> Secrets {
    let mut secrets = Secrets::default();
    for key in keys {
        if let Some(value) = value(environment, &name(template, key, &key.label)) {
            secrets.insert(key, SecretString::from(value.clone()));
        }
    }
    secrets
}

fn value<'e>(environment: &'e Environment, name: &str) -> Option<&'e String> {
    environment.get(name).filter(|value| !value.is_empty())
}

fn unset(missing: &[(String, &CredentialKey)]) -> Error {
    let error = match missing {
        [(name, key)] => {
            Error::manifest(format!("the variable {name} with the password of \"{}\" is not set", key.role))
        }
        all => {
            let lines = all.iter().map(|(name, key)| format!("{name}, the password of \"{}\"", key.role));
            Error::manifest(format!("{} variables with passwords are not set", all.len())).causes(lines)
        }
    };
    error
        .hint("the secrets provider is env, which martydb can only read")
        .hint("`martydb secrets export --format dotenv --template` prints a file with the names of all")
}

/// Returns the variable of each key; variables name no alternate login.
pub(crate) fn kept(template: &str, environment: &Environment, keys: &[CredentialKey]) -> Vec<StoredEntries> {
    let entry = |key: &CredentialKey| {
        let value = value(environment, &name(template, key, &key.label))?;
        Some((key.role.to_string(), SecretString::from(value.clone())))
    };
    keys.iter()
        .map(|key| StoredEntries { key: key.clone(), entries: entry(key).into_iter().collect() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::{RoleKind, RoleName, ServiceName};

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let key = |role: &str, label: &str| CredentialKey {
            server: "main".into(),
            role: RoleName::found(role).unwrap(),
            service: ServiceName::new("csca").unwrap(),
            kind: RoleKind::App,
            label: label.into(),
            further: false,
        };
        let keys = [key("csca_app", "app"), key("csca_ro", "readonly"), key("csca_migrator", "migrator")];
        let environment: Environment = [("CSCA_APP_PASSWORD", "a"), ("CSCA_READONLY_PASSWORD", "")]
            .map(|(n, v)| (n.into(), v.into()))
            .into();
        let template = "{SERVICE}_{ROLE}_PASSWORD";
        let error = read(template, &environment, &keys).unwrap_err();
        assert_eq!(error.message, "2 variables with passwords are not set");
        assert_eq!(
            error.causes,
            [
                "CSCA_READONLY_PASSWORD, the password of \"csca_ro\"",
                "CSCA_MIGRATOR_PASSWORD, the password of \"csca_migrator\"",
            ]
        );
        let one = read(template, &environment, &keys[..2]).unwrap_err();
        assert!(one.message.starts_with("the variable CSCA_READONLY_PASSWORD with"), "{one}");
        assert!(present(template, &environment, &keys).logins("main").len() == 1);
        assert!(read(template, &environment, &keys[..1]).is_ok());
    }
}
