//! Sealing for one controller of Sealed Secrets, as kubeseal does: AES-256-GCM with a key of its own for each value, and that key encrypted
//! by RSA-OAEP with SHA-256 for the controller's certificate.
//! <https://github.com/bitnami-labs/sealed-secrets/blob/main/docs/developer/crypto.md>
//!
//! kubeseal takes random keys, so that each run gives another text. Here the file shall be the same as long as the secrets are, and
//! `--check` shall see that a password has changed. So the keys are derived from what is sealed: from all secrets of the file together. Who
//! has one of the passwords, or tries to guess a poor one, would have to know every other one too before a guess could be compared.

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

/// The controller's public key.
pub struct SealingKey {
    key: RsaPublicKey,
    /// Of the whole certificate.
    digest: [u8; 32],
    /// When the certificate ends, in seconds of Unix.
    pub until: i64,
}

impl SealingKey {
    /// # Errors
    /// If it is no certificate, or not one of RSA.
    pub fn parse(pem: &[u8]) -> Result<SealingKey> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|error| unusable(&error))?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(|error| unusable(&error))?;
        let PublicKey::RSA(found) = certificate.public_key().parsed().map_err(|error| unusable(&error))?
        else {
            return Err(unusable(&"its key is not one of RSA"));
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
        "the file of deploy: { sealed_secrets: { certificate: … } } is no certificate of a controller",
    )
    .cause(why.to_string())
    .hint("kubeseal --fetch-cert prints it")
}

/// One value to be sealed: the Secret that it is for, by namespace and name, its key there, and the value.
pub struct Unsealed<'a> {
    pub secret: &'a str,
    pub key: &'a str,
    pub value: &'a str,
}

/// What the keys of a file's values are derived from.
pub struct Sealer<'a> {
    key: &'a SealingKey,
    source: [u8; 32],
}

impl<'a> Sealer<'a> {
    /// `all` is what the file seals.
    pub fn of<'v>(key: &'a SealingKey, all: impl Iterator<Item = &'v Unsealed<'v>>) -> Sealer<'a> {
        let mut digest = Sha256::new();
        all.for_each(|one| parts(one).into_iter().for_each(|part| digest.update(counted(part))));
        Sealer { key, source: digest.finalize().into() }
    }

    /// In base64 what `spec.encryptedData` holds: the length of the encrypted key in two bytes, the encrypted key, the encrypted value. The
    /// label binds it to its Secret (kubeseal's scope `strict`), and the nonce is zero because no key is used twice.
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

    /// Another one for each value and each certificate.
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

/// With its length, so that no two lists of parts are one text.
fn counted(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat()
}
