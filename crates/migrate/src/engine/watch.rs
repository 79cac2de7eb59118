//! Monitors the running migration in a separate task; the migration never waits for it and never fails because
//! of it. It logs in only when a migration takes longer than a moment, once per service, and disconnects when
//! the migration ends. Without a connection it still reports the elapsed time.

mod blocking;
mod server_progress;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use blocking::BlockMonitor;
pub(crate) use blocking::statement_count;
pub use server_progress::watched;
use tokio::task::JoinHandle;

use super::session::MigrationSession;
use crate::report::{Blocker, Event, EventSender, MigrationId, RunningMigration};

/// Interval between two samples.
const TICK: Duration = Duration::from_secs(1);

/// The running migration, for the task, and its latest sample.
#[derive(Default)]
struct WatchState {
    running: Option<(MigrationId, Instant)>,
    statement: Option<(usize, usize)>,
    blockers: Vec<Blocker>,
}

/// Handle that ends its task when dropped.
pub(crate) struct Watcher {
    state: Arc<Mutex<WatchState>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Watches the session's backend. Sends no query before [`begin`](Watcher::begin).
    pub(crate) fn over(session: &MigrationSession<'_>) -> Watcher {
        let state = Arc::<Mutex<WatchState>>::default();
        let monitor = BlockMonitor::new(session.target.clone(), session.connection.backend());
        let task = tokio::spawn(watch(state.clone(), monitor, session.events.clone()));
        Watcher { state, task }
    }

    pub(crate) fn begin(&self, id: MigrationId) {
        self.change(|state| {
            *state = WatchState { running: Some((id, Instant::now())), ..WatchState::default() }
        });
    }

    /// Sets the next statement, from 1, and the number of statements, where they are sent one by one.
    pub(crate) fn set_statement(&self, at: usize, all: usize) {
        self.change(|state| state.statement = Some((at, all)));
    }

    pub(crate) fn end(&self) {
        self.change(|state| *state = WatchState::default());
    }

    /// Returns the sessions that blocked the migration in the latest sample.
    pub(crate) fn blockers(&self) -> Vec<Blocker> {
        self.state.lock().map(|state| state.blockers.clone()).unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut WatchState)) {
        if let Ok(mut state) = self.state.lock() {
            change(&mut state);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(state: Arc<Mutex<WatchState>>, mut monitor: BlockMonitor, events: EventSender) {
    loop {
        tokio::time::sleep(TICK).await;
        let running = || state.lock().ok().and_then(|state| state.running.clone());
        let Some((id, since)) = running() else {
            monitor.rest().await;
            continue;
        };
        if since.elapsed() < TICK {
            continue;
        }
        let seen = monitor.sample().await.unwrap_or_default();
        let Ok(mut state) = state.lock() else { return };
        // The migration may have ended during the query.
        if state.running.as_ref().is_none_or(|now| now.0 != id) {
            continue;
        }
        if !seen.blockers.is_empty() {
            state.blockers.clone_from(&seen.blockers);
        }
        let statement = state.statement.or(seen.statement);
        let running = RunningMigration {
            elapsed: since.elapsed(),
            statement,
            progress: seen.progress,
            blockers: seen.blockers,
        };
        events.send(Event::Running(id, running));
    }
}
