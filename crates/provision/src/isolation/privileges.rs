//! What each login can do inside its own database, found out in a session of its own.
//!
//! The server is asked about privileges (`has_…_privilege`), which takes no lock and calls nothing that a service
//! made; statements are run only where they must be refused, in a transaction that is rolled back, and not at all where
//! an event trigger would run. Either is enough for a breach. The session's settings are pinned at its start, where they
//! override those that a role may set for itself.
//!
//! `rules` says what a login must not be able to do, `classes` how the server is asked about it.

mod classes;
mod judge;
mod observe;
pub(crate) mod rules;

pub use judge::judge;
pub use observe::observe;
