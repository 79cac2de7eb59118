//! Stream of a switch: catches up to nearly the end of the log while the other side accepts writes, and applies the
//! rest once that side is closed. Both use one stream, because a new one would read the log again from further back
//! while applications wait.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::stream::{ApplyTarget, FollowGoal, FollowProgress, Lsn, StreamOrigin, follow_to, log_end};
use martydb_model::error::{Error, Result};
use martydb_pg::server::Connection;

/// Maximum time to the end of the log at which the switch starts; a longer one after several rounds.
const MAX_DISTANCE: Duration = Duration::from_millis(300);
const MAX_LATER_DISTANCE: Duration = Duration::from_secs(2);
const FEW_ROUNDS: usize = 10;

/// Maximum number of rounds: a source that writes faster than the target never catches up.
const MAX_ROUNDS: usize = 60;

/// Follows until little is left.
///
/// # Errors
/// If it never catches up, or a change cannot be applied.
pub(crate) async fn catch_up(
    session: &mut Connection,
    origin: &StreamOrigin,
    target: &ApplyTarget,
) -> Result<()> {
    drain(session, origin, target, async { Ok(((), Lsn::default())) }).await
}

/// Follows until little is left, closes the side that accepts writes, and follows to the LSN that `close` returns.
///
/// # Errors
/// As [`catch_up`], or if the side cannot be closed; it may be closed nevertheless.
pub(super) async fn drain<T>(
    session: &mut Connection,
    origin: &StreamOrigin,
    target: &ApplyTarget,
    close: impl Future<Output = Result<(T, Lsn)>>,
) -> Result<T> {
    let (goal, wanted) = watch::channel(FollowGoal::Endless);
    let (committed, mut arrived) = watch::channel(Lsn::default());
    // Owns the channel: a reader notices the end of the stream.
    let following = async move {
        let mut report = |now: &FollowProgress| {
            committed.send_replace(now.committed);
        };
        follow_to(origin, target, wanted, &mut report).await
    };
    let closing = async {
        let near = come_near(session, &goal, &mut arrived).await;
        let done = match near {
            Ok(()) => close.await,
            Err(error) => Err(error),
        };
        let end = done.as_ref().map_or_else(|_| Lsn::default(), |(_, end)| *end);
        goal.send_replace(FollowGoal::UpTo(end));
        done.map(|(value, _)| value)
    };
    // A session with a running statement cannot be reverted: neither future is dropped.
    let (followed, closed) = tokio::join!(following, closing);
    followed?;
    closed
}

async fn come_near(
    session: &mut Connection,
    goal: &watch::Sender<FollowGoal>,
    arrived: &mut watch::Receiver<Lsn>,
) -> Result<()> {
    for round in 0..MAX_ROUNDS {
        let end = log_end(session).await?;
        let asked = Instant::now();
        goal.send_replace(FollowGoal::Towards(end));
        if arrived.wait_for(|position| *position >= end).await.is_err() {
            return Err(Error::operation("the stream has ended"));
        }
        if asked.elapsed() < if round < FEW_ROUNDS { MAX_DISTANCE } else { MAX_LATER_DISTANCE } {
            return Ok(());
        }
    }
    Err(Error::operation("the target does not catch up with the source")
        .cause("the source writes faster than the target applies")
        .hint("try again when less is written"))
}
