//! Comparison of both sides while one of them accepts writes: followers wait meanwhile.

use super::cutover::quiesce_target;
use super::reverse;
use super::row_comparison::{StreamDirection, at_one_moment};
use super::sides::{SplitSides, VERIFYING};
use crate::compare::TargetComparison;
use crate::state::SplitPhase;
use crate::state::source;
use crate::stream::{ApplyTarget, FollowGoal, Lsn, StreamOrigin, follow};
use martydb_model::error::{Error, Result};

/// Applies the changes up to one LSN at the end that follows, and compares all rows there.
///
/// # Errors
/// If a switch was interrupted, or a change cannot be applied.
pub async fn verify_following(sides: &mut SplitSides) -> Result<TargetComparison> {
    let name = sides.service.name.clone();
    let unfinished = sides.service.wanted.clone().filter(|wanted| wanted != VERIFYING);
    if let Some(wanted) = unfinished {
        return Err(Error::operation(format!("a {wanted} of service \"{name}\" was interrupted"))
            .hint(format!("`martydb split {wanted} --service {name}` ends it")));
    }
    source::record_intent(&mut sides.source.session, &name, Some(VERIFYING)).await?;
    let end = match sides.service.phase {
        SplitPhase::CutOver => to_source(sides).await,
        SplitPhase::Following | SplitPhase::RolledBack => to_target(sides).await,
        phase => Err(Error::operation(format!("service \"{name}\" is in the phase {}", phase.name()))
            .hint("only one of its sides remains")),
    };
    let free = source::record_intent(&mut sides.source.session, &name, None).await;
    end.and_then(|found| free.map(|()| found))
}

async fn to_target(sides: &mut SplitSides) -> Result<TargetComparison> {
    let slot = sides.service.forward_slot.clone().ok_or_else(|| no_slot(sides))?;
    quiesce_target(sides).await?;
    let start = position_in_log(sides.service.forward_from.as_deref());
    let (origin, target): (StreamOrigin, ApplyTarget) =
        (reverse::from_source(sides, &slot), ApplyTarget { start, ..sides.forward_target("forward") });
    compared(sides, StreamDirection::ToTarget, &origin, &target).await
}

async fn to_source(sides: &mut SplitSides) -> Result<TargetComparison> {
    let slot = sides.service.reverse_slot.clone().ok_or_else(|| no_slot(sides))?;
    let login = reverse::login(sides).await?;
    let opened = sides.opened().await?;
    let origin = reverse::from_target(sides, &slot);
    let target = reverse::into_source(sides, login, position_in_log(opened.as_deref()));
    compared(sides, StreamDirection::ToSource, &origin, &target).await
}

/// Takes the stream over before the comparison chooses its LSN: until then the follower applies changes.
async fn compared(
    sides: &mut SplitSides,
    direction: StreamDirection,
    origin: &StreamOrigin,
    target: &ApplyTarget,
) -> Result<TargetComparison> {
    follow(origin, target, FollowGoal::UpTo(Lsn::default()), &mut |_| ()).await?;
    at_one_moment(sides, direction, origin, target).await
}

fn position_in_log(text: Option<&str>) -> Lsn {
    text.and_then(Lsn::parse).unwrap_or_default()
}

fn no_slot(sides: &SplitSides) -> Error {
    Error::operation(format!("the state of the split has no slot for {}", sides.service.name))
        .hint("`martydb split status` shows its status")
}
