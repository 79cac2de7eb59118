//! Making the attempts: thin, and careful with a server that others work on.
//!
//! Each login walks through its databases one by one, so no role ever has two connections and none is locked
//! out of its own limit. A shared queue bounds the attempts of all logins together; it is first come, first
//! served, so all logins advance at the same pace and no single one is left over at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::task::Task;
use crate::error::{Error, Kind, Result};
use crate::wire::{Address, Attempt, Broken, Credentials, Outcome, Request, Stage};

/// Pauses before an attempt that found no free connection is made again.
const BACKOFF: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
    Duration::from_millis(1800),
];

/// Told how many probes are done, of how many.
pub type Progress = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// A progress that nobody watches.
pub fn unwatched() -> Progress {
    Arc::new(|_, _| ())
}

/// What one login met.
#[derive(Debug, Clone)]
pub struct Seen {
    /// At its own database.
    pub control: Attempt,
    /// At the others: the place in the task's databases, and what came of it.
    pub others: Vec<(usize, Attempt)>,
}

/// Every login at its own database: the positive controls, in the order of the task's logins.
///
/// # Errors
/// Only where the server's name has no address or TLS files cannot be read; what a server does is in the
/// attempts.
pub async fn try_own(task: &Task, progress: Progress) -> Result<Vec<Attempt>> {
    let walks = Run::start(task, progress, task.logins.len()).await?.controls().await;
    Ok(walks.into_iter().map(|walk| walk.seen.control).collect())
}

/// Every login at every database, controls first.
///
/// # Errors
/// As [`try_own`], and [`Kind::Unreachable`] if no control got an answer: then there is nothing to judge.
pub async fn try_all(task: &Task, progress: Progress) -> Result<Vec<Seen>> {
    let run = Run::start(task, progress, task.probes()).await?;
    let walks = run.clone().controls().await;
    let reached = walks.iter().any(|walk| answered(&walk.seen.control.outcome));
    if let (false, Some(first)) = (reached, walks.first()) {
        return Err(unreachable(task, &first.seen.control.outcome));
    }
    Ok(run.matrix(walks).await.into_iter().map(|walk| walk.seen).collect())
}

/// Every login at its own database and one foreign one, another for each login.
///
/// # Errors
/// As [`try_all`].
pub async fn try_sample(task: &Task, progress: Progress) -> Result<Vec<Seen>> {
    try_all(&task.sampled(), progress).await
}

fn answered(outcome: &Outcome) -> bool {
    let silent = [Stage::Reach, Stage::Wait, Stage::NotTried];
    !matches!(outcome, Outcome::Broken(broken) if silent.contains(&broken.stage))
}

fn unreachable(task: &Task, outcome: &Outcome) -> Error {
    let error = Error::new(Kind::Unreachable, format!("cannot reach the server at {}", task.endpoint));
    match outcome {
        Outcome::Broken(broken) => error.cause(broken),
        _ => error,
    }
    .hint("check that it runs, and that the address in the manifest is right")
}

/// Shared by all logins of a run.
#[derive(Clone)]
struct Run {
    task: Arc<Task>,
    address: Arc<Address>,
    slots: Arc<Semaphore>,
    /// Connections, those that are ending included: twice as many as attempts, which is what may be taken.
    open: Arc<Semaphore>,
    /// Attempts in a row that the server left unanswered.
    unanswered: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
    total: usize,
    progress: Progress,
}

/// One login on its way.
struct Walk {
    login: usize,
    credentials: Credentials,
    seen: Seen,
}

/// Whether an attempt that found no free connection is worth repeating.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// The shortage may pass.
    Some,
    /// This login never got a connection, so its own limit is the likely reason.
    None,
}

impl Run {
    async fn start(task: &Task, progress: Progress, total: usize) -> Result<Self> {
        Ok(Run {
            address: Arc::new(Address::resolve(&task.endpoint).await?),
            slots: Arc::new(Semaphore::new(task.concurrency.max(1))),
            open: Arc::new(Semaphore::new(2 * task.concurrency.max(1))),
            task: Arc::new(task.clone()),
            unanswered: Arc::default(),
            done: Arc::default(),
            total,
            progress,
        })
    }

    async fn controls(self) -> Vec<Walk> {
        let mut all = JoinSet::new();
        for (login, who) in self.task.logins.iter().enumerate() {
            let (run, mut credentials) = (self.clone(), Credentials::new(who.login()));
            all.spawn(async move {
                let database = run.task.logins[login].database.as_str();
                let control = run.settled(&mut credentials, database, Patience::Some).await;
                Walk { login, credentials, seen: Seen { control, others: vec![] } }
            });
        }
        in_order(all).await
    }

    async fn matrix(self, walks: Vec<Walk>) -> Vec<Walk> {
        let mut all = JoinSet::new();
        for walk in walks {
            all.spawn(self.clone().walk(walk));
        }
        in_order(all).await
    }

    async fn walk(self, mut walk: Walk) -> Walk {
        let patience = if is_full(&walk.seen.control.outcome) { Patience::None } else { Patience::Some };
        for place in self.task.others(&self.task.logins[walk.login]) {
            let database = self.task.databases[place].name.as_str();
            let attempt = self.settled(&mut walk.credentials, database, patience).await;
            walk.seen.others.push((place, attempt));
        }
        walk
    }

    /// Repeats an attempt that found no free connection, and counts what that took.
    async fn settled(&self, credentials: &mut Credentials, database: &str, patience: Patience) -> Attempt {
        let mut attempt = self.once(credentials, database).await;
        for pause in BACKOFF {
            if patience == Patience::None || !is_full(&attempt.outcome) {
                break;
            }
            tokio::time::sleep(pause).await;
            let connections = attempt.connections;
            attempt = self.once(credentials, database).await;
            attempt.connections += connections;
        }
        (self.progress)(self.done.fetch_add(1, Relaxed) + 1, self.total);
        attempt
    }

    async fn once(&self, credentials: &mut Credentials, database: &str) -> Attempt {
        let _open = self.open.acquire().await.expect("nobody closes the queue");
        let slot = self.slots.acquire().await.expect("nobody closes the queue");
        if self.unanswered.load(Relaxed) >= self.enough() {
            return not_tried();
        }
        let request = Request { database, parameters: &[], queries: &[], timeout: self.task.timeout };
        let attempt = self.address.attempt_in(credentials, &request, slot).await;
        match answered(&attempt.outcome) {
            true => self.unanswered.store(0, Relaxed),
            false => drop(self.unanswered.fetch_add(1, Relaxed)),
        }
        attempt
    }

    /// A server that stays silent this often in a row is gone. Without an end, thirty thousand attempts that
    /// each wait for their timeout would take days.
    fn enough(&self) -> usize {
        2 * self.task.concurrency.max(8)
    }
}

/// `too_many_connections`
const TOO_MANY: &str = "53300";

/// Whether the server had no connection to give: services and other attempts have them, and that passes.
fn is_full(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(refused) if refused.sqlstate == TOO_MANY)
}

/// One attempt, made again while no connection is free; counts what that took.
pub(super) async fn patiently(
    address: &Address,
    credentials: &mut Credentials,
    request: &Request<'_>,
) -> Attempt {
    let mut attempt = address.attempt(credentials, request).await;
    for pause in BACKOFF {
        if !is_full(&attempt.outcome) {
            break;
        }
        tokio::time::sleep(pause).await;
        let connections = attempt.connections;
        attempt = address.attempt(credentials, request).await;
        attempt.connections += connections;
    }
    attempt
}

fn not_tried() -> Attempt {
    let why = "not tried: the server had stopped answering".into();
    let outcome = Outcome::Broken(Broken { stage: Stage::NotTried, why });
    Attempt { outcome, latency: Duration::ZERO, connections: 0 }
}

async fn in_order(all: JoinSet<Walk>) -> Vec<Walk> {
    let mut walks = all.join_all().await;
    walks.sort_by_key(|walk| walk.login);
    walks
}
