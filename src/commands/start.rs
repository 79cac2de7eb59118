//! First steps: a manifest, checks, everything at once, embedded servers.

pub mod dev;
pub mod doctor;
pub mod init;
pub mod init_all;
pub mod validate;
