//! Session that a request needs, and its transaction there.

use std::time::Duration;

use super::records::AuditedAction;
use crate::face::api::IsolationLevel;

/// Transaction of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionMode {
    /// None, unless settings need one that reads.
    Plain,
    ReadOnly,
    ReadWrite,
}

/// End of a request's transaction where nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestEnd {
    Commit,
    /// Rolled back; deferred constraints are checked before, if so.
    RollBack {
        checks_constraints: bool,
    },
    /// Left open for the next request.
    Hold,
}

/// Session that a request needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionUse {
    pub mode: TransactionMode,
    /// `true` for the caller's login that writes, also where nothing may be written.
    pub(crate) as_writer: bool,
    pub isolation: Option<IsolationLevel>,
    /// Time after which the server ends a transaction that waits for its next request.
    pub idle: Option<Duration>,
    pub end: RequestEnd,
}

impl SessionUse {
    /// Returns the use of a request that reads, or of one that writes.
    pub(crate) fn new(writes: bool) -> SessionUse {
        let mode = if writes { TransactionMode::ReadWrite } else { TransactionMode::Plain };
        let end = RequestEnd::Commit;
        SessionUse { mode, as_writer: writes, isolation: None, idle: None, end }
    }

    /// Returns `true` if the action is recorded in the transaction itself, and not behind it.
    pub(crate) fn records_inside(&self, action: &AuditedAction) -> bool {
        self.mode == TransactionMode::ReadWrite
            && match self.end {
                RequestEnd::Commit => true,
                RequestEnd::RollBack { .. } => false,
                RequestEnd::Hold => action.writes,
            }
    }
}
