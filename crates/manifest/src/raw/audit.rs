//! The key `serve.audit`: a word, or a map.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::lenient;

/// Audit of the data service: the requests that leave a row, or a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum RawAudit {
    /// Requests that leave a row.
    Requests(RawAuditedRequests),
    /// Requests that leave a row, by kind, and the choice to back up the rows.
    Settings(RawAuditSettings),
}

/// Requests that leave a row in the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawAuditedRequests {
    /// No request.
    None,
    /// Each write, in its own transaction.
    Writes,
    /// Each write and each read.
    All,
}

/// Audit by kind of request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawAuditSettings {
    /// Writes that leave a row, each in its own transaction: all or none; default: all.
    pub writes: Option<RawAuditExtent>,
    /// Reads that leave a row: all or none; default: none.
    pub reads: Option<RawAuditExtent>,
    /// Back up the rows with the service; default: false.
    #[serde(deserialize_with = "lenient::parsed")]
    pub backup: bool,
}

/// Requests of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawAuditExtent {
    /// None of them.
    None,
    /// Each of them.
    All,
}

impl Default for RawAudit {
    fn default() -> Self {
        RawAudit::Requests(RawAuditedRequests::Writes)
    }
}

impl<'de> Deserialize<'de> for RawAudit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AuditVisitor)
    }
}

struct AuditVisitor;

impl<'de> Visitor<'de> for AuditVisitor {
    type Value = RawAudit;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("none, writes, all, or a map with the keys writes, reads and backup")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<RawAudit, E> {
        RawAuditedRequests::deserialize(word.into_deserializer()).map(RawAudit::Requests)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawAudit, A::Error> {
        RawAuditSettings::deserialize(MapAccessDeserializer::new(map)).map(RawAudit::Settings)
    }
}
