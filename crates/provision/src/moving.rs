//! A service that moves to another server. Its database is dumped and restored as its own migrator, compared with what it
//! was taken from, and gets its name only then; the former one is closed, kept, and says in its comment where it went.
//!
//! `obstacles` says beforehand what stands in the way, `former` closes and opens the former database, `sums` reads what the
//! comparison of catalogues does not, `compare` decides, and `copy` is the way from one to the other.

pub mod compare;
mod copy;
mod former;
pub mod obstacles;
pub mod sums;

pub use copy::{Move, copy};
pub use former::{origin, refuse_two};
