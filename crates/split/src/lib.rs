//! Splits a shared database into one database per service: placement of its objects, boundary crossings, copy and
//! cutover.
//!
//! The map (`split.yaml`, read by `manifest`) assigns tables to services. `inspect` reads the shared database, `map`
//! places its objects and finds those that need something in another database, `copy` copies the rows, `stream` applies
//! the changes made since, `compare` compares both sides, and `switch` directs the writes of a service to one of them.
//!
//! - [`compare`]: compares source and target by the number of rows of each table and the sum of their hashes
//! - [`copy`]: copies the rows of a split from the source into every target
//! - [`database`]: sessions, tables and closing triggers of both sides
//! - [`inspect`]: reads a shared database
//! - [`map`]: decisions of a split
//! - [`state`]: state of a split
//! - [`stream`]: stream of changes from one database to another
//! - [`switch`]: the side that accepts the writes of a service, and its changes

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod compare;
pub mod copy;
pub mod database;
pub mod inspect;
pub mod map;
pub mod state;
pub mod stream;
pub mod switch;

pub use compare as comparing;
pub use copy as copying;
pub use copy::{begin, offline, online, relations};
pub use database::{sessions, tables, write_block};
pub use inspect::{SourceSettings, fingerprint, hints, privileges, schema};
pub use map::answers::{EdgeChoice, EdgeKind};
pub use map::edges::CrossingEdge;
pub use map::plan::{OpenTable, PlannedTable, SplitPlan};
pub use map::proposal::{GuessedTable, SplitProposal};
pub use map::source::SourceCatalog;
pub use map::text::{answer_line, split_yaml};
pub use map::{plan, proposal};
pub use switch as switching;
pub use switch::{following, status};
