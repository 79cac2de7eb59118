//! What a database knows about its migrations: the tables, and the SQL that reads and writes them.

pub mod catalogue;
pub mod progress;
pub mod repeatables;
pub mod rows;
pub mod tables;

pub use catalogue::{Catalogue, Difference};
pub use progress::ResumePoint;
pub use repeatables::RecordedRepeatable;
pub use rows::{AppliedRow, HistoryRows, Interruption, Unfinished, text, unreadable};
pub use tables::{Present, Record, Took};
