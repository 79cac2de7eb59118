//! The stream of a switch: it comes near to the end of the log while the other side takes writes, and once that side is closed the
//! rest arrives. Both in one stream, because a new one reads the log again from further back, and applications would wait for that.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::stream::{ApplyPlace, FollowGoal, FollowProgress, Lsn, StreamOrigin, follow_to, log_end};
use martydb_model::error::{Error, Result};
use martydb_pg::server::Connection;

/// The stream is near enough for the switch when it needs less than this to the end of the log; after some tries more will do.
const NEAR: Duration = Duration::from_millis(300);
const NEAR_ENOUGH: Duration = Duration::from_secs(2);
const FEW_ROUNDS: usize = 10;

/// How often that is tried: a source that writes faster than the target never comes near.
const MOST_ROUNDS: usize = 60;

/// Follows until little is left.
///
/// # Errors
/// If it never comes near, or cannot be applied.
pub async fn approach(session: &mut Connection, origin: &StreamOrigin, place: &ApplyPlace) -> Result<()> {
    drain(session, origin, place, async { Ok(((), Lsn::default())) }).await
}

/// Follows until little is left, closes the side that takes writes, and follows to the place in its log that `close` says.
///
/// # Errors
/// As [`approach`], or if it cannot be closed. It may be closed then.
pub async fn drain<T>(
    session: &mut Connection,
    origin: &StreamOrigin,
    place: &ApplyPlace,
    close: impl Future<Output = Result<(T, Lsn)>>,
) -> Result<T> {
    let (goal, wanted) = watch::channel(FollowGoal::Endless);
    let (told, mut arrived) = watch::channel(Lsn::default());
    // It owns the channel: a reader notices when the stream has ended.
    let following = async move {
        let mut tell = |now: &FollowProgress| {
            told.send_replace(now.committed);
        };
        follow_to(origin, place, wanted, &mut tell).await
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
    // A session in the middle of a statement could not undo it: neither is dropped.
    let (followed, closed) = tokio::join!(following, closing);
    followed?;
    closed
}

async fn come_near(
    session: &mut Connection,
    goal: &watch::Sender<FollowGoal>,
    arrived: &mut watch::Receiver<Lsn>,
) -> Result<()> {
    for round in 0..MOST_ROUNDS {
        let end = log_end(session).await?;
        let asked = Instant::now();
        goal.send_replace(FollowGoal::Towards(end));
        if arrived.wait_for(|place| *place >= end).await.is_err() {
            return Err(Error::operation("the stream has ended"));
        }
        if asked.elapsed() < if round < FEW_ROUNDS { NEAR } else { NEAR_ENOUGH } {
            return Ok(());
        }
    }
    Err(Error::operation("the target does not catch up with the source")
        .cause("more is written there than arrives here")
        .hint("try again when less is written"))
}
