//! Runs of PostgreSQL's own programs, with a login that acts as another role.
//!
//! - [`archive`]: archives of databases
//! - [`pg_dump`](mod@pg_dump): dumps as SQL

pub mod archive;
mod archive_entries;
mod archive_files;
mod archive_programs;
mod archive_step;
mod client;
pub mod pg_dump;
mod search_path;
