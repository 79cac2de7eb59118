//! What of a claim may be published: of each aggregate its first events, without a gap. Pure.

use std::collections::BTreeMap;

/// An event that is locked: where its aggregate stands among the claimed ones, and its place in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRow {
    pub aggregate: usize,
    pub id: String,
}

/// What was found at the front of the outbox, aggregate by aggregate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchClaim {
    /// The locked events of each aggregate, in their order.
    pub lanes: Vec<Vec<String>>,
    /// How many aggregates were looked at.
    pub looked: usize,
    /// The last of them, after which the next look begins.
    pub last: Option<(String, String)>,
    /// Whether it was the last of the outbox.
    pub whole: bool,
}

impl BatchClaim {
    /// Takes the rows of a look in their order.
    pub fn of(rows: impl IntoIterator<Item = ClaimedRow>) -> BatchClaim {
        let mut lanes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for row in rows {
            lanes.entry(row.aggregate).or_default().push(row.id);
        }
        BatchClaim { lanes: lanes.into_values().collect(), ..BatchClaim::default() }
    }

    pub fn events(&self) -> usize {
        self.lanes.iter().map(Vec::len).sum()
    }

    /// Keeps of each lane what is pending without a gap from the aggregate's first event on. `pending` has, by the last event
    /// of a lane, what was pending of its aggregate up to that one when the locks were held already. An event that is not
    /// locked here is on its way elsewhere, or was committed late: what is behind it waits.
    pub fn without_gaps(&mut self, pending: &BTreeMap<String, Vec<String>>) {
        for lane in &mut self.lanes {
            let first = lane.last().and_then(|last| pending.get(last)).map_or(&[][..], Vec::as_slice);
            let same = lane.iter().zip(first).take_while(|(own, other)| own == other).count();
            lane.truncate(same);
        }
        self.lanes.retain(|lane| !lane.is_empty());
    }
}

/// How many aggregates a look takes in, and how many events of each at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    pub aggregates: u32,
    pub each: u32,
}

/// Events of one aggregate that go out one after the other cost one round trip each: wide claims are quick, deep ones are
/// cheap for the database. Four at a time are both.
const DEEP: u32 = 4;

/// The width of the next look, from what the last one found.
pub fn width(batch: u32, last: Option<&BatchClaim>, was: Width) -> Width {
    let found = last.map_or(0, |claim| u32::try_from(claim.events()).unwrap_or(u32::MAX));
    let looked = last.map_or(0, |claim| u32::try_from(claim.looked).unwrap_or(u32::MAX));
    if looked > 0 && last.is_some_and(|claim| claim.whole) {
        // All there are: each may give more, and where there is more than enough, half of them is left to others.
        let aggregates = if found > batch / 2 { looked.div_ceil(2) } else { looked };
        let each = (batch / aggregates).clamp(DEEP, batch.max(DEEP));
        return Width { aggregates: if aggregates < looked { aggregates } else { was.aggregates }, each };
    }
    // Nearly every aggregate had as many as it could give.
    if found >= looked.saturating_mul(was.each) / 2 && found > batch / 2 {
        return Width { aggregates: (batch / DEEP).max(1), each: DEEP };
    }
    Width { aggregates: batch, each: DEEP }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(all: &[&[&str]]) -> Vec<Vec<String>> {
        all.iter().map(|lane| lane.iter().map(ToString::to_string).collect()).collect()
    }

    fn pending(all: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
        all.iter().map(|(last, ids)| ((*last).to_owned(), owned(ids))).collect()
    }

    #[test]
    fn an_event_waits_for_those_before_it() {
        for (lane, found, kept) in [
            (&["1", "2", "3"][..], &["1", "2", "3"][..], &["1", "2", "3"][..]),
            // Another relay has the second.
            (&["1", "3"], &["1", "2", "3"], &["1"]),
            // One before them was committed late, or is on its way elsewhere.
            (&["2", "3"], &["1", "2", "3"], &[]),
            // Published elsewhere between the look and the lock.
            (&["1", "2"], &[], &[]),
        ] {
            let mut claim = BatchClaim { lanes: lanes(&[lane]), ..BatchClaim::default() };
            claim.without_gaps(&pending(&[(lane[lane.len() - 1], found)]));
            let expected: &[&[&str]] = if kept.is_empty() { &[] } else { &[kept] };
            assert_eq!(claim.lanes, lanes(expected), "{lane:?} {found:?}");
        }
    }

    #[test]
    fn rows_are_kept_by_aggregate_in_their_order() {
        let row = |aggregate, id: &str| ClaimedRow { aggregate, id: id.into() };
        let claim = BatchClaim::of([row(1, "5"), row(1, "9"), row(2, "1")]);
        assert_eq!((claim.lanes.clone(), claim.events()), (lanes(&[&["5", "9"], &["1"]]), 3));
    }

    #[test]
    fn a_look_is_as_wide_as_the_outbox_is_deep() {
        let start = Width { aggregates: 500, each: DEEP };
        let found = |events: usize, looked| BatchClaim {
            lanes: vec![(0..events).map(|id| id.to_string()).collect()],
            looked,
            last: None,
            whole: looked < 125,
        };
        assert_eq!(width(500, None, start), start);
        // Ten aggregates with many events.
        assert_eq!(width(500, Some(&found(40, 10)), start).each, 50);
        // Enough for two.
        assert_eq!(width(500, Some(&found(400, 100)), start), Width { aggregates: 50, each: 10 });
        // Many with many.
        assert_eq!(width(500, Some(&found(500, 500)), start), start);
        assert_eq!(width(500, Some(&found(2000, 500)), start).aggregates, 125);
        // Many with one.
        let narrow = Width { aggregates: 125, each: DEEP };
        assert_eq!(width(500, Some(&found(125, 125)), narrow), start);
        assert!(width(1, Some(&found(1, 1)), Width { aggregates: 1, each: 1 }).aggregates >= 1);
    }
}
