//! State of a service as one word, for the table, the summary and `--only`. Pure.

use clap::ValueEnum;

use martydb_migrate::{ServiceState, ServiceStatus};
use martydb_ui::report::Paint;

/// State of the document, or a more specific one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum StatusWord {
    /// No migrations are due.
    UpToDate,
    /// Migrations are due.
    Pending,
    /// Another run is in progress.
    Running,
    /// The newest migration, or one that is half done, failed.
    Failed,
    /// The server differs from the manifest.
    Drifted,
    /// The migrations are another tool's and were not imported.
    NotImported,
    /// The database or a role is missing.
    NotProvisioned,
    /// Files and history differ.
    Divergent,
    /// A migration file cannot run as written.
    Invalid,
    /// The embedded server is stopped.
    Stopped,
    /// The server did not answer.
    Unreachable,
}

impl StatusWord {
    /// Returns the most important state.
    pub(crate) fn from_status(status: &ServiceStatus) -> StatusWord {
        let shown = StatusWord::of_state(status.state);
        let is_calm = matches!(shown, StatusWord::UpToDate | StatusWord::Pending);
        match (status.running.is_some(), has_failed(status)) {
            (true, _) if is_calm => StatusWord::Running,
            (_, true) if is_calm => StatusWord::Failed,
            _ => shown,
        }
    }

    /// Returns `true` if the state applies; several can: a failed service is also pending.
    pub fn holds(self, status: &ServiceStatus) -> bool {
        match self {
            StatusWord::Running => status.running.is_some(),
            StatusWord::Failed => has_failed(status),
            other => StatusWord::of_state(status.state) == other,
        }
    }

    fn of_state(state: ServiceState) -> StatusWord {
        match state {
            ServiceState::UpToDate => StatusWord::UpToDate,
            ServiceState::Pending => StatusWord::Pending,
            ServiceState::NotImported => StatusWord::NotImported,
            ServiceState::NotProvisioned => StatusWord::NotProvisioned,
            ServiceState::Drifted => StatusWord::Drifted,
            ServiceState::Divergent => StatusWord::Divergent,
            ServiceState::Invalid => StatusWord::Invalid,
            ServiceState::Stopped => StatusWord::Stopped,
            ServiceState::Unreachable => StatusWord::Unreachable,
        }
    }

    pub fn words(self) -> (&'static str, Paint) {
        match self {
            StatusWord::UpToDate => ("up to date", Paint::Good),
            StatusWord::Pending => ("pending", Paint::Warn),
            StatusWord::Running => ("running", Paint::Warn),
            StatusWord::Failed => ("failed", Paint::Bad),
            StatusWord::Drifted => ("drifted", Paint::Warn),
            StatusWord::NotImported => ("not imported", Paint::Bad),
            StatusWord::NotProvisioned => ("not provisioned", Paint::Warn),
            StatusWord::Divergent => ("divergent", Paint::Bad),
            StatusWord::Invalid => ("invalid files", Paint::Bad),
            StatusWord::Stopped => ("stopped", Paint::Warn),
            StatusWord::Unreachable => ("unreachable", Paint::Bad),
        }
    }
}

/// Returns `true` if the newest event is a failure. Events that the server rolled back are in the history, too.
fn has_failed(status: &ServiceStatus) -> bool {
    let last = status.last_event.as_ref().is_some_and(|event| event.outcome == "failed");
    last || (status.running.is_none() && !status.unfinished.is_empty())
}

/// Returns a summary such as `58 up to date, 2 pending`.
pub(crate) fn tally(all: &[ServiceStatus]) -> String {
    let of = |standing| all.iter().filter(|status| StatusWord::from_status(status) == standing).count();
    let counts = StatusWord::value_variants().iter().map(|standing| (of(*standing), standing.words().0));
    let words = counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_migrate::{HistoryEvent, RunningRun};

    fn status(state: ServiceState, outcome: &str, runs: bool) -> ServiceStatus {
        let event = HistoryEvent { outcome: outcome.into(), ..HistoryEvent::default() };
        let running =
            RunningRun { pid: Some(7), login: None, since: None, statement: None, statements: None };
        ServiceStatus {
            state,
            last_event: Some(event),
            running: runs.then_some(running),
            ..ServiceStatus::default()
        }
    }

    #[test]
    fn running_and_failed_migrations_precede_pending_ones() {
        use ServiceState::{Divergent, Pending, UpToDate};
        for (state, outcome, runs, expected) in [
            (UpToDate, "ok", false, StatusWord::UpToDate),
            (Pending, "failed", false, StatusWord::Failed),
            (Pending, "failed", true, StatusWord::Running),
            (Divergent, "failed", true, StatusWord::Divergent),
        ] {
            assert_eq!(StatusWord::from_status(&status(state, outcome, runs)), expected);
        }
        let failed = status(Pending, "failed", false);
        assert!(StatusWord::Failed.holds(&failed) && StatusWord::Pending.holds(&failed));
        assert!(!StatusWord::UpToDate.holds(&failed));
        assert_eq!(tally(&[failed.clone(), failed, status(UpToDate, "ok", false)]), "1 up to date, 2 failed");
    }
}
