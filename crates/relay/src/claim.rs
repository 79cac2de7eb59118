//! What of a claim may be published: of each aggregate its first events, without a gap. Pure.

use std::collections::BTreeMap;

use crate::broker::OutboxEvent;

/// An event that is locked, and where its aggregate stands among the claimed ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedEvent {
    pub aggregate: usize,
    /// `None` where those before it are as many bytes as may be held.
    pub event: Option<OutboxEvent>,
}

/// How much a look at the outbox found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LookFigures {
    /// Events that were locked.
    pub events: usize,
    /// How many aggregates were looked at.
    pub aggregates: usize,
    /// Whether they were the last of the outbox.
    pub whole: bool,
}

/// What was found at the front of the outbox, aggregate by aggregate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchClaim {
    /// The locked events of each aggregate, in their order.
    pub lanes: Vec<Vec<OutboxEvent>>,
    pub figures: LookFigures,
    /// The last aggregate that was looked at, after which the next look begins.
    pub last: Option<(String, String)>,
}

impl BatchClaim {
    /// Takes the rows of a look in their order.
    pub fn of(rows: impl IntoIterator<Item = ClaimedEvent>) -> BatchClaim {
        let mut lanes: BTreeMap<usize, Vec<Option<OutboxEvent>>> = BTreeMap::new();
        for row in rows {
            lanes.entry(row.aggregate).or_default().push(row.event);
        }
        let events = lanes.values().map(Vec::len).sum();
        let held = lanes.into_values().map(|lane| lane.into_iter().map_while(|event| event).collect());
        let lanes = held.filter(|lane: &Vec<OutboxEvent>| !lane.is_empty()).collect();
        BatchClaim { lanes, figures: LookFigures { events, ..LookFigures::default() }, last: None }
    }

    /// The last event of each lane.
    pub fn ends(&self) -> Vec<&str> {
        self.lanes.iter().filter_map(|lane| lane.last()).map(|event| event.id.as_str()).collect()
    }

    /// The last events of lanes that have another number of events than are pending of their aggregate up to that one, by `pending`.
    pub fn doubtful(&self, pending: &BTreeMap<String, usize>) -> Vec<String> {
        let lanes =
            self.lanes.iter().filter_map(|lane| lane.last().map(|last| (last.id.as_str(), lane.len())));
        let doubtful = lanes.filter(|(last, events)| pending.get(*last) != Some(events));
        doubtful.map(|(last, _)| last.to_owned()).collect()
    }

    /// Keeps of each of these lanes what is pending without a gap from the aggregate's first event on. `pending` has, by the last event
    /// of a lane, what was pending of its aggregate up to that one when the locks were held already. An event that is not
    /// locked here is on its way elsewhere, or was committed late: what is behind it waits.
    pub fn without_gaps(&mut self, doubtful: &[String], pending: &BTreeMap<String, Vec<String>>) {
        for lane in &mut self.lanes {
            let Some(last) = lane.last().filter(|last| doubtful.contains(&last.id)) else { continue };
            let first = pending.get(&last.id).map_or(&[][..], Vec::as_slice);
            let same = lane.iter().zip(first).take_while(|(own, other)| own.id == **other).count();
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
pub fn width(batch: u32, last: LookFigures, was: Width) -> Width {
    let [found, looked] = [last.events, last.aggregates].map(|one| u32::try_from(one).unwrap_or(u32::MAX));
    if looked > 0 && last.whole {
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

    fn event(id: &str) -> OutboxEvent {
        OutboxEvent { id: id.into(), ..OutboxEvent::default() }
    }

    fn ids(claim: &BatchClaim) -> Vec<Vec<&str>> {
        claim.lanes.iter().map(|lane| lane.iter().map(|event| event.id.as_str()).collect()).collect()
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
            let lanes = vec![lane.iter().map(|id| event(id)).collect(), vec![event("99")]];
            let mut claim = BatchClaim { lanes, ..BatchClaim::default() };
            let last = lane[lane.len() - 1];
            let counted = BTreeMap::from([(last.to_owned(), found.len()), ("99".to_owned(), 1)]);
            let doubtful = claim.doubtful(&counted);
            assert_eq!(doubtful.is_empty(), lane == found, "{lane:?} {found:?}");
            let pending =
                BTreeMap::from([(last.to_owned(), found.iter().map(ToString::to_string).collect())]);
            claim.without_gaps(&doubtful, &pending);
            let mut expected = vec![kept.to_vec(), vec!["99"]];
            expected.retain(|lane| !lane.is_empty());
            assert_eq!(ids(&claim), expected, "{lane:?} {found:?}");
        }
    }

    #[test]
    fn a_lane_that_was_not_counted_is_doubtful() {
        let claim = BatchClaim { lanes: vec![vec![event("1")]], ..BatchClaim::default() };
        assert_eq!(claim.doubtful(&BTreeMap::new()), ["1"]);
    }

    #[test]
    fn rows_are_kept_by_aggregate_in_their_order_as_far_as_the_bytes_go() {
        let row = |aggregate, id: &str| ClaimedEvent { aggregate, event: Some(event(id)) };
        let cut = |aggregate| ClaimedEvent { aggregate, event: None };
        let claim = BatchClaim::of([row(1, "5"), row(1, "9"), row(2, "1"), cut(2), cut(3)]);
        assert_eq!(ids(&claim), [vec!["5", "9"], vec!["1"]]);
        assert_eq!((claim.figures.events, claim.ends()), (5, vec!["9", "1"]));
    }

    #[test]
    fn a_look_is_as_wide_as_the_outbox_is_deep() {
        let start = Width { aggregates: 500, each: DEEP };
        let found = |events, aggregates| LookFigures { events, aggregates, whole: aggregates < 125 };
        assert_eq!(width(500, LookFigures::default(), start), start);
        // Ten aggregates with many events.
        assert_eq!(width(500, found(40, 10), start).each, 50);
        // Enough for two.
        assert_eq!(width(500, found(400, 100), start), Width { aggregates: 50, each: 10 });
        // Many with many.
        assert_eq!(width(500, found(500, 500), start), start);
        assert_eq!(width(500, found(2000, 500), start).aggregates, 125);
        // Many with one.
        let narrow = Width { aggregates: 125, each: DEEP };
        assert_eq!(width(500, found(125, 125), narrow), start);
        assert!(width(1, found(1, 1), Width { aggregates: 1, each: 1 }).aggregates >= 1);
    }
}
