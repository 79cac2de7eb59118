//! Privileges of each login inside its own database, checked in a session of that login.
//!
//! The session calls `has_…_privilege`, which takes no lock and runs no code of a service. Statements run only if
//! they must be rejected, in a transaction that is rolled back, and never if an event trigger would fire. Either
//! result is enough for a breach. The session pins its settings at startup, which overrides those that a role may
//! have set for itself.
//!
//! `rules` lists the forbidden privileges, `classes` the queries for them.

mod classes;
mod judge;
mod observe;
pub(crate) mod rules;

pub(crate) use judge::judge;
pub(crate) use observe::observe;
