//! Help with its examples, and completion.

pub mod complete;
mod examples;
mod help;

pub use examples::EXAMPLES;
pub use help::interface;
