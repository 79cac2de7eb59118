//! Files in the format of age, through the crate of that name: <https://age-encryption.org/v1>.

use std::io::{self, Read, Write};

use age::{DecryptError, Decryptor, Encryptor};

use crate::store::cipher::digest::Digest;
use crate::store::stream_error::StreamError;

pub(crate) use age::x25519::{Identity, Recipient};

/// Encrypts what `copy` writes, for all of the recipients.
///
/// # Errors
/// Those of `copy`, and of the output.
pub(crate) fn encrypt(
    recipients: &[Recipient],
    to: &mut dyn Write,
    copy: impl FnOnce(&mut dyn Write) -> Result<Digest, StreamError>,
) -> Result<Digest, StreamError> {
    let recipients = recipients.iter().map(|one| one as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).expect("recipients of one kind");
    let mut writer = encryptor.wrap_output(to).map_err(StreamError::Write)?;
    let plain = copy(&mut writer)?;
    writer.finish().map_err(StreamError::Write)?;
    Ok(plain)
}

/// Returns a reader of the decrypted file. Its errors are converted by [`unread`].
///
/// # Errors
/// If no identity decrypts the file, or its header is damaged.
pub(crate) fn decrypt<'a>(
    identities: &[Identity],
    from: &'a mut dyn Read,
) -> Result<Box<dyn Read + 'a>, StreamError> {
    let identities = identities.iter().map(|one| one as &dyn age::Identity);
    let reader =
        Decryptor::new(from).and_then(|decryptor| decryptor.decrypt(identities)).map_err(stream_error)?;
    Ok(Box::new(reader))
}

/// Converts an error of reading an encrypted file.
pub(crate) fn unread(error: io::Error) -> StreamError {
    stream_error(DecryptError::Io(error))
}

fn stream_error(error: DecryptError) -> StreamError {
    match error {
        DecryptError::NoMatchingKeys => StreamError::Closed,
        DecryptError::Io(error)
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            StreamError::Read(error)
        }
        _ => StreamError::Damaged,
    }
}
