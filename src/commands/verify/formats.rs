//! Result as text: for a terminal, for CI viewers, and for a job summary.

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
