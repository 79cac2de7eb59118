//! Help with its examples, and completion.

pub mod complete;
mod examples;
mod help;
#[cfg(test)]
mod tool_aliases;

pub use examples::EXAMPLES;
pub use help::interface;
pub(crate) use help::interface_within;
