//! Schemas, completions, man pages.

pub(crate) mod completions;
pub(crate) mod man;
pub mod schema;
