//! Makes the attempts without taking connections that others on the server need.
//!
//! Each login tries its databases one by one, so no role has two connections and none reaches its own limit. A
//! shared queue bounds the attempts of all logins together. It is first come, first served: all logins advance
//! at the same pace, and none is left over at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::task::Task;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sqlstate;
use martydb_pg::backoff::pauses_within;
use martydb_pg::wire::{
    Address, Attempt, ConnectionFailure, Credentials, LoginRequest, NAME_POSTGRES, Outcome, Stage,
    UPGRADE_SERVER,
};
use martydb_ui::report::{Progress, progress};

/// Pauses before an attempt is repeated because no connection was free, in milliseconds.
const BACKOFF: [u64; 4] = [100, 300, 900, 1800];

#[derive(Debug, Clone)]
pub struct LoginAttempts {
    /// Attempt at its own database.
    pub control: Attempt,
    /// Attempts at the others, by their index in the task's databases.
    pub others: Vec<(usize, Attempt)>,
}

impl LoginAttempts {
    pub(crate) fn logged_in(&self) -> bool {
        matches!(self.control.outcome, Outcome::Accepted(_))
    }

    /// Returns `true` if the stored password is wrong or expired.
    pub(crate) fn password_refused(&self) -> bool {
        matches!(&self.control.outcome, Outcome::Rejected(refused) if refused.sqlstate == sqlstate::INVALID_PASSWORD)
    }
}

/// Tries every login at its own database: the positive controls, in the order of the task's logins.
///
/// # Errors
/// Only if the server's name cannot be resolved, TLS files cannot be read, or the server is not PostgreSQL; its answers
/// are in the attempts.
#[martydb_pg::boxed]
pub async fn try_own(task: &Task) -> Result<Vec<Attempt>> {
    let walks = Prober::start(task).await?.controls().await;
    refuse_other_engines(task, &walks)?;
    Ok(walks.into_iter().map(|walk| walk.attempts.control).collect())
}

/// Does the same as [`try_own`], and returns the server's verifier of each accepted password.
pub async fn verifiers(task: &Task) -> Result<Vec<(Attempt, Option<SecretString>)>> {
    let walks = Prober::start(task).await?.controls().await;
    refuse_other_engines(task, &walks)?;
    let verifier =
        |walk: &LoginWalk| walk.attempts.logged_in().then(|| walk.credentials.verifier()).flatten();
    Ok(walks.into_iter().map(|walk| (walk.attempts.control.clone(), verifier(&walk))).collect())
}

/// Tries every login at its own database, then at those of [`Task::selection`].
///
/// # Errors
/// Those of [`try_own`], and [`Kind::Unreachable`] if no control got an answer.
pub async fn try_all(task: &Task) -> Result<Vec<LoginAttempts>> {
    let prober = Prober::start(task).await?;
    let walks = prober.clone().controls().await;
    refuse_other_engines(task, &walks)?;
    let reached = walks.iter().any(|walk| answered(&walk.attempts.control.outcome));
    if let (false, Some(first)) = (reached, walks.first()) {
        return Err(unreachable(task, &first.attempts.control.outcome));
    }
    prober.widen(quickest(walks.iter().map(|walk| &walk.attempts)));
    Ok(prober.matrix(walks).await.into_iter().map(|walk| walk.attempts).collect())
}

/// Returns the shortest duration of the first accepted attempts.
pub(crate) fn quickest<'a>(all: impl IntoIterator<Item = &'a LoginAttempts>) -> Option<Duration> {
    all.into_iter().filter(|one| one.logged_in()).map(|one| one.control.latency).min()
}

fn answered(outcome: &Outcome) -> bool {
    let silent = [Stage::Reach, Stage::Wait, Stage::NotTried];
    !matches!(outcome, Outcome::Failed(broken) if silent.contains(&broken.stage))
}

fn refuse_other_engines(task: &Task, walks: &[LoginWalk]) -> Result<()> {
    let refused = [Stage::NotPostgres, Stage::TooOld];
    let other = |walk: &LoginWalk| match &walk.attempts.control.outcome {
        Outcome::Failed(broken) if refused.contains(&broken.stage) => Some(broken.clone()),
        _ => None,
    };
    let Some(broken) = walks.iter().find_map(other) else { return Ok(()) };
    let message = format!("server \"{}\" at {} cannot be managed", task.server, task.endpoint);
    let hint = if broken.stage == Stage::TooOld { UPGRADE_SERVER } else { NAME_POSTGRES };
    Err(Error::new(broken.kind(), message).cause(broken).hint(hint))
}

fn unreachable(task: &Task, outcome: &Outcome) -> Error {
    let error = Error::new(Kind::Unreachable, format!("cannot reach the server at {}", task.endpoint));
    match outcome {
        Outcome::Failed(broken) => error.cause(broken),
        _ => error,
    }
    .hint("check that it runs, and that the address in the manifest is right")
}

/// State shared by all logins of a run.
#[derive(Clone)]
struct Prober {
    task: Arc<Task>,
    address: Arc<Address>,
    queue: Arc<Queue>,
    trying: Arc<Progress>,
}

/// Limit on the attempts of all logins together.
struct Queue {
    slots: Semaphore,
    /// Permits for connections, including those that are closing: twice as many as attempts, the server's share
    /// for probes.
    open: Semaphore,
    /// Consecutive attempts without an answer.
    unanswered: AtomicUsize,
    /// Consecutive unanswered attempts after which the server counts as gone: thirty thousand attempts that
    /// each wait for their timeout would take days.
    most_unanswered: usize,
}

struct LoginWalk {
    login: usize,
    credentials: Credentials,
    attempts: LoginAttempts,
}

impl Prober {
    async fn start(task: &Task) -> Result<Self> {
        let slots = task.concurrency.max(1);
        let trying = progress("trying logins", "attempts");
        trying.expect(task.logins.len());
        Ok(Prober {
            trying: Arc::new(trying),
            address: Arc::new(Address::resolve(&task.endpoint).await?),
            task: Arc::new(task.clone()),
            queue: Arc::new(Queue {
                slots: Semaphore::new(slots),
                open: Semaphore::new(2 * slots),
                unanswered: AtomicUsize::new(0),
                most_unanswered: 2 * task.concurrency.max(8),
            }),
        })
    }

    /// Allows more attempts at a time if the first ones took long because of the network.
    fn widen(&self, quickest: Option<Duration>) {
        let wanted = quickest.map_or(0, |quickest| self.task.in_flight(quickest));
        let more = wanted.saturating_sub(self.task.concurrency.max(1));
        self.queue.slots.add_permits(more);
        self.queue.open.add_permits(2 * more);
    }

    async fn controls(self) -> Vec<LoginWalk> {
        in_order((0..self.task.logins.len()).map(|login| self.clone().control(login)).collect()).await
    }

    async fn control(self, login: usize) -> LoginWalk {
        let found = &self.task.logins[login];
        let mut credentials = Credentials::new(found.login());
        let control = self.attempt(&mut credentials, found.database.as_str(), pauses(&self.task)).await;
        LoginWalk { login, credentials, attempts: LoginAttempts { control, others: vec![] } }
    }

    async fn matrix(self, walks: Vec<LoginWalk>) -> Vec<LoginWalk> {
        let others = walks.iter().map(|walk| self.task.others(walk.login).len());
        self.trying.expect(others.sum());
        in_order(walks.into_iter().map(|walk| self.clone().walk(walk)).collect()).await
    }

    async fn walk(self, mut walk: LoginWalk) -> LoginWalk {
        // A login that never got a connection is probably at its own limit: waiting does not help.
        let pauses = if is_full(&walk.attempts.control.outcome) { &[][..] } else { pauses(&self.task) };
        for index in self.task.others(walk.login) {
            let database = self.task.databases[index].name.as_str();
            let attempt = self.attempt(&mut walk.credentials, database, pauses).await;
            walk.attempts.others.push((index, attempt));
        }
        walk
    }

    async fn attempt(&self, credentials: &mut Credentials, database: &str, pauses: &[u64]) -> Attempt {
        let request = LoginRequest { database, parameters: &[], queries: &[], timeout: self.task.timeout };
        let attempt = repeat(&self.address, credentials, &request, Some(&*self.queue), pauses).await;
        self.trying.advance();
        attempt
    }
}

impl Queue {
    async fn attempt(
        &self,
        address: &Address,
        credentials: &mut Credentials,
        request: &LoginRequest<'_>,
    ) -> Attempt {
        let _open = self.open.acquire().await.expect("the queue is never closed");
        let slot = self.slots.acquire().await.expect("the queue is never closed");
        if self.unanswered.load(Relaxed) >= self.most_unanswered {
            return not_tried();
        }
        let attempt = address.attempt_in(credentials, request, slot).await;
        if answered(&attempt.outcome) {
            self.unanswered.store(0, Relaxed);
        } else {
            self.unanswered.fetch_add(1, Relaxed);
        }
        attempt
    }
}

/// Returns `true` if the server had no free connection, which is temporary: services and other attempts use them.
fn is_full(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Rejected(refused) if refused.sqlstate == sqlstate::TOO_MANY_CONNECTIONS)
}

fn pauses(task: &Task) -> &'static [u64] {
    pauses_within(&BACKOFF, task.patience)
}

/// Makes one attempt at any address, repeated while no connection is free.
pub(crate) async fn attempt_patiently(
    task: &Task,
    address: &Address,
    credentials: &mut Credentials,
    request: &LoginRequest<'_>,
) -> Attempt {
    repeat(address, credentials, request, None, pauses(task)).await
}

/// Repeats an attempt while no connection is free, and counts the connections of all repetitions.
async fn repeat(
    address: &Address,
    credentials: &mut Credentials,
    request: &LoginRequest<'_>,
    queue: Option<&Queue>,
    pauses: &[u64],
) -> Attempt {
    let mut connections = 0;
    let mut pauses = pauses.iter();
    loop {
        let attempt = match queue {
            Some(queue) => queue.attempt(address, credentials, request).await,
            None => address.attempt(credentials, request).await,
        };
        connections += attempt.connections;
        match pauses.next() {
            Some(pause) if is_full(&attempt.outcome) => {
                tokio::time::sleep(Duration::from_millis(*pause)).await;
            }
            _ => return Attempt { connections, ..attempt },
        }
    }
}

fn not_tried() -> Attempt {
    let why = "not tried: the server had stopped answering".into();
    let outcome = Outcome::Failed(ConnectionFailure { stage: Stage::NotTried, why });
    Attempt { outcome, latency: Duration::ZERO, connections: 0 }
}

async fn in_order(all: JoinSet<LoginWalk>) -> Vec<LoginWalk> {
    let mut walks = all.join_all().await;
    walks.sort_by_key(|walk| walk.login);
    walks
}
