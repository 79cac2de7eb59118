//! Compares the rows of tables in two databases, by their number and the sum of their hashes.

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

mod rows;
mod sums;
mod tables;

pub use rows::RowKey;
pub use sums::{ServerSum, ServerSums};
pub use tables::{
    ComparedTable, DifferingRow, DifferingTable, RowDifference, SessionPair, TargetComparison, compare_tables,
};
