//! The migration history of a database: the tables, and the SQL that reads and writes them.

mod accepted;
pub(crate) mod catalog;
mod conditions;
pub(crate) mod definitions;
mod equivalence;
mod grants;
pub(crate) mod index_text;
mod partitions;
pub(crate) mod place;
pub(crate) mod privileges;
pub(crate) mod progress;
pub(crate) mod repeatables;
pub(crate) mod rows;
mod schema_text;
pub(crate) mod settle;
pub(crate) mod tables;

pub use accepted::record_accepted;
pub(crate) use catalog::CatalogQueries;
pub use catalog::{Catalog, Difference, KINDS};
pub(crate) use progress::ResumePoint;
pub(crate) use repeatables::RecordedRepeatable;
pub use rows::text;
pub(crate) use rows::{AppliedRow, HistoryRows, Interruption, Unfinished};
pub(crate) use schema_text::schema_text;
pub(crate) use tables::{Elapsed, ExistingTables, Record};
