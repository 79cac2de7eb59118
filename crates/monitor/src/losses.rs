//! Slots and subscriptions that a server had and has no more: their series stay for a day, with the value of a loss. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use martydb_model::metrics::{Metric, SLOT_ACTIVE, SLOT_LOST, SUBSCRIPTION_ACTIVE, Sample};

/// Time for which a loss is shown.
const SHOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// Prefix of the slots of a split, which it drops itself.
const OF_SPLITS: &str = "mdb_";

/// Metrics that show whether an object exists, each with those of a lost one.
const EXISTENCE: [(&Metric, &[(&Metric, f64)]); 2] = [
    (SLOT_LOST, &[(SLOT_LOST, 1.0), (SLOT_ACTIVE, 0.0)]),
    (SUBSCRIPTION_ACTIVE, &[(SUBSCRIPTION_ACTIVE, 0.0)]),
];

/// Samples of existing objects by metric and name, with the time since when they are lost.
#[derive(Debug, Default)]
pub(crate) struct Losses(BTreeMap<(&'static str, String), (Sample, Option<Instant>)>);

impl Losses {
    /// Adds the samples of lost objects to those of a server that answered.
    pub(crate) fn add(&mut self, samples: &mut Vec<Sample>, now: Instant) {
        for (_, since) in self.0.values_mut() {
            since.get_or_insert(now);
        }
        for sample in
            samples.iter().filter(|sample| EXISTENCE.iter().any(|(metric, _)| *metric == sample.metric))
        {
            let name = sample.labels.concat();
            if !name.starts_with(OF_SPLITS) {
                self.0.insert((sample.metric.name, name), (sample.clone(), None));
            }
        }
        self.0.retain(|_, (_, since)| since.is_none_or(|since| now.duration_since(since) < SHOWN));
        for (sample, _) in self.0.values().filter(|(_, since)| since.is_some()) {
            let lost = EXISTENCE.iter().filter(|(metric, _)| *metric == sample.metric);
            let lost = lost.flat_map(|(_, values)| values.iter());
            samples.extend(lost.map(|(metric, value)| Sample { metric, value: *value, ..sample.clone() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::metrics::Subject;

    #[test]
    fn what_was_dropped_is_shown_as_lost_for_a_day() {
        let server = Subject::server("main");
        let of = |metric: &'static Metric, name: &str, value| Sample::with(metric, &server, [name], value);
        let there = || {
            vec![
                of(SLOT_ACTIVE, "s", 1.0),
                of(SLOT_LOST, "s", 0.0),
                of(SLOT_LOST, "mdb_1_a_f", 0.0),
                of(SUBSCRIPTION_ACTIVE, "sub", 1.0),
            ]
        };
        let (mut losses, begin) = (Losses::default(), Instant::now());
        let mut after = |mut samples: Vec<Sample>, hours: u64| {
            losses.add(&mut samples, begin + Duration::from_secs(hours * 3600));
            samples
        };
        assert_eq!(after(there(), 0), there());
        let lost =
            vec![of(SLOT_LOST, "s", 1.0), of(SLOT_ACTIVE, "s", 0.0), of(SUBSCRIPTION_ACTIVE, "sub", 0.0)];
        assert_eq!(after(vec![], 1), lost);
        assert_eq!(after(vec![], 20), lost);
        assert_eq!(after(there(), 21), there());
        assert_eq!(after(vec![], 22), lost);
        assert_eq!(after(vec![], 47), vec![]);
    }
}
