//! The migration history of a database: the tables, and the SQL that reads and writes them.

pub mod catalog;
mod conditions;
mod equivalence;
mod partitions;
pub mod progress;
pub mod repeatables;
pub mod rows;
mod schema_text;
pub mod tables;

pub use catalog::{Catalog, CatalogQueries, Difference};
pub use progress::ResumePoint;
pub use repeatables::RecordedRepeatable;
pub use rows::{AppliedRow, HistoryRows, Interruption, Unfinished, text};
pub use schema_text::schema_text;
pub use tables::{Elapsed, ExistingTables, Record};
