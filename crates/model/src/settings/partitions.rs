//! Tables of a service that are partitioned by time: which partitions are made ahead, and when they are removed.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SchemaName;

/// Comment of a partition that martydb made.
pub const MADE_PARTITION: &str = "martydb:partition";

/// Comment of a table that was a partition until martydb detached it.
pub const DETACHED_PARTITION: &str = "martydb:detached";

/// Period of a partition, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// Removal of a partition after its retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Removal {
    /// It becomes a table of its own.
    #[default]
    Detach,
    /// It is dropped with its rows.
    Drop,
}

/// One entry of the manifest's `partitions:`, with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionedTable {
    pub schema: SchemaName,
    pub table: String,
    /// Column of the partition key.
    pub key: String,
    pub by: Period,
    /// Periods after the current one that have a partition.
    pub ahead: u32,
    /// Retention of a partition after its end; `None`: forever.
    pub keep: Option<Duration>,
    pub removal: Removal,
}

impl fmt::Display for PartitionedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}
