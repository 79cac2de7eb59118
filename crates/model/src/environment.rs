//! Environment variables as a value: tests pass their own, and only this module reads the process's.

use std::collections::BTreeMap;

pub type Environment = BTreeMap<String, String>;

/// Returns this process's variables, without those that are not UTF-8: no manifest can name them.
pub fn environment() -> Environment {
    let text = |value: std::ffi::OsString| value.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}
