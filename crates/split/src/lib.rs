//! A shared database becomes one database for each service: what goes where, and what crosses a boundary.
//!
//! The map (`split.yaml`, read by the manifest's room) says which table goes to which service; `inspect` reads the shared database
//! into `source`. From these two, `assignment` gives every table its place, `needs` follows what refers to what, in the
//! bodies of routines too, and `edges` finds what needs something that will not be where it is; all three are pure, and
//! `plan` puts them together with the answers of the map. `schema` dumps the source's DDL and cuts it up: `members` says what a service
//! begins with, `closure` what belongs with it, `selection` which entries of the archive make that. `signs` and `proposal` guess a first map, `text` writes it down.
//! `stream` brings what changes at the source meanwhile; `fingerprint` finds changed definitions, which no stream carries.

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod answers;
mod assignment;
pub mod beginning;
pub mod closing;
mod closure;
pub mod comparing;
pub mod copying;
mod deferring;
mod edges;
pub mod fingerprint;
pub mod following;
pub mod inspect;
mod loading;
mod members;
mod needs;
pub mod offline;
pub mod online;
pub mod places;
pub mod plan;
pub mod privileges;
pub mod proposal;
mod publishing;
pub mod reflexes;
mod scan;
pub mod schema;
mod seating;
mod selection;
pub mod sequences;
pub mod sessions;
pub mod signs;
mod source;
pub mod standing;
pub mod state;
pub mod stream;
pub mod switching;
pub mod tables;
mod text;

pub use answers::{EdgeChoice, EdgeKind};
pub use edges::CrossingEdge;
pub use inspect::SourceSettings;
pub use plan::{OpenTable, PlannedTable, SplitPlan};
pub use proposal::{GuessedTable, SplitProposal};
pub use source::SourceCatalogue;
pub use text::{answer_line, split_yaml};
