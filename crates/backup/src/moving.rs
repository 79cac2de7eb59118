//! Move of a service to another server. Its migrator dumps and restores the database. The copy is compared with the
//! original and gets its final name only then. The former database is closed and kept; its comment names the new
//! server.
//!
//! `obstacles` finds what prevents a copy, `former` closes and opens the former database, `sums` reads the data
//! that no catalog comparison covers, `compare` compares both sides, and `copy` runs the steps.

pub mod compare;
mod copy;
mod former;
pub mod obstacles;
mod sequences;
pub mod sums;

pub use copy::{Move, copy};
pub use former::{origin, refuse_two};
