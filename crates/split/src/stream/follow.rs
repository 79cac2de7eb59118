//! Applies a slot's changes to another database until a goal is reached. Cancel-safe: each commit stores its LSN, and
//! the next run resumes there.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use super::apply::{Applier, ApplyTarget};
use super::lsn::Lsn;
use super::origin::{StreamOrigin, begin, ended};
use super::pgoutput::{StreamMessage, decode};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sqlstate;
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{ReplicationStream, StreamFrame};
use martydb_pg::wire::interrupt;

/// Time for which a commit waits for more transactions, and the maximum number of their changes.
const MAX_GATHER_TIME: Duration = Duration::from_millis(100);
const MAX_GATHERED_CHANGES: u64 = 5000;

/// Interval of reports to the source, which may then discard WAL.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Timeout after which the source is asked for its position, if a near goal is not reached.
const GOAL_TIMEOUT: Duration = Duration::from_millis(20);

/// Interval of reports during long operations, so that the source does not time out.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Time for which an unreachable server is retried, and the pauses between the tries.
const PATIENCE: Duration = Duration::from_secs(90);
const MIN_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Goal of following.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowGoal {
    /// Applies exactly what was committed before this LSN.
    UpTo(Lsn),
    /// Never ends, but reports this LSN as soon as it is reached.
    Towards(Lsn),
    /// Never ends.
    Endless,
}

/// Progress, for observers.
#[derive(Debug, Clone, Copy, Default)]
pub struct FollowProgress {
    /// LSN up to which everything is applied.
    pub committed: Lsn,
    /// LSN up to which the source has read its log for this stream.
    pub read: Lsn,
    /// Number of changes applied so far.
    pub changes: u64,
    /// Elapsed time, without logins.
    pub took: Duration,
}

/// Follows until the goal is reached. Retries while servers restart.
///
/// # Errors
/// If a change cannot be applied, or a server stays unreachable.
pub async fn follow(
    origin: &StreamOrigin,
    target: &ApplyTarget,
    goal: FollowGoal,
    watch: &mut (dyn FnMut(&FollowProgress) + Send),
) -> Result<FollowProgress> {
    let (_kept, goal) = watch::channel(goal);
    follow_to(origin, target, goal, watch).await
}

/// Follows to a goal that may change.
///
/// # Errors
/// As [`follow`].
pub(crate) async fn follow_to(
    origin: &StreamOrigin,
    target: &ApplyTarget,
    goal: watch::Receiver<FollowGoal>,
    watch: &mut (dyn FnMut(&FollowProgress) + Send),
) -> Result<FollowProgress> {
    let mut progress = FollowProgress::default();
    let mut backoff = Backoff::endless(MIN_PAUSE, MAX_PAUSE);
    loop {
        let before = progress.read.max(progress.committed);
        let end = follow_once(origin, target, goal.clone(), &mut progress, watch).await;
        let Err(error) = end else { return Ok(progress) };
        if progress.read.max(progress.committed) > before {
            backoff.reset();
        }
        if !passes(&error) || backoff.waited() > PATIENCE {
            return Err(error);
        }
        tracing::info!(target: "martydb", "the stream broke and is restarted: {error}");
        tokio::time::sleep(backoff.pause()).await;
    }
}

/// Returns `true` for a temporary error: a server restarts, or has not noticed that the former client is gone.
fn passes(error: &Error) -> bool {
    let busy = [
        sqlstate::OBJECT_IN_USE,
        sqlstate::TOO_MANY_CONNECTIONS,
        sqlstate::DEADLOCK_DETECTED,
        sqlstate::LOCK_NOT_AVAILABLE,
    ];
    let state = error.sqlstate.as_deref();
    error.kind != Kind::Interrupted && (error.is_lost() || state.is_some_and(|state| busy.contains(&state)))
}

async fn follow_once(
    origin: &StreamOrigin,
    target: &ApplyTarget,
    goal: watch::Receiver<FollowGoal>,
    progress: &mut FollowProgress,
    watch: &mut (dyn FnMut(&FollowProgress) + Send),
) -> Result<()> {
    let mut applier = Applier::open(target).await?;
    let stream = begin(origin, applier.committed()).await?;
    // Another follower may have continued until this one got the slot.
    applier.read_position().await?;
    // Progress of a former stream may be lost with its uncommitted changes.
    (progress.committed, progress.read) = (applier.committed(), applier.committed());
    let mut following = StreamApply {
        stream,
        applier,
        goal,
        progress,
        watch,
        transaction: None,
        reported: Instant::now(),
        gathering: Instant::now(),
        stopped: false,
        reported_goal: Lsn::default(),
    };
    let began = Instant::now();
    let end = following.run().await;
    following.progress.took = began.elapsed();
    let StreamApply { stream, applier, .. } = following;
    if end.is_ok() {
        stream.close().await;
        applier.close().await;
    }
    end
}

/// Transaction of the source that is being sent.
#[derive(Clone, Copy)]
struct SentTransaction {
    /// `true` if it is applied already.
    known: bool,
}

/// Sessions of both sides.
struct StreamApply<'a> {
    stream: ReplicationStream,
    applier: Applier,
    goal: watch::Receiver<FollowGoal>,
    progress: &'a mut FollowProgress,
    watch: &'a mut (dyn FnMut(&FollowProgress) + Send),
    transaction: Option<SentTransaction>,
    reported: Instant,
    /// Time at which the first uncommitted transaction arrived.
    gathering: Instant,
    /// `true` once a transaction after the goal has arrived.
    stopped: bool,
    /// Last reported goal.
    reported_goal: Lsn,
}

impl StreamApply<'_> {
    async fn run(&mut self) -> Result<()> {
        loop {
            if let Some(signal) = interrupt::signal() {
                let what = format!("interrupted by {signal}: the stream resumes at its current LSN");
                return Err(Error::new(Kind::Interrupted, what));
            }
            let patience = self.patience();
            let next = tokio::select! {
                biased;
                next = self.stream.next(patience) => next.map_err(ended)?,
                Ok(()) = self.goal.changed() => None,
            };
            match next {
                Some(StreamFrame::Change(bytes)) => self.handle(&bytes).await?,
                Some(StreamFrame::ReadUpTo(end)) => self.read_up_to(Lsn(end)).await?,
                None if self.may_commit() => self.commit().await?,
                None if self.is_awaited() => self.ask().await?,
                None => {}
            }
            if self.is_done() {
                self.commit().await?;
                return self.report().await;
            }
            self.look_up().await?;
            self.pass_goal().await?;
        }
    }

    fn goal(&self) -> FollowGoal {
        *self.goal.borrow()
    }

    /// Returns the timeout for the next message. A goal may be reached without one.
    fn patience(&self) -> Duration {
        match self.goal() {
            _ if self.may_commit() => Duration::ZERO,
            _ if self.is_awaited() => GOAL_TIMEOUT,
            _ => REPORT_INTERVAL,
        }
    }

    /// Returns `true` if a goal is awaited.
    fn is_awaited(&self) -> bool {
        match self.goal() {
            FollowGoal::UpTo(_) => true,
            FollowGoal::Towards(end) => self.reported_goal < end,
            FollowGoal::Endless => false,
        }
    }

    /// Reports a goal that is reached without ending.
    async fn pass_goal(&mut self) -> Result<()> {
        match self.goal() {
            FollowGoal::Towards(end)
                if self.reported_goal < end && self.transaction.is_none() && self.reached() >= end =>
            {
                self.reported_goal = end;
                self.commit().await?;
                self.report().await
            }
            _ => Ok(()),
        }
    }

    /// Asks the source for its position, which it does not report by itself during writes of others.
    async fn ask(&mut self) -> Result<()> {
        self.stream.ask(self.applier.committed().0).await.map_err(ended)
    }

    /// Returns `true` if there are uncommitted changes, and no transaction is incomplete.
    fn may_commit(&self) -> bool {
        self.transaction.is_none() && self.applier.is_open()
    }

    fn is_done(&self) -> bool {
        let whole = self.transaction.is_none();
        match self.goal() {
            FollowGoal::UpTo(end) => self.stopped || whole && self.reached() >= end,
            FollowGoal::Towards(_) | FollowGoal::Endless => false,
        }
    }

    /// Returns the LSN up to which everything was read or applied.
    fn reached(&self) -> Lsn {
        self.progress.read.max(self.applier.reached())
    }

    async fn handle(&mut self, bytes: &Bytes) -> Result<()> {
        let garbled = |why| Error::operation("cannot decode the stream of changes").cause(why);
        match decode(bytes).map_err(garbled)? {
            StreamMessage::Begin { commit } => {
                self.stopped = matches!(self.goal(), FollowGoal::UpTo(end) if commit >= end);
                self.transaction = Some(SentTransaction { known: commit < self.applier.reached() });
                return Ok(());
            }
            StreamMessage::Commit { end, .. } => {
                self.transaction = None;
                self.applier.reach(end);
                return self.gathered().await;
            }
            // Also in a transaction that is applied already: the description remains valid.
            StreamMessage::Relation(relation) => return self.applier.relation(relation).await,
            StreamMessage::Other => return Ok(()),
            change if self.transaction.is_some_and(|one| one.known) => drop(change),
            change => self.apply(change).await?,
        }
        Ok(())
    }

    async fn apply(&mut self, change: StreamMessage) -> Result<()> {
        if !self.applier.is_open() {
            self.gathering = Instant::now();
        }
        self.progress.changes += 1;
        let (stream, applier) = (&mut self.stream, &mut self.applier);
        let kept = applier.committed();
        let work = async {
            match &change {
                StreamMessage::Insert { relation, row } => applier.insert(*relation, row).await,
                StreamMessage::Update { relation, old, row } => {
                    applier.update(*relation, old.as_ref(), row).await
                }
                StreamMessage::Delete { relation, old } => applier.delete(*relation, old).await,
                StreamMessage::Truncate { relations, restart } => applier.truncate(relations, *restart).await,
                _ => Ok(()),
            }
        };
        living(stream, kept, work).await
    }

    /// Commits several small transactions together: each commit costs the target a flush.
    async fn gathered(&mut self) -> Result<()> {
        let long =
            self.applier.waiting() > MAX_GATHERED_CHANGES || self.gathering.elapsed() > MAX_GATHER_TIME;
        if self.may_commit() && long { self.commit().await } else { Ok(()) }
    }

    async fn commit(&mut self) -> Result<()> {
        if !self.applier.is_open() {
            return Ok(());
        }
        let kept = self.applier.committed();
        living(&mut self.stream, kept, self.applier.commit()).await?;
        self.progress.committed = self.applier.committed();
        Ok(())
    }

    async fn read_up_to(&mut self, end: Lsn) -> Result<()> {
        if self.transaction.is_none() {
            self.progress.read = self.progress.read.max(end);
        }
        if self.stream.is_report_requested() { self.report().await } else { Ok(()) }
    }

    /// Reports periodically to the source and to observers.
    async fn look_up(&mut self) -> Result<()> {
        if self.reported.elapsed() < REPORT_INTERVAL {
            return Ok(());
        }
        self.report().await
    }

    async fn report(&mut self) -> Result<()> {
        // Without uncommitted changes, the position of the source is confirmed as well.
        let idle = self.transaction.is_none() && !self.applier.is_open();
        let taken = if idle { self.reached() } else { self.applier.committed() };
        self.progress.committed = taken;
        self.reported = Instant::now();
        self.stream.report(taken.0).await.map_err(ended)?;
        (self.watch)(self.progress);
        Ok(())
    }
}

/// Runs the work, and reports to the source meanwhile that this client is alive.
async fn living<T>(
    stream: &mut ReplicationStream,
    kept: Lsn,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(KEEPALIVE_INTERVAL) => stream.report(kept.0).await.map_err(ended)?,
        }
    }
}
