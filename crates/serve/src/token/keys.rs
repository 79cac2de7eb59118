//! Keys that verify tokens: public keys of a JSON Web Key Set (RFC 7517), or a shared secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// A key, with its name in the set.
#[derive(Debug, Clone)]
pub struct TokenKey {
    id: Option<String>,
    material: KeyMaterial,
}

#[derive(Debug, Clone)]
enum KeyMaterial {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
    Secret(SharedSecret),
}

/// A secret that the issuer of tokens shares; it is in no output.
#[derive(Clone)]
pub(crate) struct SharedSecret(hmac::Key);

impl fmt::Debug for SharedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedSecret")
    }
}

/// Least bytes of a shared secret (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

impl TokenKey {
    /// Makes the key of a shared secret of at least 32 bytes.
    pub fn of_secret(secret: &str) -> Option<TokenKey> {
        let long_enough = secret.len() >= SHORTEST_SECRET;
        let key = || SharedSecret(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        long_enough.then(|| TokenKey { id: None, material: KeyMaterial::Secret(key()) })
    }

    /// Returns the one algorithm of the key (RFC 7518, section 3.1; RFC 8037).
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.material {
            KeyMaterial::Rsa { .. } => "RS256",
            KeyMaterial::P256(_) => "ES256",
            KeyMaterial::Ed25519(_) => "EdDSA",
            KeyMaterial::Secret(_) => "HS256",
        }
    }

    /// Returns `true` if a token that names its key, or none, may mean this one.
    pub(crate) fn may_be(&self, id: Option<&str>) -> bool {
        id.is_none() || self.id.is_none() || self.id.as_deref() == id
    }

    /// Returns `true` if the signature is the key's.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let checked = match &self.material {
            KeyMaterial::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            KeyMaterial::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            KeyMaterial::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
            KeyMaterial::Secret(SharedSecret(key)) => hmac::verify(key, message, signature),
        };
        checked.is_ok()
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<WebKey>,
}

#[derive(Deserialize)]
struct WebKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Bytes of a coordinate of both curves.
const COORDINATE: usize = 32;

/// First byte of an uncompressed point (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Parses a JSON Web Key Set. Keys of other kinds, and those for encryption, are left out; a shared secret is none of its
/// keys, because the set is public.
///
/// # Errors
/// If it has no key that verifies signatures.
pub fn parse_keys(text: &str) -> Result<Vec<TokenKey>, String> {
    let set: KeySet =
        serde_json::from_str(text).map_err(|error| format!("not a JSON Web Key Set: {error}"))?;
    let keys: Vec<TokenKey> = set.keys.iter().filter_map(usable).collect();
    match keys.is_empty() {
        true => Err("it has no key for RS256, ES256 or EdDSA".into()),
        false => Ok(keys),
    }
}

fn usable(key: &WebKey) -> Option<TokenKey> {
    if key.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    let coordinate = |text: &Option<String>| bytes(text).filter(|bytes| bytes.len() == COORDINATE);
    let material = match (key.kty.as_str(), key.crv.as_deref()) {
        ("RSA", _) => KeyMaterial::Rsa { modulus: bytes(&key.n)?, exponent: bytes(&key.e)? },
        ("EC", Some("P-256")) => {
            KeyMaterial::P256([vec![UNCOMPRESSED], coordinate(&key.x)?, coordinate(&key.y)?].concat())
        }
        ("OKP", Some("Ed25519")) => KeyMaterial::Ed25519(coordinate(&key.x)?),
        _ => return None,
    };
    Some(TokenKey { id: key.kid.clone(), material })
}
