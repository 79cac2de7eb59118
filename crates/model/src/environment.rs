//! Environment variables as a value: tests pass their own, and only the program reads the process's.

use std::collections::BTreeMap;

/// Variables by name.
pub type Environment = BTreeMap<String, String>;
