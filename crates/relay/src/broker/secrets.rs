//! What it takes to be let in, from the variables that the manifest names.

use secrecy::SecretString;

use martydb_config::credentials;
use martydb_model::EventTarget;
use martydb_model::environment::Environment;
use martydb_model::error::Result;

/// What it takes to connect, beside the address.
#[derive(Debug, Clone, Default)]
pub struct BrokerSecrets {
    pub password: Option<SecretString>,
    /// What web hooks are signed with.
    pub signature: Option<SecretString>,
}

impl BrokerSecrets {
    /// Reads the variables that the target names, now, so that one that changed is taken as it is.
    ///
    /// # Errors
    /// If one is not set, or its file cannot be read.
    pub fn of(target: &EventTarget, environment: &Environment) -> Result<BrokerSecrets> {
        let read = |name: Option<&String>| match name {
            None => Ok(None),
            Some(name) => credentials::named(environment, name).map(Some),
        };
        let signature = match target {
            EventTarget::Http { signature_env, .. } => signature_env.as_ref(),
            _ => None,
        };
        Ok(BrokerSecrets { password: read(target.at().password_env.as_ref())?, signature: read(signature)? })
    }
}
