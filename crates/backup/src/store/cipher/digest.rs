//! Size and SHA-256 of a stream.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use martydb_model::hex;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    pub size: u64,
    /// Lowercase hexadecimal digits.
    pub sha256: String,
}

#[derive(Default)]
pub(crate) struct Hasher {
    state: Sha256,
    size: u64,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub(crate) fn finish(self) -> Digest {
        Digest { size: self.size, sha256: hex::encode(self.state.finalize()) }
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// A reader or writer with the digest of what passed through it.
pub(crate) struct HashingStream<T> {
    pub inner: T,
    hasher: Hasher,
}

impl<T> HashingStream<T> {
    pub(crate) fn new(inner: T) -> HashingStream<T> {
        HashingStream { inner, hasher: Hasher::default() }
    }

    pub(crate) fn finish(self) -> (T, Digest) {
        (self.inner, self.hasher.finish())
    }
}

impl<T: Read> Read for HashingStream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

impl<T: Write> Write for HashingStream<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_pass_are_counted_and_hashed() {
        let mut writer = HashingStream::new(Vec::new());
        io::copy(&mut HashingStream::new(&b"abc"[..]), &mut writer).unwrap();
        let (written, digest) = writer.finish();
        assert_eq!((written.as_slice(), digest.size), (&b"abc"[..], 3));
        assert_eq!(digest.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
