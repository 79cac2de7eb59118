//! The migration history of a database: the tables, and the SQL that reads and writes them.

mod alike;
pub mod catalogue;
mod conditions;
pub mod progress;
pub mod repeatables;
pub mod rows;
mod schema_text;
pub mod tables;

pub use catalogue::{Catalogue, CatalogueQueries, Difference};
pub use progress::ResumePoint;
pub use repeatables::RecordedRepeatable;
pub use rows::{AppliedRow, HistoryRows, Interruption, Unfinished, text};
pub use schema_text::schema_text;
pub use tables::{Present, Record, Took};
