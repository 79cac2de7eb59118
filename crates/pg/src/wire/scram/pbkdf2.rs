//! PBKDF2 with HMAC-SHA-256 for one block (RFC 8018 section 5.2), called `Hi()` in SCRAM (RFC 5802 section 2.2).
//!
//! It is most of a login's cost for a client: 4,096 rounds of two compressions. On a processor with SHA instructions
//! the compressions themselves are fast, and general code spends as much again on converting states into bytes and
//! back. Here the state stays in words between the rounds, which takes 0.6 of the time of RustCrypto's and ring's.
//! Without these instructions ring's is the fastest.

use std::num::NonZeroU32;

use hmac::{Hmac, KeyInit, Mac};
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

/// The eight words of SHA-256's state, and of its digest.
type Sha256State = [u32; 8];

/// The initial state: FIPS 180-4 section 5.3.3.
const INITIAL: Sha256State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Derives the key of 32 bytes from a password. Zero rounds count as one.
pub(super) fn derive(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    // Without optimization it takes five times as long as ring's, which is assembly.
    let is_faster = has_sha_instructions() && !cfg!(debug_assertions);
    let derive = if is_faster { derive_by_instructions } else { derive_by_ring };
    derive(password, salt, rounds.max(1))
}

#[cfg(target_arch = "x86_64")]
fn has_sha_instructions() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_sha_instructions() -> bool {
    false
}

fn derive_by_ring(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let rounds = NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN);
    let mut key = [0; 32];
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password, &mut key);
    key
}

fn derive_by_instructions(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    // HMAC hashes the key before each message, so the states after it are the same in all rounds (RFC 2104 section 4).
    let (inner, outer) = (after_key(password, 0x36), after_key(password, 0x5c));
    let mut last = first_round(password, salt);
    let mut sum = last;
    for _ in 1..rounds {
        last = compressed(compressed(last, inner), outer);
        sum.iter_mut().zip(last).for_each(|(sum, word)| *sum ^= word);
    }
    let mut key = [0; 32];
    key.copy_from_slice(&final_block(sum)[..32]);
    key
}

/// `HMAC(password, salt || INT(1))`.
fn first_round(password: &[u8], salt: &[u8]) -> Sha256State {
    let mut mac = Hmac::<Sha256>::new_from_slice(password).expect("HMAC takes a key of any length");
    mac.update(salt);
    mac.update(&1u32.to_be_bytes());
    let bytes = mac.finalize().into_bytes();
    std::array::from_fn(|at| u32::from_be_bytes(std::array::from_fn(|byte| bytes[at * 4 + byte])))
}

/// Returns the state after the key, which is first hashed if longer than a block, under HMAC's inner or outer pad.
fn after_key(key: &[u8], pad: u8) -> Sha256State {
    let hashed = (key.len() > 64).then(|| Sha256::digest(key));
    let key = hashed.as_ref().map_or(key, |hashed| hashed.as_slice());
    let mut block = [pad; 64];
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    let mut state = INITIAL;
    compress256(&mut state, &[block]);
    state
}

/// Compresses the final block with these words into a state.
fn compressed(words: Sha256State, mut state: Sha256State) -> Sha256State {
    compress256(&mut state, &[final_block(words)]);
    state
}

/// Builds the last block of a message of 96 bytes from a state: a one bit, zeros and the length in bits (FIPS 180-4
/// section 5.1.1).
fn final_block(words: Sha256State) -> [u8; 64] {
    let mut block = [0; 64];
    block.chunks_exact_mut(4).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_be_bytes()));
    block[32] = 0x80;
    block[56..].copy_from_slice(&(96u64 * 8).to_be_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The vector of RFC 7914 section 11, its first 32 bytes.
    #[test]
    fn the_key_is_that_of_rfc_7914() {
        let expected = [
            0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f, 0xec, 0x16, 0x91, 0xc2, 0x25, 0x44, 0xb6, 0x05,
            0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde, 0x04, 0x65, 0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc,
        ];
        assert_eq!(derive_by_instructions(b"passwd", b"salt", 1), expected);
        assert_eq!(derive_by_ring(b"passwd", b"salt", 1), expected);
    }

    #[test]
    fn a_key_of_a_block_and_longer_ones_are_derived_alike() {
        for length in [0, 1, 63, 64, 65, 200] {
            let password = vec![b'x'; length];
            let (own, ring) = (
                derive_by_instructions(&password, b"0123456789abcdef", 4096),
                derive_by_ring(&password, b"0123456789abcdef", 4096),
            );
            assert_eq!(own, ring, "{length} bytes");
        }
    }

    proptest! {
        #[test]
        fn both_derivations_are_the_same(
            password in proptest::collection::vec(any::<u8>(), 0..130),
            salt in proptest::collection::vec(any::<u8>(), 0..80),
            rounds in 1u32..20,
        ) {
            let (own, ring) =
                (derive_by_instructions(&password, &salt, rounds), derive_by_ring(&password, &salt, rounds));
            prop_assert_eq!(own, ring);
        }
    }
}
