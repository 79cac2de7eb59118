//! Help with its examples, and completion.

pub mod complete;
mod examples;
mod help;
pub mod other_words;

pub use examples::EXAMPLES;
pub use help::{interface, interface_within};
