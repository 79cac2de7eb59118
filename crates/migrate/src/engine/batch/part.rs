//! The parts of a batch's message.

/// What a message consists of; the server answers each statement in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchPart {
    /// Ours, before the file.
    Opening,
    /// A statement of the file, counted from 0.
    File(usize),
    /// Ours, between two statements of the file.
    Mark,
    /// A constraint that waits for the end of the transaction.
    Constraints,
    /// Our check of role, transaction and owners.
    Check,
    /// refinery's row, our own, or the note of a finished statement.
    Record,
    Commit,
    /// What restores the session after the COMMIT.
    Cleanup,
}
