//! Which side takes the writes of a service, and how that changes: `cutover` gives them to the service's own database, `rollback` gives
//! them back, and `finish` removes what the way back needed. Who is open is said by the database of the service: a row there is
//! written in the transaction that opens it.
//!
//! `ends` has the sessions, `drain` lets the last changes arrive, `equal` compares the rows while neither takes writes,
//! `definitions` the tables' definitions, `reverse` is what the way back needs.

mod cutover;
pub mod definitions;
mod drain;
mod ends;
mod equal;
mod finish;
mod remains;
pub mod reverse;
mod rollback;
mod verify;

pub use cutover::{Switched, cut_over, still_target};
pub use drain::approach;
pub use ends::{SwitchEnds, VERIFYING, transact, transact_warned};
pub use finish::{FinishRemoval, begin as begin_finish, clear_source, clear_target, removal};
pub use remains::{OldLogin, Remainder, old_logins};
pub use rollback::{AfterRollback, RolledBack, roll_back};
pub use verify::verify_following;
