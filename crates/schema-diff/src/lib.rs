//! Revisions that write themselves: the difference between two schemas as the statements that turn one into the other.
//!
//! [`read`](read()) asks a database for its objects, each with the statements that create, change and drop it, as the
//! server prints and quotes them. `steps` decides which of these statements are due, and in which order; [`script`]
//! writes them down. Both are pure. Whether the result is right, only the server can say: a file is written after its
//! round trip in a scratch database, compared by [`Catalog`](martydb_migrate::history::Catalog) like every other proof.

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod backfill;
pub mod casts;
mod draft;
pub mod file_plan;
mod graph;
mod names;
mod nodes;
mod not_null;
pub mod object_changes;
mod online_steps;
mod read;
pub mod renames;
pub mod script;
pub mod sources;
pub mod split_files;
pub mod steps;
pub mod structure;

pub use draft::DraftFolder;
pub use read::{execute_in, filled_tables, read, read_session, row_counts};
pub use steps::{SchemaStep, steps};
pub use structure::{SchemaObjectId, SchemaObjectKind, Structure};
