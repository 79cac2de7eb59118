//! Which migrations a downgrade undoes, and in which order. Pure.

use super::compare::{Divergence, Refusal, Standing};
use super::name::Direction;

/// How far to go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// To this version; 0 undoes everything.
    To(i64),
    /// By so many migrations.
    Steps(usize),
}

/// The versions to undo, in the reverse of the order in which they were applied. `order` holds all applied versions,
/// the first applied first: a file that arrived late is undone before those that were applied before it.
pub fn plan_downgrade(standing: &Standing, order: &[i64], back: Back) -> Result<Vec<i64>, Refusal> {
    if let Some(begun) = standing.unfinished.iter().find(|begun| begun.direction == Direction::Up) {
        return Err(Refusal::HalfWay(begun.clone()));
    }
    // A late file is not applied, so there is nothing of it to undo.
    let late = |divergence: &&Divergence| matches!(divergence, Divergence::Late { .. });
    let stop: Vec<_> = standing.divergences.iter().filter(|divergence| !late(divergence)).cloned().collect();
    if !stop.is_empty() {
        return Err(Refusal::Diverged(stop));
    }
    let newest = order.iter().rev().copied();
    match back {
        Back::Steps(steps) => Ok(newest.take(steps).collect()),
        Back::To(to) if Some(to) > standing.current && to > 0 => Err(Refusal::Above(to)),
        Back::To(to) if to > 0 && !order.contains(&to) => Err(Refusal::Unknown(to)),
        Back::To(to) => Ok(newest.filter(|version| *version > to).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::compare::{End, Unfinished};

    fn standing(current: Option<i64>) -> Standing {
        Standing { current, ..Standing::default() }
    }

    #[test]
    fn the_newest_applied_is_undone_first() {
        let order = [1, 2, 5, 3];
        for (back, expected) in [
            (Back::Steps(1), vec![3]),
            (Back::Steps(2), vec![3, 5]),
            (Back::Steps(9), vec![3, 5, 2, 1]),
            (Back::To(3), vec![5]),
            (Back::To(2), vec![3, 5]),
            (Back::To(5), vec![]),
            (Back::To(0), vec![3, 5, 2, 1]),
        ] {
            assert_eq!(plan_downgrade(&standing(Some(5)), &order, back), Ok(expected), "{back:?}");
        }
        assert_eq!(plan_downgrade(&standing(Some(5)), &order, Back::To(6)), Err(Refusal::Above(6)));
        assert_eq!(plan_downgrade(&standing(Some(5)), &order, Back::To(4)), Err(Refusal::Unknown(4)));
        assert_eq!(plan_downgrade(&standing(None), &[], Back::To(0)), Ok(vec![]));
        assert_eq!(plan_downgrade(&standing(None), &[], Back::Steps(1)), Ok(vec![]));
        assert_eq!(plan_downgrade(&standing(None), &[], Back::To(1)), Err(Refusal::Above(1)));
    }

    #[test]
    fn what_contradicts_itself_or_is_half_applied_stops_it() {
        let missing = Divergence::Missing { version: 1, name: "a".into() };
        let late = Divergence::Late { version: 2, name: "b".into(), current: 5 };
        let diverged = Standing { divergences: vec![missing.clone(), late.clone()], ..standing(Some(5)) };
        let steps = Back::Steps(1);
        assert_eq!(plan_downgrade(&diverged, &[1, 5], steps), Err(Refusal::Diverged(vec![missing])));
        let only_late = Standing { divergences: vec![late], ..standing(Some(5)) };
        assert_eq!(plan_downgrade(&only_late, &[1, 5], steps), Ok(vec![5]));
        let begun = Unfinished { version: 6, direction: Direction::Up, end: End::Failed };
        let half = Standing { unfinished: vec![begun.clone()], ..standing(Some(5)) };
        assert_eq!(plan_downgrade(&half, &[1, 5], steps), Err(Refusal::HalfWay(begun)));
    }
}
