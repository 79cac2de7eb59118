//! Compares the rows of tables in two databases, by their number and the sum of their hashes.
//!
//! `row_checksums` reads them as text, which a backup records and a move compares. `tables` compares pairs of tables, as a
//! split does, and finds the rows that differ. Both use the sums that a server computes with the hashes of `row_hash`.

mod row_checksums;
mod row_hash;
mod rows;
mod sums;
mod tables;

pub use row_checksums::{Checksums, SummedRelations, read_checksums};
pub use row_hash::{ColumnHash, ColumnHashes, RowHash, column_hashes};
pub use rows::RowKey;
pub use sums::{ServerSum, ServerSums, sum_of_both};
pub use tables::{
    ComparedTable, DifferingTable, RowDifference, SessionPair, TargetComparison, compare_tables,
};
