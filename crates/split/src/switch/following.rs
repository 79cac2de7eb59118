//! Follows a service: applies changes of the side that accepts writes to the other one, in either direction, until the
//! split is over. A switch or a comparison takes the stream over, and following resumes afterwards.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::catch_up::catch_up;
use super::cutover::quiesce_target;
use super::reverse;
use super::sides::{SplitSides, VERIFYING};
use crate::state::SplitPhase;
use crate::state::{LOCK, source};
use crate::stream::FollowGoal;
use crate::stream::{ApplyTarget, FollowProgress, Lsn, StreamOrigin, follow};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sqlstate;
use martydb_model::units::bytes;
use martydb_pg::server::lock::{self, SessionLock};
use martydb_ui::report::progress;

/// Interval at which it checks for a takeover by another command.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Number of refusals of a newly created login that are tolerated.
const MAX_REFUSALS: u32 = 3;

/// Time after which an accepted login no longer counts as refused.
const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// Reason for the end of following.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowEnd {
    /// Everything that was committed when it began is applied.
    CaughtUp,
    /// The split is finished, or the copy was cancelled.
    Over,
}

/// Returns the side that a service in this phase is followed from, if it is.
pub fn followed_from(phase: SplitPhase) -> Option<FollowedSide> {
    match phase {
        SplitPhase::Following | SplitPhase::RolledBack => Some(FollowedSide::Source),
        SplitPhase::CutOver => Some(FollowedSide::Target),
        _ => None,
    }
}

/// Side that accepts the writes, whose log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowedSide {
    Source,
    Target,
}

impl FollowedSide {
    pub fn name(self) -> &'static str {
        match self {
            FollowedSide::Source => "source",
            FollowedSide::Target => "target",
        }
    }
}

/// Stream that can start.
struct ReadyStream {
    side: FollowedSide,
    origin: StreamOrigin,
    target: ApplyTarget,
}

/// State of a service, for its follower.
enum Readiness {
    Ready(Box<ReadyStream>),
    /// Another command is running, or died; in that case the command that resolves it.
    Later(Option<String>),
    Over,
}

/// Follows one service: with `until_caught_up` until little is left, otherwise until the split of the service is over.
///
/// # Errors
/// If a change cannot be applied, another process follows the service, or a server stays unreachable.
#[martydb_pg::boxed(?Send)]
pub async fn follow_service(sides: &mut SplitSides, until_caught_up: bool) -> Result<FollowEnd> {
    let name = sides.service.name.clone();
    let what = format!("following service \"{name}\"");
    // One process for both directions; the lock ends with the session.
    let (session, key) = (&mut sides.source.session, follower_key(&name));
    match lock::acquire(session, key, Duration::ZERO, &what).await {
        Err(error) if error.kind == Kind::Locked => {
            tracing::warn!(target: "martydb", "warning: another process follows service \"{name}\"; this one takes over when it ends: {error}");
            lock::acquire(session, key, sides.wait, &what).await?
        }
        end => end?,
    };
    let following = progress("following", "services");
    let unit = following.unit(&name);
    let mut refused = 0;
    loop {
        let Some(stream) = wait_until_ready(sides).await? else { return Ok(FollowEnd::Over) };
        let (origin, target) = (&stream.origin, &stream.target);
        if until_caught_up {
            let session = match stream.side {
                FollowedSide::Source => &mut sides.source.session,
                FollowedSide::Target => &mut sides.target.session,
            };
            catch_up(session, origin, target).await?;
            return Ok(FollowEnd::CaughtUp);
        }
        let from = stream.side.name();
        let mut watch = |now: &FollowProgress| {
            let behind = i64::try_from(now.read.0.saturating_sub(now.committed.0)).unwrap_or(i64::MAX);
            unit.detail(&format!("{} changes from the {from}, {} behind", now.changes, bytes(behind)));
        };
        let begun = Instant::now();
        let end = tokio::select! {
            end = follow(origin, target, FollowGoal::Endless, &mut watch) => end.map(drop),
            end = taken_over(sides, stream.side) => end,
        };
        let Err(error) = end else { continue };
        refused = if begun.elapsed() > SETTLED_AFTER { 1 } else { refused + 1 };
        if stream.side == FollowedSide::Source || !is_refused(&error) || refused > MAX_REFUSALS {
            return Err(error);
        }
    }
}

/// Returns `true` if another command has changed the login's password, or dropped the login.
fn is_refused(error: &Error) -> bool {
    let states = [sqlstate::INVALID_PASSWORD, sqlstate::INVALID_AUTHORIZATION];
    error.sqlstate.as_deref().is_some_and(|state| states.contains(&state))
}

/// Returns the second half of the lock key of a service's follower.
fn follower_key(service: &str) -> i32 {
    let digest = Sha256::digest(format!("follower of {service}"));
    i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Waits until no other command works on the service; `None` if nothing is left to follow.
async fn wait_until_ready(sides: &mut SplitSides) -> Result<Option<Box<ReadyStream>>> {
    let mut reported = None;
    loop {
        match read_readiness(sides).await? {
            Readiness::Ready(stream) => return Ok(Some(stream)),
            Readiness::Over => return Ok(None),
            Readiness::Later(dead) => {
                if dead.is_some() && dead != reported {
                    let (name, wanted) = (&sides.service.name, dead.as_deref().unwrap_or_default());
                    tracing::warn!(target: "martydb", "warning: a {wanted} of service \"{name}\" was interrupted, and it is not followed: `martydb split {wanted} --service {name}` ends it");
                    reported = dead;
                }
            }
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// Reads the state under the locks of the split, which every switch and comparison holds.
async fn read_readiness(sides: &mut SplitSides) -> Result<Readiness> {
    let Some(held) =
        unless_locked(lock::acquire(&mut sides.source.session, LOCK, Duration::ZERO, "the split").await)?
    else {
        return Ok(Readiness::Later(None));
    };
    let end = match unless_locked(sides.target.lock(Duration::ZERO).await)? {
        Some(held) => {
            let end = readiness(sides).await;
            lock::release(&mut sides.target.session, held).await?;
            end
        }
        None => Ok(Readiness::Later(None)),
    };
    lock::release(&mut sides.source.session, held).await?;
    end
}

/// Returns `None` if another command holds the lock.
fn unless_locked(taken: Result<SessionLock>) -> Result<Option<SessionLock>> {
    match taken {
        Ok(held) => Ok(Some(held)),
        Err(error) if error.kind == Kind::Locked => Ok(None),
        Err(error) => Err(error),
    }
}

async fn readiness(sides: &mut SplitSides) -> Result<Readiness> {
    let name = sides.service.name.clone();
    if !source::exists(&mut sides.source.session).await? {
        return Ok(Readiness::Over);
    }
    sides.service = source::one(&mut sides.source.session, &name).await?;
    sides.relations = source::relations(&mut sides.source.session, &name).await?;
    let Some(side) = followed_from(sides.service.phase) else { return Ok(Readiness::Over) };
    match sides.service.wanted.as_deref() {
        // It died: no session holds the lock.
        Some(VERIFYING) => source::record_intent(&mut sides.source.session, &name, None).await?,
        Some(command) => return Ok(Readiness::Later(Some(command.to_owned()))),
        None => {}
    }
    let opened = sides.opened().await?;
    match side {
        // Triggers and foreign keys of an open database must not be disabled.
        FollowedSide::Source if opened.is_some() => {
            let died = if sides.service.phase == SplitPhase::RolledBack { "rollback" } else { "cutover" };
            Ok(Readiness::Later(Some(died.into())))
        }
        FollowedSide::Source => forward(sides).await,
        FollowedSide::Target => backward(sides, opened.as_deref()).await,
    }
}

async fn forward(sides: &mut SplitSides) -> Result<Readiness> {
    let slot = sides.service.forward_slot.clone().ok_or_else(|| not_followed(sides))?;
    quiesce_target(sides).await?;
    let start = sides.service.forward_from.as_deref().and_then(Lsn::parse).unwrap_or_default();
    let target = ApplyTarget { start, ..sides.forward_target("forward") };
    let origin = reverse::from_source(sides, &slot);
    Ok(Readiness::Ready(Box::new(ReadyStream { side: FollowedSide::Source, origin, target })))
}

async fn backward(sides: &mut SplitSides, opened: Option<&str>) -> Result<Readiness> {
    let slot = sides.service.reverse_slot.clone().ok_or_else(|| not_followed(sides))?;
    let start = opened.and_then(Lsn::parse).ok_or_else(|| not_followed(sides))?;
    let login = reverse::login(sides).await?;
    let target = reverse::into_source(sides, login, start);
    let origin = reverse::from_target(sides, &slot);
    Ok(Readiness::Ready(Box::new(ReadyStream { side: FollowedSide::Target, origin, target })))
}

fn not_followed(sides: &SplitSides) -> Error {
    Error::operation(format!("service \"{}\" is not followed", sides.service.name))
        .hint("`martydb split status` shows its status")
}

/// Waits until another command requests the stream, or following ends or changes its direction.
async fn taken_over(sides: &mut SplitSides, side: FollowedSide) -> Result<()> {
    let (session, name) = (&mut sides.source.session, &sides.service.name);
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        if !source::exists(session).await? {
            return Ok(());
        }
        let service = source::one(session, name).await?;
        if service.wanted.is_some() || followed_from(service.phase) != Some(side) {
            return Ok(());
        }
    }
}
