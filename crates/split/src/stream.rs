//! What changes in one database while another one takes its place: read from a slot of the one by the plugin `pgoutput`, and
//! written into the other by a login that has no more rights there than the tables' owner.
//!
//! A subscription of the server's own would apply as a superuser before 16, so that expressions of a service's tables would run
//! with its rights; it would need a route from server to server, and a password in the target's catalogue.
//!
//! `pgoutput` reads the messages, `table` says whether a table fits them, `changes` makes statements; all three are pure. `apply`
//! writes whole transactions, each with its place in the log, and `follow` is the way from one to the other.

mod apply;
mod changes;
mod follow;
mod lsn;
mod origin;
mod pgoutput;
mod table;

pub use apply::ApplyPlace;
pub use follow::{FollowGoal, FollowProgress, follow, follow_to};
pub use lsn::Lsn;
pub use origin::{StreamOrigin, log_end};
