//! `martydb partitions`: tables that are partitioned by time. Partitions are made ahead, and removed after their
//! retention, as the service's owner. Each change waits only briefly for its locks, so that writers do not wait long.
//!
//! - [`calendar`]: periods, and which partitions are missing or over (pure)
//! - [`catalog`]: the partitions of a table, read from the catalogs
//! - [`change`]: makes and removes one partition

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod calendar;
pub mod catalog;
pub mod change;
mod service;

pub use service::{COUNTED, Coverage, Maintained, MaintenanceMode, due, maintain};
