//! Selection of publishable events: the first events of each aggregate, without a gap. Pure.

use std::collections::BTreeMap;

use crate::broker::OutboxEvent;

/// A locked event, and the index of its aggregate among the claimed ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimedEvent {
    pub aggregate: usize,
    /// The event; `None` if the earlier ones already reach the byte limit.
    pub event: Option<OutboxEvent>,
}

/// Limits of one query of the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ClaimSizes {
    /// Number of locked events.
    pub events: usize,
    /// Number of aggregates read.
    pub aggregates: usize,
    /// `true` if they were the last ones of the outbox.
    pub whole: bool,
}

/// Events found at the front of the outbox, by aggregate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BatchClaim {
    /// Locked events of each aggregate, in their order.
    pub lanes: Vec<Vec<OutboxEvent>>,
    pub figures: ClaimSizes,
    /// Last aggregate that was read; the next look starts after it.
    pub last: Option<(String, String)>,
}

impl BatchClaim {
    /// Groups the rows of a look, in their order.
    pub(crate) fn new(rows: impl IntoIterator<Item = ClaimedEvent>) -> BatchClaim {
        let mut lanes: BTreeMap<usize, Vec<Option<OutboxEvent>>> = BTreeMap::new();
        for row in rows {
            lanes.entry(row.aggregate).or_default().push(row.event);
        }
        let events = lanes.values().map(Vec::len).sum();
        let held = lanes.into_values().map(|lane| lane.into_iter().map_while(|event| event).collect());
        let lanes = held.filter(|lane: &Vec<OutboxEvent>| !lane.is_empty()).collect();
        BatchClaim { lanes, figures: ClaimSizes { events, ..ClaimSizes::default() }, last: None }
    }

    /// Returns the last event of each lane.
    pub(crate) fn ends(&self) -> Vec<&str> {
        self.lanes.iter().filter_map(|lane| lane.last()).map(|event| event.id.as_str()).collect()
    }

    /// Returns the last events of lanes whose length differs from the number of pending events of the aggregate up
    /// to that event (`pending`).
    pub(crate) fn doubtful(&self, pending: &BTreeMap<String, usize>) -> Vec<String> {
        let lanes =
            self.lanes.iter().filter_map(|lane| lane.last().map(|last| (last.id.as_str(), lane.len())));
        let doubtful = lanes.filter(|(last, events)| pending.get(*last) != Some(events));
        doubtful.map(|(last, _)| last.to_owned()).collect()
    }

    /// Truncates these lanes to the events without a gap from the aggregate's first pending event. `pending`
    /// contains, by the last event of a lane, its aggregate's pending events up to that one, read after locking. An
    /// event that is not locked here is being published elsewhere or was committed late; later events of its
    /// aggregate have to wait.
    pub(crate) fn without_gaps(&mut self, doubtful: &[String], pending: &BTreeMap<String, Vec<String>>) {
        for lane in &mut self.lanes {
            let Some(last) = lane.last().filter(|last| doubtful.contains(&last.id)) else { continue };
            let first = pending.get(&last.id).map_or(&[][..], Vec::as_slice);
            let same = lane.iter().zip(first).take_while(|(own, other)| own.id == **other).count();
            lane.truncate(same);
        }
        self.lanes.retain(|lane| !lane.is_empty());
    }
}

/// Number of aggregates per look, and the maximum number of events of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchShape {
    pub aggregates: u32,
    pub each: u32,
}

/// Events per aggregate. Each costs one round trip to the broker in sequence: wide claims are fast, deep ones are
/// cheap for the database. Four is a compromise.
const MIN_EVENTS_EACH: u32 = 4;

/// Returns the width of the next look, from the sizes of the last one.
pub(crate) fn width(batch: u32, last: ClaimSizes, was: BatchShape) -> BatchShape {
    let [found, looked] = [last.events, last.aggregates].map(|one| u32::try_from(one).unwrap_or(u32::MAX));
    if looked > 0 && last.whole {
        // The whole outbox was read: each aggregate may give more events. If there are more than enough, half of
        // the aggregates are left to other publishers.
        let aggregates = if found > batch / 2 { looked.div_ceil(2) } else { looked };
        let each = (batch / aggregates).clamp(MIN_EVENTS_EACH, batch.max(MIN_EVENTS_EACH));
        return BatchShape {
            aggregates: if aggregates < looked { aggregates } else { was.aggregates },
            each,
        };
    }
    // Nearly every aggregate had its maximum number of events.
    if found >= looked.saturating_mul(was.each) / 2 && found > batch / 2 {
        return BatchShape { aggregates: (batch / MIN_EVENTS_EACH).max(1), each: MIN_EVENTS_EACH };
    }
    BatchShape { aggregates: batch, each: MIN_EVENTS_EACH }
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
            // Another relay has locked the second event.
            (&["1", "3"], &["1", "2", "3"], &["1"]),
            // An earlier event was committed late, or is being published elsewhere.
            (&["2", "3"], &["1", "2", "3"], &[]),
            // Another relay published them between the look and the lock.
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
        let claim = BatchClaim::new([row(1, "5"), row(1, "9"), row(2, "1"), cut(2), cut(3)]);
        assert_eq!(ids(&claim), [vec!["5", "9"], vec!["1"]]);
        assert_eq!((claim.figures.events, claim.ends()), (5, vec!["9", "1"]));
    }

    #[test]
    fn a_look_is_as_wide_as_the_outbox_is_deep() {
        let start = BatchShape { aggregates: 500, each: MIN_EVENTS_EACH };
        let found = |events, aggregates| ClaimSizes { events, aggregates, whole: aggregates < 125 };
        assert_eq!(width(500, ClaimSizes::default(), start), start);
        // Ten aggregates with many events each.
        assert_eq!(width(500, found(40, 10), start).each, 50);
        // Enough events for two publishers.
        assert_eq!(width(500, found(400, 100), start), BatchShape { aggregates: 50, each: 10 });
        // Many aggregates with many events.
        assert_eq!(width(500, found(500, 500), start), start);
        assert_eq!(width(500, found(2000, 500), start).aggregates, 125);
        // Many aggregates with one event.
        let narrow = BatchShape { aggregates: 125, each: MIN_EVENTS_EACH };
        assert_eq!(width(500, found(125, 125), narrow), start);
        assert!(width(1, found(1, 1), BatchShape { aggregates: 1, each: 1 }).aggregates >= 1);
    }
}
