//! The side that accepts the writes of a service, and its changes: `cutover` directs them to the service's own
//! database, `rollback` back to the source, and `finish` removes the means of a rollback. A row in the service's
//! database, which is written in the transaction that opens it, defines the open side.
//!
//! `sides` contains the sessions, `catch_up` applies the last changes, `row_comparison` compares the rows while
//! neither side accepts writes, `definitions` compares the tables' definitions, `dependents` finds what cannot outlive them,
//! `kept_schema` tells the service that has the shared database what a finish removed, `reverse` prepares the rollback,
//! `following` applies changes between the switches, and `status` reads both sides.

mod afterwards;
mod catch_up;
mod cutover;
mod dangling;
pub(crate) mod definitions;
mod dependents;
mod finish;
pub(crate) mod following;
mod kept_schema;
mod leftovers;
pub(crate) mod reverse;
mod rollback;
mod row_comparison;
mod sides;
pub(crate) mod status;
mod verify;

pub use cutover::{Switched, cut_over, is_cut_over};
pub use finish::{FinishRemoval, begin as begin_finish, clear_source, clear_target, removal};
pub use kept_schema::SourceSchema;
pub use leftovers::{OldGrant, OldLogin, old_grants, old_logins};
pub use rollback::{AfterRollback, RolledBack, roll_back};
pub use sides::SplitSides;
pub use verify::verify_following;
