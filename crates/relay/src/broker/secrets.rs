//! Credentials of brokers, from the variables that the manifest names.

use secrecy::SecretString;

use martydb_model::EventTarget;
use martydb_model::environment::Environment;
use martydb_model::error::Result;
use martydb_secrets::credentials;

/// Credentials for a connection, in addition to the address.
#[derive(Debug, Clone, Default)]
pub struct BrokerSecrets {
    pub password: Option<SecretString>,
    /// Key that signs webhook requests.
    pub signature: Option<SecretString>,
}

impl BrokerSecrets {
    /// Reads the variables that the target names. They are read for each connection, so changes are effective.
    ///
    /// # Errors
    /// If a variable is not set, or its file cannot be read.
    pub fn new(target: &EventTarget, environment: &Environment) -> Result<BrokerSecrets> {
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
