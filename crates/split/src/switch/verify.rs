//! Comparison of both ends while one of them accepts writes: followers wait meanwhile.

use super::cutover::still_target;
use super::endpoints::{SwitchEndpoints, VERIFYING};
use super::reverse;
use super::row_comparison::{StreamWay, at_one_moment};
use crate::compare::TargetComparison;
use crate::state::SplitPhase;
use crate::state::source;
use crate::stream::{ApplyTarget, FollowGoal, Lsn, StreamOrigin, follow};
use martydb_model::error::{Error, Result};

/// Applies the changes up to one LSN at the end that follows, and compares all rows there.
///
/// # Errors
/// If a switch was interrupted, or a change cannot be applied.
pub async fn verify_following(ends: &mut SwitchEndpoints) -> Result<TargetComparison> {
    let name = ends.service.name.clone();
    let unfinished = ends.service.wanted.clone().filter(|wanted| wanted != VERIFYING);
    if let Some(wanted) = unfinished {
        return Err(Error::operation(format!("a {wanted} of service \"{name}\" was interrupted"))
            .hint(format!("`martydb split {wanted} --service {name}` ends it")));
    }
    source::want(&mut ends.source.session, &name, Some(VERIFYING)).await?;
    let end = match ends.service.phase {
        SplitPhase::CutOver => to_source(ends).await,
        SplitPhase::Following | SplitPhase::RolledBack => to_target(ends).await,
        phase => Err(Error::operation(format!("service \"{name}\" is in the phase {}", phase.name()))
            .hint("only one of its sides remains")),
    };
    let free = source::want(&mut ends.source.session, &name, None).await;
    end.and_then(|found| free.map(|()| found))
}

async fn to_target(ends: &mut SwitchEndpoints) -> Result<TargetComparison> {
    let slot = ends.service.forward_slot.clone().ok_or_else(|| no_slot(ends))?;
    still_target(ends).await?;
    let start = place_in_log(ends.service.forward_from.as_deref());
    let (origin, place): (StreamOrigin, ApplyTarget) =
        (reverse::from_source(ends, &slot), ApplyTarget { start, ..ends.forward_place("forward") });
    compared(ends, StreamWay::ToTarget, &origin, &place).await
}

async fn to_source(ends: &mut SwitchEndpoints) -> Result<TargetComparison> {
    let slot = ends.service.reverse_slot.clone().ok_or_else(|| no_slot(ends))?;
    let login = reverse::login(ends).await?;
    let opened = ends.opened().await?;
    let origin = reverse::from_target(ends, &slot);
    let place = reverse::into_source(ends, login, place_in_log(opened.as_deref()));
    compared(ends, StreamWay::ToSource, &origin, &place).await
}

/// Takes the stream over before the comparison chooses its LSN: until then the follower applies changes.
async fn compared(
    ends: &mut SwitchEndpoints,
    way: StreamWay,
    origin: &StreamOrigin,
    place: &ApplyTarget,
) -> Result<TargetComparison> {
    follow(origin, place, FollowGoal::UpTo(Lsn::default()), &mut |_| ()).await?;
    at_one_moment(ends, way, origin, place).await
}

fn place_in_log(text: Option<&str>) -> Lsn {
    text.and_then(Lsn::parse).unwrap_or_default()
}

fn no_slot(ends: &SwitchEndpoints) -> Error {
    Error::operation(format!("the state of the split has no slot for {}", ends.service.name))
        .hint("`martydb split status` shows its status")
}
