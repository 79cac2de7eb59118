//! Schemas, completions, man pages.

pub mod completions;
pub mod man;
pub mod schema;
