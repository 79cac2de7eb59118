//! Result as text: for a terminal, for CI viewers, and for a job summary.

mod graph;
mod groups;
mod junit;
mod markdown;
mod matrix;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use graph::{dot, opengraph};
pub use junit::junit;
pub use markdown::markdown;
pub use matrix::MatrixExtent;
pub use table::table;
