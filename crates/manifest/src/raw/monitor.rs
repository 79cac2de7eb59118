//! The key `monitor`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Error;

use super::forms::forms;
use crate::lenient;

/// Monitor: true, or its settings.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawMonitor {
    /// Create its login, or not.
    Wanted(bool),
    /// Create its login, with settings of the exporter.
    Settings(RawMonitorSettings),
}

/// Settings of the exporter.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawMonitorSettings {
    /// Give values the names of postgres_exporter too, for dashboards that others wrote; default: false.
    #[serde(deserialize_with = "lenient::parsed")]
    pub compatible_names: bool,
}

impl Default for RawMonitor {
    fn default() -> Self {
        RawMonitor::Wanted(false)
    }
}

impl RawMonitor {
    pub(crate) fn is_wanted(&self) -> bool {
        !matches!(self, RawMonitor::Wanted(false))
    }

    pub(crate) fn compatible_names(&self) -> bool {
        matches!(self, RawMonitor::Settings(settings) if settings.compatible_names)
    }
}

forms! {
    RawMonitor,
    "true, false, or a map with the key compatible_names",
    bool => RawMonitor::Wanted,
    // A variable that was filled in is a text.
    text => |text| match text.parse() {
        Ok(wanted) => Ok(RawMonitor::Wanted(wanted)),
        Err(_) => Err(Error::custom(format!("\"{text}\" is neither true nor false"))),
    },
    map => RawMonitor::Settings
}
