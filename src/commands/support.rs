//! Parts that several commands share: choices, confirmations, annotations, tables.

pub mod annotation;
pub mod change;
pub mod choice;
pub mod companion;
pub mod companions;
pub mod confirmation;
pub mod git_listing;
pub mod login_choice;
pub mod losses;
#[cfg_attr(
    all(feature = "monitor", feature = "redis", feature = "relay", feature = "report", feature = "split"),
    allow(dead_code)
)]
pub mod missing;
pub mod per_service;
#[cfg(feature = "redis")]
pub mod redis;
pub mod relative_path;
pub mod report_enum;
pub mod tables;
