//! Which migrations a downgrade undoes, and in which order. Pure.

use super::compare::{Comparison, Divergence};
use super::refusal::PlanRefusal;
use crate::migrate::files::Direction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DowngradeTo {
    /// To this version; 0 undoes everything.
    Version(i64),
    Steps(usize),
}

/// The versions to undo, in the reverse of the order in which they were applied. `order` holds all applied versions,
/// the first applied first: a file that arrived late is undone before those that were applied before it.
pub fn plan_downgrade(
    comparison: &Comparison,
    order: &[i64],
    to: DowngradeTo,
) -> Result<Vec<i64>, PlanRefusal> {
    if let Some(begun) = comparison.unfinished.iter().find(|begun| begun.direction == Direction::Up) {
        return Err(PlanRefusal::HalfWay(begun.clone()));
    }
    // A late file is not applied, so there is nothing of it to undo.
    let late = |divergence: &&Divergence| matches!(divergence, Divergence::OutOfOrder { .. });
    let stop: Vec<_> =
        comparison.divergences.iter().filter(|divergence| !late(divergence)).cloned().collect();
    if !stop.is_empty() {
        return Err(PlanRefusal::Diverged(stop));
    }
    let newest = order.iter().rev().copied();
    match to {
        DowngradeTo::Steps(steps) => Ok(newest.take(steps).collect()),
        DowngradeTo::Version(version) if Some(version) > comparison.current && version > 0 => {
            Err(PlanRefusal::Above(version))
        }
        DowngradeTo::Version(version) if version > 0 && !order.contains(&version) => {
            Err(PlanRefusal::Unknown(version))
        }
        DowngradeTo::Version(version) => Ok(newest.filter(|applied| *applied > version).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::history::rows::{Interruption, Unfinished};

    fn comparison(current: Option<i64>) -> Comparison {
        Comparison { current, ..Comparison::default() }
    }

    #[test]
    fn the_newest_applied_is_undone_first() {
        let order = [1, 2, 5, 3];
        for (back, expected) in [
            (DowngradeTo::Steps(1), vec![3]),
            (DowngradeTo::Steps(2), vec![3, 5]),
            (DowngradeTo::Steps(9), vec![3, 5, 2, 1]),
            (DowngradeTo::Version(3), vec![5]),
            (DowngradeTo::Version(2), vec![3, 5]),
            (DowngradeTo::Version(5), vec![]),
            (DowngradeTo::Version(0), vec![3, 5, 2, 1]),
        ] {
            assert_eq!(plan_downgrade(&comparison(Some(5)), &order, back), Ok(expected), "{back:?}");
        }
        assert_eq!(
            plan_downgrade(&comparison(Some(5)), &order, DowngradeTo::Version(6)),
            Err(PlanRefusal::Above(6))
        );
        assert_eq!(
            plan_downgrade(&comparison(Some(5)), &order, DowngradeTo::Version(4)),
            Err(PlanRefusal::Unknown(4))
        );
        assert_eq!(plan_downgrade(&comparison(None), &[], DowngradeTo::Version(0)), Ok(vec![]));
        assert_eq!(plan_downgrade(&comparison(None), &[], DowngradeTo::Steps(1)), Ok(vec![]));
        assert_eq!(
            plan_downgrade(&comparison(None), &[], DowngradeTo::Version(1)),
            Err(PlanRefusal::Above(1))
        );
    }

    #[test]
    fn what_contradicts_itself_or_is_half_applied_stops_it() {
        let missing = Divergence::Missing { version: 1, name: "a".into() };
        let late = Divergence::OutOfOrder { version: 2, name: "b".into(), current: 5 };
        let diverged = Comparison { divergences: vec![missing.clone(), late.clone()], ..comparison(Some(5)) };
        let steps = DowngradeTo::Steps(1);
        assert_eq!(plan_downgrade(&diverged, &[1, 5], steps), Err(PlanRefusal::Diverged(vec![missing])));
        let only_late = Comparison { divergences: vec![late], ..comparison(Some(5)) };
        assert_eq!(plan_downgrade(&only_late, &[1, 5], steps), Ok(vec![5]));
        let begun = Unfinished { version: 6, direction: Direction::Up, end: Interruption::Failed };
        let half = Comparison { unfinished: vec![begun.clone()], ..comparison(Some(5)) };
        assert_eq!(plan_downgrade(&half, &[1, 5], steps), Err(PlanRefusal::HalfWay(begun)));
    }
}
