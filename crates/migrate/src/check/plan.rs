//! Plan of a run: the migrations to apply or undo, in order, or the refusal as an error for the operator. Pure.

use super::compare::{Comparison, Divergence};
use crate::files::{Direction, MigrationFolder};
use crate::history::Unfinished;
use crate::target::Order;
use martydb_model::ServiceName;
use martydb_model::error::{Error, Kind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DowngradeTo {
    /// Down to this version; 0 undoes everything.
    Version(i64),
    Steps(usize),
    /// Undoes this version if it is the newest applied one; its file may have been edited since. Otherwise nothing.
    Redone(i64),
}

pub(crate) fn plan_upgrade(
    comparison: &Comparison,
    to: Option<i64>,
    order: Order,
) -> Result<Vec<i64>, PlanRefusal> {
    let with_late = order == Order::AllowOutOfOrder;
    check(comparison, Direction::Up, with_late)?;
    let mut versions = comparison.pending.clone();
    if with_late {
        versions.extend(comparison.divergences.iter().map(Divergence::version));
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

/// Returns the versions to undo, in the reverse of the order in which they were applied. `order` contains all
/// applied versions, the first applied first: a file that arrived late is undone before those that were applied
/// before it.
pub(crate) fn plan_downgrade(
    comparison: &Comparison,
    order: &[i64],
    to: DowngradeTo,
) -> Result<Vec<i64>, PlanRefusal> {
    let judged = match to {
        DowngradeTo::Redone(version) => &without_edits_of(version, comparison),
        _ => comparison,
    };
    // A late file is not applied, so there is nothing to undo.
    check(judged, Direction::Down, true)?;
    let newest = order.iter().rev().copied();
    match to {
        DowngradeTo::Redone(version) => Ok(newest.take(1).filter(|newest| *newest == version).collect()),
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

/// Returns the comparison as if the file of this version were as it was applied.
fn without_edits_of(version: i64, comparison: &Comparison) -> Comparison {
    let mut comparison = comparison.clone();
    let is_edit =
        |one: &Divergence| matches!(one, Divergence::Edited { version: edited, .. } if *edited == version);
    comparison.divergences.retain(|one| !is_edit(one));
    comparison
}

/// Rejects a run in this direction, whatever its last version.
fn check(comparison: &Comparison, direction: Direction, late_is_fine: bool) -> Result<(), PlanRefusal> {
    if let Some(begun) = comparison.unfinished.iter().find(|begun| begun.direction != direction) {
        return Err(PlanRefusal::HalfWay(begun.clone()));
    }
    let stops =
        |divergence: &&Divergence| !late_is_fine || !matches!(divergence, Divergence::OutOfOrder { .. });
    let stop: Vec<_> = comparison.divergences.iter().filter(stops).cloned().collect();
    if stop.is_empty() { Ok(()) } else { Err(PlanRefusal::Diverged(stop)) }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlanRefusal {
    Diverged(Vec<Divergence>),
    /// The target version is below the current one.
    Below(i64),
    /// The target version is above the current one.
    Above(i64),
    /// No file and no row has the target version.
    Unknown(i64),
    /// A non-transactional migration was interrupted in the other direction.
    HalfWay(Unfinished),
}

impl PlanRefusal {
    /// `disposable`: the data may be dropped, which is the shorter way there.
    pub(crate) fn into_error(
        self,
        service: &ServiceName,
        current: Option<i64>,
        folder: &MigrationFolder,
        disposable: bool,
    ) -> Error {
        match self {
            PlanRefusal::Below(to) => {
                Error::usage(format!("{service} is at V{}, above V{to}", current.unwrap_or_default()))
                    .hint(format!("to go back, run `martydb downgrade --service {service} --to {to}`"))
            }
            PlanRefusal::Above(to) if folder.find(to).is_none() => folder.has_no(to, service),
            PlanRefusal::Above(to) => {
                let at =
                    current.map_or_else(|| "at no version".to_owned(), |version| format!("at V{version}"));
                Error::usage(format!("{service} is {at}, below V{to}"))
                    .hint(format!("to go forward, run `martydb upgrade --service {service} --to {to}`"))
            }
            PlanRefusal::HalfWay(begun) => {
                half_way(service, &begun).hint_if(disposable.then(|| begin_again(service, current, &[])))
            }
            PlanRefusal::Unknown(to) => folder.has_no(to, service),
            PlanRefusal::Diverged(divergences) => diverged(service, &divergences)
                .hint_if(disposable.then(|| begin_again(service, current, &divergences))),
        }
    }
}

/// Returns the hint for a server whose data may go.
fn begin_again(service: &ServiceName, current: Option<i64>, divergences: &[Divergence]) -> String {
    let is_last =
        |one: &Divergence| matches!(one, Divergence::Edited { version, .. } if Some(*version) == current);
    let reset = format!("`martydb dev reset {service}` makes the database again from the files");
    match divergences {
        [only] if is_last(only) => {
            format!("or, while it is being written, `martydb redo {service}`; {reset}")
        }
        _ => format!("or begin from nothing: {reset}"),
    }
}

fn half_way(service: &ServiceName, Unfinished { version, direction, .. }: &Unfinished) -> Error {
    let (done, command) = match direction {
        Direction::Up => ("applied", "upgrade"),
        Direction::Down => ("reverted", "downgrade"),
    };
    let message = format!("{service} V{version} (no-transaction) was interrupted and is partially {done}");
    Error::new(Kind::Divergent, message)
        .hint(format!("finish it with `martydb {command} --service {service}`"))
        .hint(format!(
            "or repair its objects by hand, then `martydb repair --service {service} --version {version} --reason …`"
        ))
}

fn diverged(service: &ServiceName, divergences: &[Divergence]) -> Error {
    let mut error = Error::new(Kind::Divergent, format!("{service}: files and database history differ"));
    for divergence in divergences {
        error.causes.push(divergence.to_string());
        let hint = divergence.hint(service.as_str());
        if !error.hints.contains(&hint) {
            error.hints.push(hint);
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::rows::Interruption;

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
    fn contradictory_and_half_applied_histories_stop_the_import() {
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
