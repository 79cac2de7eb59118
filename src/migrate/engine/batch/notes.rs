//! What the session notes of its finished files, so that a file that was sent ahead does not run behind a failure.

use crate::sql::{Statement, stmt};

/// Notes in the session that a file is committed.
pub fn note(number: u64) -> Statement {
    stmt!("SET {setting} = ''", setting = setting(number))
}

/// Fails unless that was noted: the server knows a setting of this kind only once it was set. SHOW takes no snapshot, so
/// the file can still choose the isolation of its transaction.
pub fn demand(number: u64) -> Statement {
    stmt!("SHOW {setting}", setting = setting(number))
}

fn setting(number: u64) -> Statement {
    stmt!("martydb.committed_{number}", number = number.cast_signed())
}
