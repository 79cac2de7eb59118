//! Splits a shared database into one database per service: placement of its objects, boundary crossings, copy and
//! cutover.
//!
//! The map (`split.yaml`, read by `manifest`) assigns tables to services. `inspect` reads the shared database, `map`
//! places its objects and finds those that need something in another database, `copy` copies the rows, `stream` applies
//! the changes made since, `compare` compares both sides, and `switch` directs the writes of a service to one of them.
//! `state` contains the records of a split, and `database` the sessions, tables and closing triggers of both sides.

mod compare;
mod copy;
mod database;
mod inspect;
mod map;
mod state;
mod stream;
mod switch;

pub use compare::{
    ComparedAt, ComparedTables, DifferingTable, RowDifference, SidesComparison, TargetComparison,
};
pub use copy::begin::{PlannedRun, StartedSplit, begin};
pub use copy::offline::copy as copy_offline;
pub use copy::online::copy as copy_online;
pub use copy::relations::{notes_on_following, numbers_of, owners_of};
pub use copy::{CopyTarget, FilledCount, SplitCopy};
pub use database::sessions::open_inspecting;
pub use database::tables::DatabaseTables;
pub use database::write_block::still_open;
pub use inspect::fingerprint::ChangedDefinition;
pub use inspect::hints::service_hints;
pub use inspect::privileges::{MissingPrivilege, missing_privileges};
pub use inspect::schema::{BEYOND, DumpedSource};
pub use inspect::{SourceSettings, SourceSnapshot, read as read_source, settings as read_settings};
pub use map::answers::{EdgeChoice, EdgeKind};
pub use map::edges::CrossingEdge;
pub use map::plan::{PlannedTable, SplitPlan, edges_of};
pub use map::proposal::{GuessedTable, SplitProposal, propose};
pub use map::source::SourceCatalog;
pub use map::text::{answer_line, split_yaml};
pub use state::notes::disabled as disabled_side_effects;
pub use state::source::{
    SplitRelation, SplitRun, SplitService, exists as state_exists, relations as read_relations,
    remove as remove_state, run as read_run, services as read_services,
};
pub use state::{LOCK, SplitKind, SplitPhase};
pub use stream::{ApplyTarget, FollowGoal, FollowProgress, Lsn, StreamOrigin, decode, follow};
pub use switch::following::{FollowEnd, FollowedSide, follow_service, followed_from};
pub use switch::status::{LoadedCount, SplitServiceStatus, read as read_status};
pub use switch::{
    AfterRollback, FinishRemoval, OldGrant, OldLogin, RolledBack, SourceSchema, SplitSides, Switched,
    begin_finish, clear_source, clear_target, cut_over, is_cut_over, old_grants, old_logins, removal,
    roll_back, verify_following,
};
