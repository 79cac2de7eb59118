//! Notes in the session about committed files; a file that was sent ahead checks them and does not run after a
//! failure.
//!
//! A note is a prepared statement: creating and finding one takes microseconds. A custom setting would do, but
//! before 16 each new name makes the server sort all of its settings again.

use martydb_model::sql::{Statement, stmt};

/// Notes in the session that a file is committed.
pub(crate) fn note(number: u64) -> Statement {
    stmt!("PREPARE {name} AS SELECT", name = name(number))
}

/// Fails unless the note exists. It has a transaction of its own: it takes a snapshot, after which the file
/// could not choose the isolation level of its transaction.
pub(crate) fn demand(number: u64) -> [Statement; 3] {
    [stmt!("BEGIN"), stmt!("DEALLOCATE {name}", name = name(number)), stmt!("COMMIT")]
}

fn name(number: u64) -> Statement {
    stmt!("martydb_committed_{number}", number = number.cast_signed())
}
