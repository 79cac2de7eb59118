//! Variables of this process: the only place that reads them.

use std::ffi::OsString;

use martydb_model::environment::Environment;

/// Returns this process's variables, without those that are not UTF-8: no manifest can name them.
pub fn environment() -> Environment {
    let text = |value: OsString| value.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}
