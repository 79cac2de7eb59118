//! Commands, one file each: arguments, the call, and the report. None of them prints.

pub mod adopt;
pub mod annotation;
pub mod apply;
pub mod backup;
pub mod baseline;
pub mod change;
mod choice;
pub mod completions;
pub mod config;
pub mod confirmation;
pub mod current;
mod dba_script;
pub mod dev;
pub mod diff;
pub mod doctor;
pub mod downgrade;
pub mod drop;
pub mod exec;
pub mod explain;
pub mod git_listing;
pub mod history;
pub mod import;
pub mod init;
pub mod init_all;
pub mod lint;
pub mod login_choice;
pub mod logs;
pub mod losses;
pub mod man;
pub mod migrating;
pub mod monitor;
mod one_of;
pub mod partitions;
pub mod per_service;
pub mod plan;
pub mod plan_file;
pub mod psql;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(not(feature = "redis"))]
#[path = "commands/no_redis.rs"]
pub mod redis;
pub mod redis_values;
pub mod relay;
pub mod render;
pub mod repair;
pub mod report;
pub mod restore;
pub mod revision;
pub mod rotate;
pub mod schema;
pub mod secrets;
pub mod serve;
#[cfg(feature = "split")]
pub mod split;
#[cfg(not(feature = "split"))]
#[path = "commands/no_split.rs"]
pub mod split;
pub mod squash;
pub mod status;
pub mod tables;
pub mod test_connections;
pub mod test_db;
pub mod upgrade;
pub mod url;
pub mod validate;
pub mod verify;
pub mod verify_down;

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
