//! The key `partitions` of a service.

use schemars::JsonSchema;
use serde::Deserialize;

use martydb_model::{Period, Removal};

/// Partitions of a table that is partitioned by ranges of one date or time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPartitions {
    /// Period of a partition, in UTC.
    pub by: Period,
    /// Column of the partition key: date, timestamp or timestamptz.
    pub key: String,
    /// Periods after the current one that have a partition; default: 7.
    pub ahead: Option<u32>,
    /// Retention of a partition after its end, such as 90d; default: forever.
    pub keep: Option<String>,
    /// Removal of a partition after `keep`; default: detach.
    #[serde(default)]
    pub drop: Removal,
}
