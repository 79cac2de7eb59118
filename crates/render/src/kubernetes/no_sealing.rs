//! Sealing in a build without the feature `sealed-secrets`: no certificate can be read.

use martydb_model::error::{Error, Result};

/// Public key that does not exist.
pub struct SealingKey {
    never: Never,
    /// Expiry of the certificate, in seconds since 1970.
    pub until: i64,
}

enum Never {}

impl SealingKey {
    /// # Errors
    /// Always: this build cannot seal.
    pub fn parse(_: &[u8]) -> Result<SealingKey> {
        Err(Error::usage("this build of martydb cannot seal Secrets")
            .hint("build it with the feature `sealed-secrets`"))
    }
}

/// A value to seal, with the name of its Secret (namespace and name) and its key there.
pub struct Unsealed<'a> {
    pub secret: &'a str,
    pub key: &'a str,
    pub value: &'a str,
}

/// Source of the keys for a file's values.
pub struct Sealer<'a>(&'a SealingKey);

impl<'a> Sealer<'a> {
    pub fn new<'v>(key: &'a SealingKey, _: impl Iterator<Item = &'v Unsealed<'v>>) -> Sealer<'a> {
        Sealer(key)
    }

    /// # Errors
    /// Never: there is no key.
    pub fn sealed(&self, one: &Unsealed<'_>) -> Result<Vec<u8>> {
        let _unused = (one.secret, one.key, one.value);
        match self.0.never {}
    }
}
