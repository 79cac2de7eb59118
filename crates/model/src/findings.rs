//! The registry of findings: every kind with its severity, and one finding as a value.

mod finding;
pub mod kinds;

pub use finding::{Finding, FindingBuilder, FindingKey, PUBLIC, SeenBy};
pub use kinds::*;
