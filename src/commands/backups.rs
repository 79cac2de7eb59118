//! Backups of services, and restores of them.

pub mod backup;
pub mod restore;
