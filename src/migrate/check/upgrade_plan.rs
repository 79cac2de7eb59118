//! Which migrations an upgrade applies. Pure.

use super::compare::{Comparison, Divergence};
use super::refusal::PlanRefusal;
use crate::migrate::files::Direction;
use crate::migrate::target::Order;

pub fn plan_upgrade(comparison: &Comparison, to: Option<i64>, order: Order) -> Result<Vec<i64>, PlanRefusal> {
    if let Some(begun) = comparison.unfinished.iter().find(|begun| begun.direction == Direction::Down) {
        return Err(PlanRefusal::HalfWay(begun.clone()));
    }
    let late = |divergence: &&Divergence| matches!(divergence, Divergence::OutOfOrder { .. });
    let (late, hard): (Vec<_>, Vec<_>) = comparison.divergences.iter().partition(late);
    let stop = if order == Order::AllowOutOfOrder { hard } else { comparison.divergences.iter().collect() };
    if !stop.is_empty() {
        return Err(PlanRefusal::Diverged(stop.into_iter().cloned().collect()));
    }
    let mut versions: Vec<_> = comparison.pending.clone();
    if order == Order::AllowOutOfOrder {
        versions.extend(late.iter().map(|divergence| divergence.version()));
        versions.sort_unstable();
    }
    match (to, comparison.current) {
        (None, _) => Ok(versions),
        (Some(to), Some(current)) if to < current => Err(PlanRefusal::Below(to)),
        (Some(to), current) if current != Some(to) && !versions.contains(&to) => {
            Err(PlanRefusal::Unknown(to))
        }
        (Some(to), _) => Ok(versions.into_iter().filter(|version| *version <= to).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reaches_the_wanted_version_and_no_further() {
        let comparison = Comparison {
            current: Some(3),
            latest: Some(6),
            pending: vec![5, 6],
            divergences: vec![Divergence::OutOfOrder { version: 2, name: "x".into(), current: 3 }],
            unfinished: vec![],
        };
        let plan = |to, order| plan_upgrade(&comparison, to, order);
        assert!(matches!(plan(None, Order::Strict), Err(PlanRefusal::Diverged(_))));
        assert_eq!(plan(None, Order::AllowOutOfOrder), Ok(vec![2, 5, 6]));
        assert_eq!(plan(Some(5), Order::AllowOutOfOrder), Ok(vec![2, 5]));
        assert_eq!(plan(Some(3), Order::AllowOutOfOrder), Ok(vec![2]));
        assert_eq!(plan(Some(4), Order::AllowOutOfOrder), Err(PlanRefusal::Unknown(4)));
        assert_eq!(plan(Some(2), Order::AllowOutOfOrder), Err(PlanRefusal::Below(2)));
    }
}
