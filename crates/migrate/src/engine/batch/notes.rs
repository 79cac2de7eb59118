//! What the session notes of its finished files, so that a file that was sent ahead does not run behind a failure.
//!
//! A note is a prepared statement: making and finding one costs microseconds. A setting of ours would do, but before 16
//! each new name makes the server sort all of its settings again.

use martydb_model::sql::{Statement, stmt};

/// Notes in the session that a file is committed.
pub fn note(number: u64) -> Statement {
    stmt!("PREPARE {name} AS SELECT", name = name(number))
}

/// Fails unless that was noted. In a transaction of its own: it takes a snapshot, and behind one the file could no longer
/// choose the isolation of its transaction.
pub fn demand(number: u64) -> [Statement; 3] {
    [stmt!("BEGIN"), stmt!("DEALLOCATE {name}", name = name(number)), stmt!("COMMIT")]
}

fn name(number: u64) -> Statement {
    stmt!("martydb_committed_{number}", number = number.cast_signed())
}
