//! Bytes of bodies that are being received or sent. Clients that take nothing would make a process hold any number of answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::error::{HttpError, HttpResult};

/// Bodies that are smaller are not counted: the number of connections bounds them.
pub(crate) const SMALL: usize = 16 << 10;

/// Bytes in flight of a process.
#[derive(Debug)]
pub(crate) struct BytesInFlight {
    most: usize,
    bytes: AtomicUsize,
}

impl Default for BytesInFlight {
    fn default() -> BytesInFlight {
        BytesInFlight::new(usize::MAX)
    }
}

impl BytesInFlight {
    pub(crate) fn new(most: usize) -> BytesInFlight {
        BytesInFlight { most, bytes: AtomicUsize::new(0) }
    }

    /// Returns the bytes in flight.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Rejects further work while the limit is reached.
    pub(crate) fn check(&self) -> HttpResult<()> {
        match self.bytes() < self.most {
            true => Ok(()),
            false => Err(full()),
        }
    }

    /// Counts bytes until the value is dropped.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> HeldBytes {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        HeldBytes { all: self.clone(), bytes }
    }

    /// Counts bytes until all parts of them are dropped.
    pub(crate) fn follow(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        let held = self.hold(bytes.len());
        Bytes::from_owner(FollowedBytes { bytes, _held: held })
    }
}

struct FollowedBytes {
    bytes: Vec<u8>,
    _held: HeldBytes,
}

impl AsRef<[u8]> for FollowedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Returns the answer where too many bytes are in flight: nothing was done.
fn full() -> HttpError {
    let message = "too many bytes of other requests and answers are in flight";
    HttpError::new(503, "MDB016", message).header("Retry-After", "1")
}

/// Bytes that are in flight.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    all: Arc<BytesInFlight>,
    bytes: usize,
}

impl HeldBytes {
    /// Counts further bytes, and rejects those beyond the limit.
    pub(crate) fn grow(&mut self, bytes: usize) -> HttpResult<()> {
        self.all.check()?;
        self.all.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.all.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_until_they_are_dropped() {
        let all = Arc::new(BytesInFlight::new(10));
        let mut held = all.hold(4);
        assert!(all.check().is_ok());
        held.grow(6).unwrap();
        assert_eq!((all.bytes(), all.check().unwrap_err().status), (10, 503));
        assert!(held.grow(1).is_err());
        drop(held);
        assert_eq!(all.bytes(), 0);
        let mut lines = all.follow(vec![0; 8]);
        let sent = lines.split_to(3);
        drop(lines);
        assert_eq!(all.bytes(), 8);
        drop(sent);
        assert_eq!(all.bytes(), 0);
    }
}
