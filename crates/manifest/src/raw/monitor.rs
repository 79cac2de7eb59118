//! The key `monitor`.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::lenient;

/// Monitor: true, or its settings.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub enum RawMonitor {
    /// Create its login, or not.
    Wanted(bool),
    /// Create its login, with settings of the exporter.
    Settings(RawMonitorSettings),
}

/// Settings of the exporter.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawMonitorSettings {
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
    pub fn is_wanted(&self) -> bool {
        !matches!(self, RawMonitor::Wanted(false))
    }

    pub fn compatible_names(&self) -> bool {
        matches!(self, RawMonitor::Settings(settings) if settings.compatible_names)
    }
}

impl<'de> Deserialize<'de> for RawMonitor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MonitorVisitor)
    }
}

struct MonitorVisitor;

impl<'de> Visitor<'de> for MonitorVisitor {
    type Value = RawMonitor;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("true, false, or a map with the key compatible_names")
    }

    fn visit_bool<E: de::Error>(self, wanted: bool) -> Result<RawMonitor, E> {
        Ok(RawMonitor::Wanted(wanted))
    }

    /// A variable that was filled in is a text.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<RawMonitor, E> {
        let wanted = text.parse().map_err(|_| E::custom(format!("\"{text}\" is neither true nor false")))?;
        Ok(RawMonitor::Wanted(wanted))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawMonitor, A::Error> {
        RawMonitorSettings::deserialize(MapAccessDeserializer::new(map)).map(RawMonitor::Settings)
    }
}
