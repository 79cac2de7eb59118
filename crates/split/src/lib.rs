//! Splits a shared database into one database per service: placement of its objects, boundary crossings, copy and
//! cutover.
//!
//! The map (`split.yaml`, read by `manifest`) assigns tables to services; `inspect` reads the shared database into
//! `source`. From both, `assignment` places every table, `needs` follows references, also in the bodies of routines,
//! and `edges` finds objects that need something in another database; all three are pure, and `plan` combines them with
//! the answers of the map. `schema` dumps the source's DDL and splits it: `members` lists the first objects of a
//! service, `closure` adds their dependencies, and `selection` selects the archive entries. `signs` and `proposal`
//! guess a first map, and `text` writes it. `stream` applies changes of the source during the split; `fingerprint`
//! finds changed definitions, which a stream does not contain.

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod answers;
mod assignment;
pub mod begin;
pub mod comparing;
pub mod copying;
mod deferred_objects;
mod dependencies;
mod edges;
pub mod fingerprint;
pub mod following;
pub mod hints;
pub mod inspect;
mod loading;
mod members;
mod needs;
pub mod offline;
pub mod online;
mod placement;
pub mod plan;
pub mod privileges;
pub mod progress;
pub mod proposal;
mod publishing;
pub mod relations;
mod scan;
pub mod schema;
mod selection;
pub mod sequences;
pub mod sessions;
pub mod side_effects;
mod source;
pub mod state;
pub mod stream;
pub mod switching;
pub mod tables;
mod text;
pub mod write_block;

pub use answers::{EdgeChoice, EdgeKind};
pub use edges::CrossingEdge;
pub use inspect::SourceSettings;
pub use plan::{OpenTable, PlannedTable, SplitPlan};
pub use proposal::{GuessedTable, SplitProposal};
pub use source::SourceCatalogue;
pub use text::{answer_line, split_yaml};
