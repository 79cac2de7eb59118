//! Files of the operating system, used without surprises.

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod plain_file;

pub use plain_file::{UnreadFile, read_plain, read_text};
