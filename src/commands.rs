//! Commands, by the groups of the help, one file each: arguments, the call, and the report. None of them prints.

pub mod backups;
pub mod change;
pub mod connect;
pub mod deploy;
pub mod inspect;
pub mod migrate;
pub mod more;
pub mod start;
pub mod support;
pub mod verify;

use martydb_model::error::Error;

/// Returns the error of a command that this build does not have.
#[cfg_attr(
    all(feature = "monitor", feature = "redis", feature = "relay", feature = "report", feature = "split"),
    allow(dead_code)
)]
fn missing_feature(feature: &str) -> Error {
    Error::usage(format!("this build of martydb lacks the feature `{feature}`"))
        .hint(format!("build it with `cargo build --features {feature}`, or without `--no-default-features`"))
}
