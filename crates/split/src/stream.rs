//! Stream of changes from one database to another: read from a slot through the plugin `pgoutput`, and applied by a
//! login that has no more privileges than the tables' owner.
//!
//! A native subscription applies as a superuser before version 16: expressions of a service's tables would run with its
//! privileges. It would also need a route from server to server, and a password in the target's catalog.
//!
//! `pgoutput` decodes messages, `table` checks that a table matches them, `changes` creates statements; all three are
//! pure. `apply` writes whole transactions, each with its LSN, and `follow` connects both sides.

mod apply;
mod changes;
mod follow;
mod lsn;
mod origin;
mod pgoutput;
pub(crate) mod publishing;
mod table;

pub use apply::ApplyTarget;
pub(crate) use follow::follow_to;
pub use follow::{FollowGoal, FollowProgress, follow};
pub use lsn::Lsn;
pub use origin::StreamOrigin;
pub(crate) use origin::log_end;
pub use pgoutput::decode;
