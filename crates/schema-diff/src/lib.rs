//! Revisions that write themselves: the difference between two schemas as the statements that turn one into the other.
//!
//! [`read`](read()) asks a database for its objects, each with the statements that create, change and drop it, as the
//! server prints and quotes them. `steps` decides which of these statements are due, and in which order; [`script`]
//! writes them down. Both are pure. Whether the result is right, only the server can say: a file is written after its
//! round trip in a scratch database, compared by [`Catalog`](martydb_migrate::history::Catalog) like every other proof.
//!
//! - [`script`]: files of a revision

mod backfill;
mod casts;
mod conversions;
mod draft;
mod file_plan;
mod graph;
mod names;
mod nodes;
mod not_null;
mod object_changes;
mod online_steps;
mod read;
mod renames;
pub mod script;
mod sequences;
mod sources;
mod split_files;
mod steps;
mod structure;

pub use draft::DraftFolder;
pub use file_plan::{FilePlan, SchemaPair};
pub use read::changed_values::changed_values;
pub use read::{execute_in, filled_tables, read, row_counts};
pub use renames::{Rename, likely_renames, rename};
pub use sources::{DeclaredFile, read_declared};
pub use steps::{SchemaStep, steps, steps_of_one_file};
pub use structure::{SchemaObjectId, SchemaObjectKind, Structure};
