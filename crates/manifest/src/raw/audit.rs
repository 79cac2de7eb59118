//! The key `serve.audit`: a word, or a map.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IntoDeserializer;

use super::forms::forms;
use crate::lenient;

/// Audit of the data service: the requests that leave a row, or a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawAudit {
    /// Requests that leave a row.
    Requests(RawAuditedRequests),
    /// Requests that leave a row, by kind, and the choice to back up the rows.
    Settings(RawAuditSettings),
}

/// Requests that leave a row in the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawAuditedRequests {
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
pub(crate) struct RawAuditSettings {
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
pub(crate) enum RawAuditExtent {
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

forms! {
    RawAudit,
    "none, writes, all, or a map with the keys writes, reads and backup",
    text => |word| RawAuditedRequests::deserialize(word.into_deserializer()).map(RawAudit::Requests),
    map => RawAudit::Settings
}
