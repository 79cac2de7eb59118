//! What the engine answers, as values: commands print them.

pub mod outcome;
pub mod status;

pub use outcome::{AppliedMigration, Event, MigrationId, MigrationOutcome, OnEvent, PlannedFile};
pub use status::{HistoryEvent, ServiceState, ServiceStatus};
