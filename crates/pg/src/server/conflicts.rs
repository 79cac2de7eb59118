//! Errors that mean "another session changed the same thing at the same time", not "this cannot be done".
//!
//! PostgreSQL changes its catalogs without row locks that wait and re-read: the second of two GRANTs on one database
//! fails. martydb's own runs hold a lock, other sessions take none.

use martydb_model::error::Error;
use martydb_model::sqlstate;

/// SQLSTATEs after which only a new inspection shows what remains: the object to create exists, or the one to change
/// is gone. A warning may come from another session's REVOKE, and an object in use is a template that is being
/// copied.
const NEEDS_REPLAN: [&str; 10] = [
    sqlstate::WARNING,
    sqlstate::UNIQUE_VIOLATION,
    sqlstate::DUPLICATE_OBJECT,
    sqlstate::UNDEFINED_OBJECT,
    sqlstate::DUPLICATE_DATABASE,
    sqlstate::DUPLICATE_SCHEMA,
    sqlstate::DUPLICATE_TABLE,
    sqlstate::INVALID_CATALOG_NAME,
    sqlstate::INVALID_SCHEMA_NAME,
    sqlstate::OBJECT_IN_USE,
];

/// Returns `true` if the transaction conflicted with another one on a catalog row: the same statements may succeed
/// now.
pub fn is_retryable(error: &Error) -> bool {
    match error.sqlstate.as_deref() {
        Some(sqlstate::DEADLOCK_DETECTED | sqlstate::SERIALIZATION_FAILURE) => true,
        Some(sqlstate::INTERNAL_ERROR) => {
            error.causes.iter().any(|cause| cause.contains("tuple concurrently"))
        }
        _ => false,
    }
}

/// Returns `true` if the plan must be made again after a new inspection.
pub fn needs_replan(error: &Error) -> bool {
    is_retryable(error) || error.sqlstate.as_deref().is_some_and(|state| NEEDS_REPLAN.contains(&state))
}
