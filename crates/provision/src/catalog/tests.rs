//! What the questions promise.

mod whole_rows;
