//! Runs of PostgreSQL's own programs: dumps as SQL (`pg_dump`) and archives of databases (`archive`).

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod archive;
mod archive_entries;
mod archive_files;
mod client;
pub mod pg_dump;
