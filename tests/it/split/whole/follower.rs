//! `split copy --online`, which an operator keeps running while the split is under way: it is started again whenever it has ended.

use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::world::{World, ended, kill};
use crate::support::Done;

/// The command.
pub(crate) const COPY: &[&str] = &["split", "copy", "--online"];

/// Endings of the followers so far.
#[derive(Default)]
struct Fates {
    running: Option<Child>,
    kills: u64,
    ended: u64,
    failed: Vec<Done>,
    /// It is not started again.
    over: bool,
}

pub(crate) struct Follower {
    fates: Arc<Mutex<Fates>>,
    watcher: std::thread::JoinHandle<()>,
}

impl Drop for Follower {
    /// A test that has failed leaves no process behind.
    fn drop(&mut self) {
        let mut fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
        fates.over = true;
        if let Some(running) = fates.running.take() {
            kill(running);
        }
    }
}

/// Endings of the followers.
pub(crate) struct Followed {
    pub kills: u64,
    pub ended: u64,
    pub failed: Vec<Done>,
}

impl Follower {
    /// Keeps one running from now on; the first one runs already.
    pub(crate) fn keep(world: &Arc<World>, first: Child) -> Follower {
        let fates = Arc::new(Mutex::new(Fates { running: Some(first), ..Fates::default() }));
        let (world, watched) = (world.clone(), fates.clone());
        let watcher = std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(100));
                let mut fates = watched.lock().unwrap();
                let now = fates.running.as_mut().map(|child| child.try_wait().unwrap().is_some());
                match now {
                    Some(false) => {}
                    Some(true) => {
                        let done = ended(fates.running.take().unwrap());
                        match done.code {
                            Some(0) => fates.ended += 1,
                            _ => fates.failed.push(done),
                        }
                    }
                    None if fates.over => return,
                    None => fates.running = Some(world.spawn(COPY)),
                }
            }
        });
        Follower { fates, watcher }
    }

    /// Ends the one that runs, as a power cut would.
    pub(crate) fn kill(&self) -> bool {
        let mut fates = self.fates.lock().unwrap();
        let running = fates.running.take().map(kill).is_some();
        fates.kills += u64::from(running);
        running
    }

    /// No other one is started.
    pub(crate) fn is_the_last(&self) {
        self.fates.lock().unwrap().over = true;
    }

    /// No other one is started, and the one that runs ends by itself.
    pub(crate) fn ends(self) -> Followed {
        self.fates.lock().unwrap().over = true;
        let begun = Instant::now();
        while !self.watcher.is_finished() {
            if begun.elapsed() > Duration::from_secs(60) {
                self.kill();
                panic!("the follower does not end");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut fates = self.fates.lock().unwrap();
        Followed { kills: fates.kills, ended: fates.ended, failed: std::mem::take(&mut fates.failed) }
    }
}
