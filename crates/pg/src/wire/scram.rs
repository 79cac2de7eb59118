//! Client side of SCRAM-SHA-256, with the expensive step done once per role.
//!
//! `postgres-protocol` has one as well, but it derives the salted password at each login: 4,096 rounds of HMAC, most
//! of a failed login's cost for a client. A role's salt does not change between logins, so a [`DerivedKeys`] key is kept
//! for a whole run.
//!
//! RFC 5802 (the exchange), RFC 7677 (SHA-256), and
//! <https://www.postgresql.org/docs/current/sasl-authentication.html>.

mod pbkdf2;

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::binding::Header;
use martydb_model::StoredPassword;
use martydb_model::hex;

pub(crate) const MECHANISM: &str = "SCRAM-SHA-256";

/// Mechanism with channel binding.
pub(crate) const BOUND_MECHANISM: &str = "SCRAM-SHA-256-PLUS";

/// Accepted number of rounds, which the server chooses. A hostile one could keep a core busy for any time, or request
/// a proof that is cheap to guess from: RFC 7677 requires at least 4,096, which is also PostgreSQL's default
/// (`scram_iterations`).
const ROUNDS: std::ops::RangeInclusive<u32> = 4096..=1_000_000;

/// Rounds of verifiers that a server may store, however weak; only compared offline.
const KEPT_ROUNDS: std::ops::RangeInclusive<u32> = 1..=1_000_000;

type ScramKey = [u8; 32];

/// Reason for which an exchange cannot continue; never contains a secret.
pub(crate) type Reason = &'static str;

/// Keys derived from one role's password and one salt. Has no `Debug`: they are as good as the password.
#[derive(Clone)]
pub struct DerivedKeys {
    salt: Vec<u8>,
    rounds: u32,
    client_key: ScramKey,
    server_key: ScramKey,
}

/// Key derived by the last login of a role, for all copies of its [`Login`](super::endpoint::Login): a run opens a
/// session in each of a thousand databases.
#[derive(Clone, Default)]
pub struct SharedKey(Arc<Mutex<Option<DerivedKeys>>>);

impl SharedKey {
    pub fn get(&self) -> Option<DerivedKeys> {
        self.0.lock().ok()?.clone()
    }

    pub fn keep(&self, derived: &Option<DerivedKeys>) {
        if let (Ok(mut kept), Some(derived)) = (self.0.lock(), derived) {
            *kept = Some(derived.clone());
        }
    }
}

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedKey")
    }
}

/// Returns the verifier that a server with this salt and number of rounds stores for a password; `None` if none
/// would.
pub fn verifier(password: &str, salt: &str, rounds: u32) -> Option<String> {
    let bytes = STANDARD.decode(salt).ok().filter(|_| KEPT_ROUNDS.contains(&rounds))?;
    Some(DerivedKeys::new(password, bytes, rounds).written())
}

/// Returns `true` if this is the stored SCRAM-SHA-256 verifier of the password.
pub fn is_kept(password: &str, kept: &StoredPassword) -> bool {
    let expected =
        kept.salt.as_ref().zip(kept.rounds).and_then(|(salt, rounds)| verifier(password, salt, rounds));
    expected.is_some_and(|expected| Some(digest(&expected)) == kept.digest)
}

/// Like [`is_kept`] for any stored verifier; an MD5 hash is salted with the role's name.
pub fn is_kept_by(role: &str, password: &str, kept: &StoredPassword) -> bool {
    if kept.salt.is_some() {
        return is_kept(password, kept);
    }
    let hash = postgres_protocol::password::md5(password.as_bytes(), role);
    kept.digest.as_ref() == Some(&digest(&hash))
}

/// Returns the SHA-256 of a verifier in the server's format: lower-case hexadecimal.
pub fn digest(verifier: &str) -> String {
    hex::encode(Sha256::digest(verifier))
}

impl DerivedKeys {
    fn new(password: &str, salt: Vec<u8>, rounds: u32) -> Self {
        // A password that SASLprep rejects is used unchanged, by PostgreSQL and by every client.
        let prepared = stringprep::saslprep(password).unwrap_or(password.into());
        let salted = pbkdf2::derive(prepared.as_bytes(), &salt, rounds);
        let (client_key, server_key) = (hmac(&salted, &[b"Client Key"]), hmac(&salted, &[b"Server Key"]));
        DerivedKeys { salt, rounds, client_key, server_key }
    }

    pub fn verifier(&self) -> SecretString {
        SecretString::from(self.written())
    }

    fn written(&self) -> String {
        let DerivedKeys { salt, rounds, client_key, server_key } = self;
        let (salt, server_key) = (STANDARD.encode(salt), STANDARD.encode(server_key));
        let stored_key = STANDARD.encode(Sha256::digest(client_key));
        format!("{MECHANISM}${rounds}:{salt}${stored_key}:{server_key}")
    }

    fn fits(&self, salt: &[u8], rounds: u32) -> bool {
        self.salt == salt && self.rounds == rounds
    }
}

/// An exchange before the server's first message.
pub(crate) struct Exchange {
    header: Header,
    nonce: String,
}

/// An exchange after the proof was sent.
pub(crate) struct SentProof {
    server_signature: ScramKey,
}

impl Exchange {
    /// Starts an exchange with a fresh nonce.
    pub(crate) fn start(header: Header) -> Result<Self, Reason> {
        let mut random = [0; 18];
        getrandom::fill(&mut random).map_err(|_| "the operating system gave no random numbers")?;
        Ok(Exchange { header, nonce: STANDARD.encode(random) })
    }

    /// Returns `client-first-message`. PostgreSQL uses the user name of the startup message and ignores this one.
    pub(crate) fn first(&self) -> String {
        format!("{}{}", self.header.text(), self.first_bare())
    }

    fn first_bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers `server-first-message` with `client-final-message`; derives the key only if the stored one does not
    /// match.
    pub(crate) fn answer(
        self,
        challenge: &[u8],
        password: &str,
        kept: &mut Option<DerivedKeys>,
    ) -> Result<(String, SentProof), Reason> {
        let challenge = std::str::from_utf8(challenge).map_err(|_| "the SCRAM challenge is not UTF-8")?;
        let (nonce, salt, rounds) = read_challenge(challenge).ok_or("the SCRAM challenge is malformed")?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("the server did not add to our SCRAM nonce");
        }
        if rounds < *ROUNDS.start() {
            return Err(
                "the server asks for fewer than 4096 SCRAM rounds, which makes the password easy to guess",
            );
        }
        if rounds > *ROUNDS.end() {
            return Err("the server asks for more than 1000000 SCRAM rounds");
        }
        let key = match kept.take().filter(|key| key.fits(&salt, rounds)) {
            Some(key) => kept.insert(key),
            None => kept.insert(DerivedKeys::new(password, salt, rounds)),
        };
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(self.header.bytes()));
        let message = format!("{},{challenge},{without_proof}", self.first_bare());
        let stored_key: ScramKey = Sha256::digest(key.client_key).into();
        let mut proof = hmac(&stored_key, &[message.as_bytes()]);
        proof.iter_mut().zip(key.client_key).for_each(|(signature, key)| *signature ^= key);
        let server_signature = hmac(&key.server_key, &[message.as_bytes()]);
        Ok((format!("{without_proof},p={}", STANDARD.encode(proof)), SentProof { server_signature }))
    }
}

impl SentProof {
    /// Verifies `server-final-message`: only a server that has the role's verifier can sign it.
    pub(crate) fn check(self, answer: &[u8]) -> Result<(), Reason> {
        let signature = answer
            .strip_prefix(b"v=")
            .and_then(|rest| rest.split(|byte| *byte == b',').next())
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .ok_or("the server's SCRAM signature is malformed")?;
        // Each exchange has a nonce of its own, so the time of this comparison reveals nothing.
        if signature != self.server_signature {
            return Err("the server's SCRAM signature is wrong: it does not know this role's password");
        }
        Ok(())
    }
}

/// Parses `r=nonce,s=salt,i=rounds` and ignores extensions after it, as RFC 5802 requires.
fn read_challenge(text: &str) -> Option<(&str, Vec<u8>, u32)> {
    let mut parts = text.split(',');
    let nonce = parts.next()?.strip_prefix("r=")?;
    let salt = STANDARD.decode(parts.next()?.strip_prefix("s=")?).ok()?;
    let rounds = parts.next()?.strip_prefix("i=")?.parse().ok()?;
    Some((nonce, salt, rounds))
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> ScramKey {
    let mut mac = keyed(key);
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of RFC 7677 section 3; our messages omit its user name, so only the keys are compared.
    #[test]
    fn the_derived_key_is_that_of_rfc_7677() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let key = DerivedKeys::new("pencil", salt, 4096);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let message = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
        );
        let signature = hmac(&key.server_key, &[message.as_bytes()]);
        assert_eq!(STANDARD.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let stored: ScramKey = Sha256::digest(key.client_key).into();
        let mut proof = hmac(&stored, &[message.as_bytes()]);
        proof.iter_mut().zip(key.client_key).for_each(|(proof, key)| *proof ^= key);
        assert_eq!(STANDARD.encode(proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    }

    #[test]
    fn a_verifier_is_the_one_that_is_sent_for_the_same_salt() {
        let sent = postgres_protocol::password::scram_sha_256(b"I\xc2\xadX");
        let salt = sent.split([':', '$']).nth(2).unwrap();
        assert_eq!(verifier("I\u{ad}X", salt, 4096).as_ref(), Some(&sent));
        assert_ne!(verifier("other", salt, 4096).as_ref(), Some(&sent));
        for (salt, rounds) in [("?", 1), ("QUFB", 0), ("QUFB", 1_000_001)] {
            assert_eq!(verifier("p", salt, rounds), None);
        }
    }

    #[test]
    fn a_key_is_derived_once_for_each_salt() {
        let mut kept = None;
        for (salt, fresh) in [("QUFB", true), ("QUFB", false), ("QkJC", true)] {
            let exchange = Exchange::start(Header::Unsupported).unwrap();
            let challenge = format!("r={}x,s={salt},i=4096", exchange.nonce);
            let before = kept.as_ref().map(|key: &DerivedKeys| key.salt.clone());
            assert!(exchange.answer(challenge.as_bytes(), "secret", &mut kept).is_ok());
            let after = kept.as_ref().map(|key: &DerivedKeys| key.salt.clone());
            assert_eq!(before != after, fresh, "{salt}");
        }
    }

    #[test]
    fn a_password_is_prepared_as_the_server_prepared_it() {
        // U+00AA becomes "a" under NFKC, U+00AD is removed: RFC 4013 section 3.
        let key = |password| DerivedKeys::new(password, b"salt".to_vec(), 1).client_key;
        assert_eq!(key("\u{aa}"), key("a"));
        assert_eq!(key("I\u{ad}X"), key("IX"));
        assert_ne!(key("\u{7}"), key("")); // prohibited, so it stays as it is
    }

    #[test]
    fn a_dishonest_server_is_refused() {
        let answer = |challenge: &str| {
            let exchange = Exchange { header: Header::Unsupported, nonce: "abc".into() };
            exchange.answer(challenge.as_bytes(), "p", &mut None).err()
        };
        assert_eq!(answer("r=abcd,s=QUFB,i=4096"), None);
        for bad in
            ["", "r=abc,s=QUFB,i=4096", "r=xyz,s=QUFB,i=4096", "r=abcd,s=?,i=4096", "r=abcd,s=QUFB,i=x"]
        {
            assert!(answer(bad).is_some(), "{bad}");
        }
        for rounds in ["0", "1", "4095", "1000001", "4294967295", "4294967296"] {
            assert!(answer(&format!("r=abcd,s=QUFB,i={rounds}")).is_some(), "{rounds}");
        }
        for bad in [&b""[..], b"v=", b"v=QUFB", b"e=other-error"] {
            assert!(SentProof { server_signature: [0; 32] }.check(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_challenge_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Exchange { header: Header::Unsupported, nonce: "a".into() }.answer(&bytes, "p", &mut None);
            let _ = SentProof { server_signature: [0; 32] }.check(&bytes);
        }
    }
}
