//! The variables of the environment as a value: tests choose them, and nothing else reads the real ones.

use std::collections::BTreeMap;

pub type Environment = BTreeMap<String, String>;

/// The variables of this process, without those that are not UTF-8: no manifest can name them.
pub fn environment() -> Environment {
    let text = |value: std::ffi::OsString| value.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}
