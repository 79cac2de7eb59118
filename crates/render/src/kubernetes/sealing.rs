//! Sealing for one Sealed Secrets controller, like kubeseal: AES-256-GCM with a separate key per value, and that
//! key encrypted with RSA-OAEP and SHA-256 for the controller's certificate.
//! <https://github.com/bitnami-labs/sealed-secrets/blob/main/docs/developer/crypto.md>
//!
//! kubeseal uses random keys, so each run has a different result. Here the file has to stay the same as long as the
//! secrets do, and `--check` has to detect a changed password. Therefore the keys are derived from all secrets of
//! the file together. An attacker who knows one of the passwords, or guesses a weak one, would need every other one
//! too to test a guess.

use hmac::{Hmac, KeyInit, Mac};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rsa::{BigUint, Oaep, RsaPublicKey};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use x509_parser::public_key::PublicKey;

use martydb_model::error::{Error, Result};

/// Public key of the controller.
pub struct SealingKey {
    key: RsaPublicKey,
    /// Digest of the whole certificate.
    digest: [u8; 32],
    /// Expiry of the certificate, in seconds since 1970.
    pub until: i64,
}

impl SealingKey {
    /// Parses a certificate in PEM format.
    ///
    /// # Errors
    /// If it is not a valid certificate with an RSA key.
    pub fn parse(pem: &[u8]) -> Result<SealingKey> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|error| unusable(&error))?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(|error| unusable(&error))?;
        let PublicKey::RSA(found) = certificate.public_key().parsed().map_err(|error| unusable(&error))?
        else {
            return Err(unusable(&"its key is not an RSA key"));
        };
        let number = BigUint::from_bytes_be;
        let key = RsaPublicKey::new(number(found.modulus), number(found.exponent));
        Ok(SealingKey {
            key: key.map_err(|error| unusable(&error))?,
            digest: Sha256::digest(&*der).into(),
            until: certificate.validity().not_after.timestamp(),
        })
    }
}

fn unusable(why: &dyn std::fmt::Display) -> Error {
    Error::manifest(
        "the file of deploy: { sealed_secrets: { certificate: … } } is not a valid controller certificate",
    )
    .cause(why.to_string())
    .hint("kubeseal --fetch-cert prints it")
}

/// A value to seal, with the name of its Secret (namespace and name) and its key there.
pub struct Unsealed<'a> {
    pub secret: &'a str,
    pub key: &'a str,
    pub value: &'a str,
}

/// Source of the keys for a file's values.
pub struct Sealer<'a> {
    key: &'a SealingKey,
    source: [u8; 32],
}

impl<'a> Sealer<'a> {
    /// Derives the source from `all` values of the file.
    pub fn new<'v>(key: &'a SealingKey, all: impl Iterator<Item = &'v Unsealed<'v>>) -> Sealer<'a> {
        let mut digest = Sha256::new();
        all.for_each(|one| parts(one).into_iter().for_each(|part| digest.update(counted(part))));
        Sealer { key, source: digest.finalize().into() }
    }

    /// Returns the bytes of `spec.encryptedData`, before base64: the length of the encrypted key in two bytes, the
    /// encrypted key, and the encrypted value. The label binds them to the Secret (kubeseal's scope `strict`). The
    /// nonce is zero because no key is used twice.
    ///
    /// # Errors
    /// If the certificate's key is too short.
    pub fn sealed(&self, one: &Unsealed<'_>) -> Result<Vec<u8>> {
        let mut source = self.source(one);
        let mut session = [0; 32];
        source.fill_bytes(&mut session);
        let padding = Oaep::new_with_label::<rsa::sha2::Sha256, _>(one.secret);
        let encrypted =
            self.key.key.encrypt(&mut source, padding, &session).map_err(|error| unusable(&error))?;
        let length = u16::try_from(encrypted.len()).map_err(|error| unusable(&error))?;
        let key = UnboundKey::new(&AES_256_GCM, &session).expect("a key has 32 bytes");
        let mut value = one.value.as_bytes().to_vec();
        LessSafeKey::new(key)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut value)
            .expect("a value is shorter than what AES-GCM can seal");
        Ok([length.to_be_bytes().as_slice(), &encrypted, &value].concat())
    }

    /// Returns a generator that differs for each value and each certificate.
    fn source(&self, one: &Unsealed<'_>) -> ChaCha20Rng {
        let mut derived = Hmac::<Sha256>::new_from_slice(&self.source).expect("any length is a key");
        derived.update(&self.key.digest);
        parts(one).into_iter().for_each(|part| derived.update(&counted(part)));
        ChaCha20Rng::from_seed(derived.finalize().into_bytes().into())
    }
}

fn parts<'v>(one: &Unsealed<'v>) -> [&'v str; 3] {
    [one.secret, one.key, one.value]
}

/// Prefixes a text with its length, so different lists of parts never give the same bytes.
fn counted(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat()
}
