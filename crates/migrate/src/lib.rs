//! The migration engine: refinery's file names, checksums and history table (see `files::refinery`), and around them
//! what refinery lacks: one run per database, the owner's role checked, a history with who and how long, refusals
//! before connecting, and errors with their place.
//!
//! The way of a migration is the order of the rooms: `files` reads the folder, `history` the rows of the database,
//! `check` decides (pure), `engine` runs what follows, `report` holds what commands print. The use cases stand above
//! them: `run` (upgrade and downgrade), `baseline`, `repair`, `status`, `round_trip`.
//!
//! - [`import`]: another tool's migrations as martydb's
//! - [`discovery`]: the services that a folder holds already, as a first manifest

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod adoption;
mod baseline;
pub mod check;
pub mod discovery;
mod engine;
mod events;
pub mod files;
mod first;
pub mod history;
pub mod import;
mod repair;
pub mod report;
pub mod round_trip;
mod run;
mod schema_file;
mod sizes;
mod status;
mod steps;
mod target;

pub use adoption::{Found, Meaning, look};
pub use baseline::baseline;
pub use check::plan::DowngradeTo;
pub use engine::session::Sizes;
pub use first::{Unadopted, examine as examine_unadopted, prove, prove_first};
pub use repair::{RepairKind, Repairable, examine, repair};
pub use report::{
    AppliedMigration, Blocker, DueMigration, Ended, Event, EventSender, HistoryEvent, MigrationId,
    MigrationOutcome, PlannedFile, REPEATABLE, RehearsedMigration, RepeatedMigration, RunningMigration,
    RunningRun, ServiceState, ServiceStatus,
};
pub use run::{Goal, run};
pub use schema_file::{schema_path, schema_version, write_schema};
pub use sizes::table_sizes;
pub use status::{catalogue, current, history, status};
pub use target::{Execution, MigrationTarget, Operator, Options, Order};
