//! The result as text: for people, for CI's viewers, and for the summary of a job.

mod alike;
mod graph;
mod junit;
mod markdown;
mod matrix;
mod table;
#[cfg(test)]
mod tests;
mod words;

pub use graph::{dot, opengraph};
pub use junit::junit;
pub use markdown::markdown;
pub use matrix::MatrixExtent;
pub use table::table;
