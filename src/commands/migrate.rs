//! Migrations: files, runs, checks, test databases.

pub mod baseline;
pub mod diff;
pub mod downgrade;
pub mod import;
pub mod lint;
pub(crate) mod migrating;
pub mod redo;
pub mod repair;
pub mod revision;
pub mod squash;
pub mod test_db;
pub mod upgrade;
pub mod verify_down;
