//! Following: what changes at the source goes into the database of each service, until a cutover or a rollback takes over.

use std::time::Duration;

use super::state::SplitPhase;
use super::state::{LOCK, source};
use super::stream::FollowGoal;
use super::stream::{ApplyPlace, FollowProgress, Lsn, follow};
use super::switching::reverse::from_source;
use super::switching::{SwitchEnds, VERIFYING, approach, still_target};
use crate::error::{Error, Result};
use crate::report::progress;
use crate::server::{Connection, lock};
use crate::units::bytes;

/// How often it looks whether another command takes over.
const LOOK: Duration = Duration::from_millis(500);

/// How a service was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowEnd {
    /// What was committed when it began is there.
    CaughtUp,
    /// Another command goes on from there.
    TakenOver,
}

/// Follows one service. With `until_caught_up` it ends when little is left, otherwise when another command takes over.
///
/// # Errors
/// If what arrives does not fit, or a server stays away.
pub async fn follow_service(ends: &mut SwitchEnds, until_caught_up: bool) -> Result<FollowEnd> {
    let name = ends.service.name.clone();
    let Some(slot) = ends.service.forward_slot.clone().filter(|_| is_followed(ends.service.phase)) else {
        return Err(Error::operation(format!("service \"{name}\" is not followed"))
            .hint("`martydb split status` shows where it stands"));
    };
    if ends.opened().await?.is_some() {
        // Its triggers and foreign keys must not rest again.
        return Err(Error::operation(format!("a cutover of service \"{name}\" was interrupted"))
            .hint(format!("`martydb split cutover --service {name}` ends it")));
    }
    still_target(ends).await?;
    let origin = from_source(ends, &slot);
    let start = ends.service.forward_from.as_deref().and_then(Lsn::parse).unwrap_or_default();
    let place = ApplyPlace { start, ..ends.forward_place("forward") };
    let following = progress("following", "services");
    let unit = following.unit(&name);
    let mut watch = |now: &FollowProgress| {
        let behind = i64::try_from(now.read.0.saturating_sub(now.committed.0)).unwrap_or(i64::MAX);
        unit.detail(&format!("{} changes, {} behind", now.changes, bytes(behind)));
    };
    if until_caught_up {
        approach(&mut ends.source.session, &origin, &place).await?;
        return Ok(FollowEnd::CaughtUp);
    }
    loop {
        let wanted = tokio::select! {
            end = follow(&origin, &place, FollowGoal::Endless, &mut watch) => return end.map(|_| FollowEnd::TakenOver),
            end = taken_over(&mut ends.source.session, &name) => end?,
        };
        if wanted.as_deref() != Some(VERIFYING) {
            return Ok(FollowEnd::TakenOver);
        }
        verified(&mut ends.source.session, &name).await?;
    }
}

/// Waits until `split verify` has compared both sides. One that died is not waited for.
async fn verified(session: &mut Connection, name: &str) -> Result<()> {
    loop {
        tokio::time::sleep(LOOK).await;
        if source::one(session, name).await?.wanted.as_deref() != Some(VERIFYING) {
            return Ok(());
        }
        let free = lock::take(session, LOCK, Duration::ZERO, "the split").await;
        let Ok(held) = free else { continue };
        let end = match source::one(session, name).await?.wanted.as_deref() {
            Some(VERIFYING) => source::want(session, name, None).await,
            _ => Ok(()),
        };
        lock::release(session, held).await?;
        return end;
    }
}

/// A service that was rolled back may be cut over again.
fn is_followed(phase: SplitPhase) -> bool {
    matches!(phase, SplitPhase::Following | SplitPhase::RolledBack)
}

/// Waits until another command wants the stream, or the service is no longer followed; says which command it is.
async fn taken_over(session: &mut Connection, name: &str) -> Result<Option<String>> {
    loop {
        let service = source::one(session, name).await?;
        if service.wanted.is_some() || !is_followed(service.phase) {
            return Ok(service.wanted);
        }
        tokio::time::sleep(LOOK).await;
    }
}
