//! `martydb partitions`: tables that are partitioned by time. Partitions are made ahead, and removed after their
//! retention, as the service's owner. Each change waits only briefly for its locks, so that writers do not wait long.
//!
//! `calendar` says which partitions are missing or over, `catalog` reads the partitions of a table, and `change` makes
//! and removes one.

mod calendar;
mod catalog;
mod change;
mod row;
mod service;

pub use calendar::{Span, TimePartition, day, name_of, over};
pub use catalog::{Partitioning, partitioning, partitioning_sql};
pub use change::attached as attached_sql;
pub use change::{LockTries, Parent, limit as limit_sql, name as partition_name, patiently};
pub use row::{PartitionRow, names};
pub use service::{COUNTED, Coverage, Maintained, MaintenanceMode, due, maintain};
