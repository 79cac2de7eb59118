//! Following: what changes at the side that takes the writes goes into the other one, whichever way that is, until nothing is left to follow.
//! A switch and a comparison take the stream over, and it is taken up again when they are done.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::state::SplitPhase;
use super::state::{LOCK, source};
use super::stream::FollowGoal;
use super::stream::{ApplyPlace, FollowProgress, Lsn, StreamOrigin, follow};
use super::switching::{SwitchEnds, VERIFYING, approach, reverse, still_target};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sqlstate;
use martydb_model::units::bytes;
use martydb_pg::server::lock::{self, SessionLock};
use martydb_ui::report::progress;

/// How often it looks whether another command takes over.
const LOOK: Duration = Duration::from_millis(500);

/// How often a login that was made just now is refused before that is an error.
const REFUSALS: u32 = 3;

/// A login that was let in for this long was not refused for what the server lets in.
const SETTLED: Duration = Duration::from_secs(10);

/// How a service was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowEnd {
    /// What was committed when it began is there.
    CaughtUp,
    /// The split is finished, or the copy was given up.
    Over,
}

/// Whether a service in this phase is followed, and from which side.
pub fn followed_from(phase: SplitPhase) -> Option<FollowedSide> {
    match phase {
        SplitPhase::Following | SplitPhase::RolledBack => Some(FollowedSide::Source),
        SplitPhase::CutOver => Some(FollowedSide::Target),
        _ => None,
    }
}

/// The side that takes the writes, whose log is read.
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

/// A stream that may begin.
struct ReadyStream {
    side: FollowedSide,
    origin: StreamOrigin,
    place: ApplyPlace,
}

/// What a look at the state says.
enum Readiness {
    Ready(Box<ReadyStream>),
    /// Another command is at work, or died; what ends it.
    Later(Option<String>),
    Over,
}

/// Follows one service. With `until_caught_up` it ends when little is left, otherwise when the split of the service does.
///
/// # Errors
/// If what arrives does not fit, another process follows it, or a server stays away.
pub async fn follow_service(ends: &mut SwitchEnds, until_caught_up: bool) -> Result<FollowEnd> {
    let name = ends.service.name.clone();
    let what = format!("following service \"{name}\"");
    // One process for both ways; it dies with the session.
    lock::take(&mut ends.source.session, follower_key(&name), ends.wait, &what).await?;
    let following = progress("following", "services");
    let unit = following.unit(&name);
    let mut refused = 0;
    loop {
        let Some(stream) = awaited(ends).await? else { return Ok(FollowEnd::Over) };
        let (origin, place) = (&stream.origin, &stream.place);
        if until_caught_up {
            let session = match stream.side {
                FollowedSide::Source => &mut ends.source.session,
                FollowedSide::Target => &mut ends.target.session,
            };
            approach(session, origin, place).await?;
            return Ok(FollowEnd::CaughtUp);
        }
        let from = stream.side.name();
        let mut watch = |now: &FollowProgress| {
            let behind = i64::try_from(now.read.0.saturating_sub(now.committed.0)).unwrap_or(i64::MAX);
            unit.detail(&format!("{} changes from the {from}, {} behind", now.changes, bytes(behind)));
        };
        let begun = Instant::now();
        let end = tokio::select! {
            end = follow(origin, place, FollowGoal::Endless, &mut watch) => end.map(drop),
            end = taken_over(ends, stream.side) => end,
        };
        let Err(error) = end else { continue };
        refused = if begun.elapsed() > SETTLED { 1 } else { refused + 1 };
        if stream.side == FollowedSide::Source || !is_refused(&error) || refused > REFUSALS {
            return Err(error);
        }
    }
}

/// Another command has given the login a password of its own, or dropped it.
fn is_refused(error: &Error) -> bool {
    let states = [sqlstate::INVALID_PASSWORD, sqlstate::INVALID_AUTHORIZATION];
    error.sqlstate.as_deref().is_some_and(|state| states.contains(&state))
}

/// The second half of the key of the lock that the follower of a service holds.
fn follower_key(service: &str) -> i32 {
    let digest = Sha256::digest(format!("follower of {service}"));
    i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Waits until no other command is at work on the service; `None` when nothing is left to follow.
async fn awaited(ends: &mut SwitchEnds) -> Result<Option<Box<ReadyStream>>> {
    let mut told = None;
    loop {
        match looked(ends).await? {
            Readiness::Ready(stream) => return Ok(Some(stream)),
            Readiness::Over => return Ok(None),
            Readiness::Later(dead) => {
                if dead.is_some() && dead != told {
                    let (name, wanted) = (&ends.service.name, dead.as_deref().unwrap_or_default());
                    tracing::warn!(target: "martydb", "warning: a {wanted} of service \"{name}\" was interrupted, and it is not followed: `martydb split {wanted} --service {name}` ends it");
                    told = dead;
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Looks under the locks of the split, which every switch and comparison holds.
async fn looked(ends: &mut SwitchEnds) -> Result<Readiness> {
    let Some(held) = free(lock::take(&mut ends.source.session, LOCK, Duration::ZERO, "the split").await)?
    else {
        return Ok(Readiness::Later(None));
    };
    let end = match free(ends.target.lock(Duration::ZERO).await)? {
        Some(held) => {
            let end = prepared(ends).await;
            lock::release(&mut ends.target.session, held).await?;
            end
        }
        None => Ok(Readiness::Later(None)),
    };
    lock::release(&mut ends.source.session, held).await?;
    end
}

/// `None` where another command has the lock.
fn free(taken: Result<SessionLock>) -> Result<Option<SessionLock>> {
    match taken {
        Ok(held) => Ok(Some(held)),
        Err(error) if error.kind == Kind::Locked => Ok(None),
        Err(error) => Err(error),
    }
}

async fn prepared(ends: &mut SwitchEnds) -> Result<Readiness> {
    let name = ends.service.name.clone();
    if !source::exists(&mut ends.source.session).await? {
        return Ok(Readiness::Over);
    }
    ends.service = source::one(&mut ends.source.session, &name).await?;
    ends.relations = source::relations(&mut ends.source.session, &name).await?;
    let Some(side) = followed_from(ends.service.phase) else { return Ok(Readiness::Over) };
    match ends.service.wanted.as_deref() {
        // It died: no session holds the lock.
        Some(VERIFYING) => source::want(&mut ends.source.session, &name, None).await?,
        Some(command) => return Ok(Readiness::Later(Some(command.to_owned()))),
        None => {}
    }
    let opened = ends.opened().await?;
    match side {
        // The triggers and foreign keys of a database that is open must not rest.
        FollowedSide::Source if opened.is_some() => {
            let died = if ends.service.phase == SplitPhase::RolledBack { "rollback" } else { "cutover" };
            Ok(Readiness::Later(Some(died.into())))
        }
        FollowedSide::Source => forward(ends).await,
        FollowedSide::Target => backward(ends, opened.as_deref()).await,
    }
}

async fn forward(ends: &mut SwitchEnds) -> Result<Readiness> {
    let slot = ends.service.forward_slot.clone().ok_or_else(|| not_followed(ends))?;
    still_target(ends).await?;
    let start = ends.service.forward_from.as_deref().and_then(Lsn::parse).unwrap_or_default();
    let place = ApplyPlace { start, ..ends.forward_place("forward") };
    let origin = reverse::from_source(ends, &slot);
    Ok(Readiness::Ready(Box::new(ReadyStream { side: FollowedSide::Source, origin, place })))
}

async fn backward(ends: &mut SwitchEnds, opened: Option<&str>) -> Result<Readiness> {
    let slot = ends.service.reverse_slot.clone().ok_or_else(|| not_followed(ends))?;
    let start = opened.and_then(Lsn::parse).ok_or_else(|| not_followed(ends))?;
    let login = reverse::login(ends).await?;
    let place = reverse::into_source(ends, login, start);
    let origin = reverse::from_target(ends, &slot);
    Ok(Readiness::Ready(Box::new(ReadyStream { side: FollowedSide::Target, origin, place })))
}

fn not_followed(ends: &SwitchEnds) -> Error {
    Error::operation(format!("service \"{}\" is not followed", ends.service.name))
        .hint("`martydb split status` shows where it stands")
}

/// Waits until another command wants the stream, or it goes the other way, or nowhere.
async fn taken_over(ends: &mut SwitchEnds, side: FollowedSide) -> Result<()> {
    let (session, name) = (&mut ends.source.session, &ends.service.name);
    loop {
        tokio::time::sleep(LOOK).await;
        if !source::exists(session).await? {
            return Ok(());
        }
        let service = source::one(session, name).await?;
        if service.wanted.is_some() || followed_from(service.phase) != Some(side) {
            return Ok(());
        }
    }
}
