//! Encryption in a build without the feature `encryption`: no recipient or identity can be read.

use std::io::{self, Read, Write};
use std::str::FromStr;

use crate::store::cipher::digest::Digest;
use crate::store::stream_error::StreamError;

const MISSING: &str = "this build of martydb cannot encrypt: build it with the feature `encryption`";

/// Recipient that does not exist.
#[derive(Debug, Clone)]
pub enum Recipient {}

/// Identity that does not exist.
pub enum Identity {}

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(_: &str) -> Result<Recipient, &'static str> {
        Err(MISSING)
    }
}

impl FromStr for Identity {
    type Err = &'static str;

    fn from_str(_: &str) -> Result<Identity, &'static str> {
        Err(MISSING)
    }
}

/// # Errors
/// Those of `copy`: there is no recipient.
pub fn encrypt(
    _: &[Recipient],
    to: &mut dyn Write,
    copy: impl FnOnce(&mut dyn Write) -> Result<Digest, StreamError>,
) -> Result<Digest, StreamError> {
    copy(to)
}

/// # Errors
/// Always: there is no identity.
pub fn decrypt<'a>(_: &[Identity], _: &'a mut dyn Read) -> Result<Box<dyn Read + 'a>, StreamError> {
    Err(StreamError::Closed)
}

/// Converts an error of reading an encrypted file.
pub fn unread(error: io::Error) -> StreamError {
    StreamError::Read(error)
}
