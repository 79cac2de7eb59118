//! Rules of `martydb lint`.

use schemars::JsonSchema;
use serde::Deserialize;

/// Rules of `martydb lint`, by name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawLint {
    /// Rules to disable.
    pub disable: Option<Vec<String>>,
    /// Rules to enable.
    pub enable: Option<Vec<String>>,
}
