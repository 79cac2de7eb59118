//! Parts that several commands share: choices, confirmations, tables.

pub mod change;
pub mod choice;
pub(crate) mod companion;
pub(crate) mod companions;
pub(crate) mod confirmation;
pub(crate) mod disposable;
pub(crate) mod login_choice;
#[cfg_attr(
    all(feature = "monitor", feature = "redis", feature = "relay", feature = "report", feature = "split"),
    allow(dead_code)
)]
pub mod missing;
pub(crate) mod per_service;
#[cfg(feature = "redis")]
pub mod redis;
pub(crate) mod relative_path;
pub(crate) mod report_enum;
pub mod tables;
