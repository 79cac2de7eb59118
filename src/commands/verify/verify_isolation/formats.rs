//! Result as text: for a terminal, for CI viewers, and for a job summary.

mod github;
mod graph;
mod groups;
mod junit;
mod markdown;
mod matrix;
mod sarif;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use github::github;
pub(crate) use graph::{dot, opengraph};
pub use junit::junit;
pub use markdown::markdown;
pub use matrix::MatrixExtent;
pub use sarif::sarif;
pub use table::table;
