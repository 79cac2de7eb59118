//! Generation of passwords, and of the verifiers that are sent instead of them.

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use martydb_model::error::{Error, Result};
use martydb_model::sql::Secret;
use sha2::{Digest, Sha256};

const LENGTH: usize = 32;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Generates 32 characters of `[A-Za-z0-9]`: about 190 bits, with nothing to escape in a URL or a shell.
pub fn password() -> Result<SecretString> {
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        let mut bytes = Zeroizing::new([0u8; 64]);
        getrandom::fill(&mut *bytes)
            .map_err(|error| Error::operation("cannot get random numbers").cause(error))?;
        // 248 is the largest multiple of 62 in a byte; a larger limit would favour the first letters.
        let fair =
            bytes.iter().filter(|byte| **byte < 248).map(|byte| ALPHABET[usize::from(byte % 62)] as char);
        text.extend(fair.take(LENGTH - text.len()));
    }
    Ok(SecretString::from(text))
}

/// Returns the SCRAM-SHA-256 verifier of a password. It is computed here so that the password never reaches a server's log
/// (<https://www.postgresql.org/docs/current/sql-createrole.html>, RFC 5803).
pub fn verifier(password: &SecretString) -> Secret {
    Secret(postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes()))
}

/// Returns the form in which a Redis server is sent a password and keeps it, so that neither it nor its log sees the password
/// itself: SHA-256 in hexadecimal. <https://redis.io/docs/latest/commands/acl-setuser/>
pub fn sha256(password: &SecretString) -> String {
    let digest = Sha256::digest(password.expose_secret().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
