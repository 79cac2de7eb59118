//! Encryption of files with age, as streams: <https://age-encryption.org/v1>. The program `age` reads the same format.

#[cfg(feature = "encryption")]
pub(crate) mod age_files;
#[cfg(not(feature = "encryption"))]
#[path = "cipher/no_age_files.rs"]
pub(crate) mod age_files;
pub(crate) mod digest;

use std::io::{self, Read, Write};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::blocking_task::BlockingTask;
use super::manifest::Encryption;
use super::stream_error::StreamError;
use crate::store::cipher::age_files::{Identity, Recipient};
use crate::store::cipher::digest::{Digest, HashingStream};
use martydb_model::error::{Error, Result};
use martydb_os::read_named_text;

/// Size of the buffer, in bytes.
const PIECE: usize = 256 * 1024;

/// Encryption of a new backup's files.
pub(crate) enum Cipher {
    Plain,
    Age(Vec<Recipient>),
}

/// Identities that decrypt backups.
pub struct Identities(Vec<Identity>);

/// Digests of one file that was copied into the store or out of it.
pub(crate) struct StreamDigests {
    pub plain: Digest,
    pub stored: Digest,
}

impl Cipher {
    /// Parses recipients.
    ///
    /// # Errors
    /// If one of them is not a recipient of age.
    pub(crate) fn new(recipients: &[String]) -> Result<Cipher> {
        if recipients.is_empty() {
            return Ok(Cipher::Plain);
        }
        let all = recipients
            .iter()
            .map(|text| text.parse().map_err(|error| Error::manifest(format!("\"{text}\": {error}"))));
        Ok(Cipher::Age(all.collect::<Result<_>>()?))
    }

    pub(crate) fn encryption(&self) -> Encryption {
        match self {
            Cipher::Plain => Encryption::None,
            Cipher::Age(_) => Encryption::Age,
        }
    }

    /// Copies `from` in its stored form.
    pub(crate) fn write(
        &self,
        task: &BlockingTask,
        from: &mut dyn Read,
        to: &mut dyn Write,
    ) -> Result<StreamDigests, StreamError> {
        let mut to = HashingStream::new(to);
        let plain = match self {
            Cipher::Plain => pass(task, from, &mut to, StreamError::Read)?,
            Cipher::Age(recipients) => {
                age_files::encrypt(recipients, &mut to, |to| pass(task, from, to, StreamError::Read))?
            }
        };
        let (_, stored) = to.finish();
        Ok(StreamDigests { plain, stored })
    }
}

impl Identities {
    /// Parses identities as `age-keygen` writes them: one per line, with comments.
    ///
    /// # Errors
    /// If there is none. The message repeats nothing of the text.
    pub fn parse(text: &SecretString) -> Result<Identities> {
        let lines = text.expose_secret().lines().map(str::trim).enumerate();
        let mut all = vec![];
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let identity: Identity = line.parse().map_err(|_| {
                Error::usage(format!("line {} is not an identity of age", number + 1))
                    .hint("an identity is a line AGE-SECRET-KEY-1…, as `age-keygen` prints it")
            })?;
            all.push(identity);
        }
        if all.is_empty() {
            return Err(Error::usage("it contains no age identity")
                .hint("an identity is a line AGE-SECRET-KEY-1…, as `age-keygen` prints it"));
        }
        Ok(Identities(all))
    }

    /// Reads a file of identities.
    ///
    /// # Errors
    /// If it cannot be read, or has no identity.
    pub fn read(path: &Path) -> Result<Identities> {
        let doing = || format!("cannot use the file of identities {}", path.display());
        let text = read_named_text(path).map_err(|error| Error::usage(doing()).cause(error))?;
        Identities::parse(&SecretString::from(text)).map_err(|error| error.while_doing(doing()))
    }
}

/// Copies `from` in its original form. The output may be used only once this has returned and the digests match.
pub(crate) fn read(
    task: &BlockingTask,
    encryption: Encryption,
    identities: Option<&Identities>,
    from: &mut dyn Read,
    to: &mut dyn Write,
) -> Result<StreamDigests, StreamError> {
    let mut from = HashingStream::new(from);
    let plain = match encryption {
        Encryption::None => pass(task, &mut from, to, StreamError::Read)?,
        Encryption::Age => {
            let identities = identities.ok_or(StreamError::Closed)?;
            let mut reader = age_files::decrypt(&identities.0, &mut from)?;
            pass(task, &mut reader, to, age_files::unread)?
        }
    };
    // Bytes after the end are counted too.
    pass(task, &mut from, &mut io::sink(), StreamError::Read)?;
    let (_, stored) = from.finish();
    Ok(StreamDigests { plain, stored })
}

fn pass(
    task: &BlockingTask,
    from: &mut dyn Read,
    to: &mut dyn Write,
    unread: impl Fn(io::Error) -> StreamError,
) -> Result<Digest, StreamError> {
    let mut from = HashingStream::new(from);
    let mut piece = vec![0; PIECE];
    loop {
        task.check_io().map_err(StreamError::Read)?;
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => to.write_all(&piece[..count]).map_err(StreamError::Write)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
    }
    Ok(from.finish().1)
}
