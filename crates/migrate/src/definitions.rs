//! Definitions of a service's objects as its last run left them, which show changes made by hand.
//!
//! A run keeps them in `martydb.definitions`, one row: the catalog at its end, and the objects that were known to differ
//! from what the runs before had left. A run changes only what it itself does: what differed before it and was not changed
//! by it differs still.

mod compare;
mod compared;
mod partitions;
mod session;
mod use_cases;

pub(crate) use session::{FoundSchema, carry, keep, keeping, look};
pub use use_cases::{
    SuspendedSchema, accept_schema, resume_schema, schema_state, settle_schema, suspend_schema,
};
