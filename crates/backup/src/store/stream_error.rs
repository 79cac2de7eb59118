//! Incomplete copies of files.

use std::io;

/// Reason why a file was not copied completely.
#[derive(Debug)]
pub(crate) enum StreamError {
    Read(io::Error),
    Write(io::Error),
    /// No identity decrypts the file.
    Closed,
    #[cfg_attr(not(feature = "encryption"), expect(dead_code))]
    /// The file was changed after age wrote it.
    Damaged,
}
