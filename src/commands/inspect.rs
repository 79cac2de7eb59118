//! State of services, manifest and servers.

pub mod config;
pub mod current;
pub mod history;
pub(crate) mod logs;
pub mod report;
pub mod status;
