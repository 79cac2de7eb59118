//! The parts of a batch's message.

/// A part of the message; the server answers each statement in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchPart {
    /// martydb's statement before the file.
    Opening,
    /// A statement of the file, counted from 0.
    File(usize),
    /// martydb's mark between two statements of the file.
    Mark,
    /// A deferred constraint, checked at the end of the transaction.
    Constraints,
    /// martydb's check of role, transaction and owners.
    Check,
    /// refinery's row, martydb's row, or the note of a finished statement.
    Record,
    Commit,
    /// A statement that restores the session after the COMMIT.
    Cleanup,
}
