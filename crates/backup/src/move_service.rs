//! Move of a service to another server. Its migrator dumps and restores the database. The copy is compared with the
//! original and gets its final name only then. The former database is closed and kept; its comment names the new
//! server.
//!
//! `obstacles` finds what prevents a copy, `source_database` closes and opens the former database, `owner_session` reads the data
//! that no catalog comparison covers, `compare` compares both sides, and `copy` runs the steps.

pub mod compare;
mod copy;
pub mod obstacles;
pub mod owner_session;
mod sequences;
mod source_database;

pub use copy::{Move, copy};
pub use source_database::{origin, refuse_two};
