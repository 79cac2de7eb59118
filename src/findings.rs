//! The registry of findings: every kind with its severity and what to do about it, and one finding as a value.

mod builder;
mod finding;
pub mod kinds;
pub mod page;
mod severity;

pub use builder::{FindingBuilder, PUBLIC};
pub use finding::{Finding, FindingKey, SeenBy};
pub use kinds::*;
pub use severity::Severity;
