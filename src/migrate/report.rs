//! What the engine answers, as values: commands print them.

pub mod event;
pub mod outcome;
pub mod status;

pub use event::{Event, OnEvent};
pub use outcome::{AppliedMigration, MigrationId, MigrationOutcome, PlannedFile};
pub use status::{HistoryEvent, ServiceState, ServiceStatus};
