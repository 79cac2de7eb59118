//! The migration engine: refinery's file names, checksums and history table (see `files::refinery`), and what
//! refinery lacks: one run at a time per database, a check of the owner's role, a history with operators and
//! durations, checks before connecting, and errors with file positions.
//!
//! The modules in the order in which a migration passes them: `files` reads the folder, `history` reads the
//! database's history tables, `check` decides (pure), `engine` runs the files, `report` holds the results that
//! commands print. The use cases are built on these: `run` (upgrade and downgrade), `baseline`, `repair`,
//! `status`, `round_trip`.
//!
//! - [`check`]: decisions based on the files and the history, made before anything is written
//! - [`dump`]: the first migration, from a dump of the schema
//! - [`files`]: the folder of a service's migrations, read and checked without a server
//! - [`history`](mod@history): the migration history of a database
//! - [`round_trip`]: up, down, up on a scratch database, with a comparison of the catalogs after each

mod adoption;
mod baseline;
pub mod check;
mod definitions;
pub mod dump;
mod engine;
mod events;
mod expression_normalizer;
pub mod files;
pub mod history;
mod initial;
mod repair;
mod report;
pub mod round_trip;
mod run;
mod schema_file;
mod sizes;
mod status;
mod target;

pub use adoption::{AdoptionState, FailedRow, RowMeaning, inspect_adoption};
pub use baseline::baseline;
pub use check::plan::DowngradeTo;
pub use definitions::{
    SuspendedSchema, accept_schema, resume_schema, schema_state, settle_schema, suspend_schema,
};
pub use engine::seed::{check_seed, seed, wait_for_other_runs};
pub use engine::session::{Sizes, connect_as_owner, connect_reader};
pub use engine::watched;
pub use expression_normalizer::{equal_forms, normalize_expressions};
pub use initial::{
    Unadopted, examine as examine_unadopted, prove, prove_first, without_decided, without_roles,
};
pub use repair::{RepairKind, Repairable, examine, repair};
pub use report::{
    AppliedMigration, ChangedCollation, Ended, Event, EventSender, HistoryEvent, MigrationId,
    MigrationOutcome, PlannedFile, ProgressUnit, REPEATABLE, RehearsedMigration, RunningMigration,
    RunningRun, SchemaChange, SchemaDrift, SchemaState, ServerProgress, ServiceState, ServiceStatus,
    UnknownSchema, drift_hint, drift_in_words,
};
pub use run::{Goal, read_files, run, run_folder};
pub use schema_file::{schema_path, schema_version, write_schema};
pub use sizes::table_sizes;
pub use status::{DriftCheck, catalog, collations, current, history, status};
pub use target::{Execution, MigrationTarget, Operator, Options, Order};
