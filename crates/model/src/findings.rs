//! Registry of findings: every kind with its severity, and the value of one finding.

mod finding;
pub mod kinds;

pub use finding::{Finding, FindingBuilder, FindingKey, FindingSource, PUBLIC, ReachedServices};
pub use kinds::*;
