//! Tests of the queries.

mod whole_rows;
