//! Move of a service to another server. Its migrator dumps and restores the database. The copy is compared with the
//! original and gets its final name only then. The former database is closed and kept; its comment names the new
//! server.
//!
//! `obstacles` finds what prevents a copy, `source_database` closes and opens the former database, `owner_session` logs in
//! as the migrator and acts as the owner, `compare` compares both sides, and `copy` runs the steps. A restore
//! shares `load_order`, the order of an archive's entries, `archive_progress` and `extension_comments`.

pub(crate) mod archive_progress;
pub mod compare;
mod copy;
pub(crate) mod extension_comments;
pub(crate) mod load_order;
pub mod obstacles;
pub mod owner_session;
mod sequences;
mod source_database;
mod spread;

pub use copy::{Move, copy};
pub use source_database::{origin, refuse_two};
