//! Runs of PostgreSQL's own programs, with a login that acts as another role.
//!
//! - [`archive`]: archives of databases
//! - [`pg_dump`](mod@pg_dump): dumps as SQL

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod archive;
mod archive_entries;
mod archive_files;
mod client;
pub mod pg_dump;
