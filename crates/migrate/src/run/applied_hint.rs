//! Hint about the migrations that were committed before a run failed.

use crate::files::Direction;
use crate::report::AppliedMigration;
use martydb_model::error::{Error, Kind};

/// Adds a hint about what was committed before the failure, because it is not rolled back. A server that
/// crashed may not have flushed it to disk (see `engine::pipeline`).
pub(super) fn with_applied(error: Error, applied: &[AppliedMigration], direction: Direction) -> Error {
    let crashed = (error.kind == Kind::Unreachable && !applied.is_empty())
        .then_some("if the server crashed, the last of them may be lost with their history; the next run applies them again");
    let what = if direction == Direction::Up { "" } else { "the downgrade of " };
    let committed = "committed before the failure and";
    match applied {
        [] => error,
        [one] => error.hint(format!("{what}V{} was {committed} is not rolled back", one.version)),
        [first, .., last] => error.hint(format!(
            "{what}{} migrations, V{} to V{}, were {committed} are not rolled back",
            applied.len(),
            first.version,
            last.version
        )),
    }
    .hint_if(crashed)
}
