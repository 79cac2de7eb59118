//! Splits a shared database into one database per service: placement of its objects, boundary crossings, copy and
//! cutover.
//!
//! The map (`split.yaml`, read by `manifest`) assigns tables to services; `inspect` reads the shared database into
//! `source`. From both, `assignment` places every table, `needs` follows references, also in the bodies of routines,
//! and `edges` finds objects that need something in another database; all three are pure, and `plan` combines them with
//! the answers of the map. `schema` dumps the source's DDL and splits it: `members` lists the first objects of a
//! service, `dependencies` adds their dependencies, and `selection` selects the archive entries. `hints` and `proposal`
//! guess a first map, and `text` writes it. `stream` applies changes of the source during the split; `fingerprint`
//! finds changed definitions, which a stream does not contain.
//!
//! - [`begin`]: start of a copy
//! - [`comparing`]: compares source and target by the number of rows of each table and the sum of their hashes
//! - [`copying`]: copies the rows of a split from the source into every target
//! - [`fingerprint`]: definitions of a service's tables, as lines
//! - [`following`]: follows a service
//! - [`hints`]: evidence of services' tables in the manifest and in their migrations
//! - [`inspect`]: reads a shared database
//! - [`offline`]: offline copy
//! - [`online`]: online copy
//! - [`plan`]: plan of a split
//! - [`privileges`]: privileges that the admin lacks at the source for a split
//! - [`status`]: status of each service of a split, read from both sides without changes
//! - [`proposal`]: guesses the service of each table from names and foreign keys
//! - [`relations`]: relations of each service in the source, as the copy and every later step use them
//! - [`schema`]: schema of each service, from the source's own DDL
//! - [`sequences`]: sequences, which a stream does not contain, and of which a copy has the values at its time
//! - [`sessions`]: sessions of a split
//! - [`side_effects`]: side effects of tables when rows are written
//! - [`state`]: state of a split
//! - [`stream`]: stream of changes from one database to another
//! - [`switching`]: the side that accepts the writes of a service, and its changes
//! - [`tables`]: tables of one side, in the form that a copy and a comparison need
//! - [`write_block`]: closes tables to writes, at either side, by a trigger on each

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod answers;
mod assignment;
pub mod begin;
pub mod comparing;
pub mod copying;
mod crossing_writes;
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
pub mod status;
pub mod stream;
pub mod switching;
pub mod tables;
mod text;
mod transaction;
pub mod write_block;

pub use answers::{EdgeChoice, EdgeKind};
pub use edges::CrossingEdge;
pub use inspect::SourceSettings;
pub use plan::{OpenTable, PlannedTable, SplitPlan};
pub use proposal::{GuessedTable, SplitProposal};
pub use source::SourceCatalog;
pub use text::{answer_line, split_yaml};
