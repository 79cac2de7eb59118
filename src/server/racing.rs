//! Errors that mean "somebody else changed the same thing at the same time", not "this cannot be done".
//!
//! PostgreSQL changes its catalogues without row locks that wait and look again: the second of two GRANTs on one
//! database fails. martydb's own runs hold a lock, strangers take none.

use crate::error::Error;

/// The transaction met another one on a row of the catalogues: the same again will do.
pub fn collided(error: &Error) -> bool {
    match error.sqlstate.as_deref() {
        Some("40P01" | "40001") => true,
        Some("XX000") => error.causes.iter().any(|cause| cause.contains("tuple concurrently")),
        _ => false,
    }
}

/// What was to be made is there already, or what was to be changed is gone: only a fresh look tells what is left to
/// do. A warning may mean that somebody else has just taken the right away; 55006 is a
/// template that somebody copies, 55P03 a lock that somebody holds for longer than our lock_timeout.
pub fn overtaken(error: &Error) -> bool {
    const OVERTAKEN: [&str; 11] =
        ["01000", "23505", "42710", "42704", "42P04", "42P06", "42P07", "3D000", "3F000", "55006", "55P03"];
    let state = error.sqlstate.as_deref();
    state.is_some_and(|state| OVERTAKEN.contains(&state))
}
