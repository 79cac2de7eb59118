//! Looks after the migration that runs, in a task of its own: the migration never waits for it and never fails by it.
//! Only when one takes longer than a moment does it log in, once per service, and it gives the connection back when the
//! migration ends. Without one it still tells how long the migration runs.

mod lookout;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lookout::Lookout;
pub use lookout::statement_count;
use tokio::task::JoinHandle;

use super::session::MigrationSession;
use crate::report::{Blocker, Event, EventSender, MigrationId, RunningMigration};

/// Between two looks.
const TICK: Duration = Duration::from_secs(1);

/// What runs, for the task, and what it saw.
#[derive(Default)]
struct Post {
    running: Option<(MigrationId, Instant)>,
    statement: Option<(usize, usize)>,
    blockers: Vec<Blocker>,
}

/// Ends its task when it is dropped.
pub struct Watcher {
    post: Arc<Mutex<Post>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Watches the session's backend. Nothing is asked before [`begin`](Watcher::begin).
    pub fn over(session: &MigrationSession<'_>) -> Watcher {
        let post = Arc::<Mutex<Post>>::default();
        let lookout = Lookout::new(session.target.clone(), session.connection.backend());
        let task = tokio::spawn(watch(post.clone(), lookout, session.events.clone()));
        Watcher { post, task }
    }

    pub fn begin(&self, id: MigrationId) {
        self.change(|post| *post = Post { running: Some((id, Instant::now())), ..Post::default() });
    }

    /// The statement that is sent next, where statements are sent one by one: which of how many, from 1.
    pub fn at(&self, at: usize, all: usize) {
        self.change(|post| post.statement = Some((at, all)));
    }

    pub fn end(&self) {
        self.change(|post| *post = Post::default());
    }

    /// Who was last seen in the migration's way.
    pub fn blockers(&self) -> Vec<Blocker> {
        self.post.lock().map(|post| post.blockers.clone()).unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut Post)) {
        if let Ok(mut post) = self.post.lock() {
            change(&mut post);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(post: Arc<Mutex<Post>>, mut lookout: Lookout, events: EventSender) {
    loop {
        tokio::time::sleep(TICK).await;
        let running = || post.lock().ok().and_then(|post| post.running.clone());
        let Some((id, since)) = running() else {
            lookout.rest().await;
            continue;
        };
        if since.elapsed() < TICK {
            continue;
        }
        let seen = lookout.look().await.unwrap_or_default();
        let Ok(mut post) = post.lock() else { return };
        // It may have ended while the server was asked.
        if post.running.as_ref().is_none_or(|now| now.0 != id) {
            continue;
        }
        if !seen.blockers.is_empty() {
            post.blockers.clone_from(&seen.blockers);
        }
        let statement = post.statement.or(seen.statement);
        let running = RunningMigration {
            elapsed: since.elapsed(),
            statement,
            progress: seen.progress,
            blockers: seen.blockers,
        };
        events.send(Event::Running(id, running));
    }
}
