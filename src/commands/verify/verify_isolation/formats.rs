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

pub(crate) use github::github;
pub(crate) use graph::{dot, opengraph};
pub(crate) use junit::junit;
pub(crate) use markdown::markdown;
pub(crate) use matrix::MatrixExtent;
pub(crate) use sarif::sarif;
pub(crate) use table::table;
pub(crate) use text::closing_line;
