//! Results of checks: the newest samples of every check, and its last run.
//!
//! If a check cannot examine a subject, its last value is kept: an alert that fires must not end because the server
//! stopped answering. The age of a value is visible from the time of the last proof and of the check's end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;

use martydb_model::metrics::*;

/// Result of a check.
#[derive(Debug, Default)]
pub struct CheckOutcome {
    pub samples: Vec<Sample>,
    /// Subjects whose samples are complete: earlier samples of these are dropped.
    pub judged: BTreeSet<Subject>,
    /// Failures to examine something, one line each.
    pub failures: Vec<String>,
}

impl CheckOutcome {
    /// Adds the outcome of other subjects.
    pub fn and(mut self, other: CheckOutcome) -> CheckOutcome {
        self.samples.extend(other.samples);
        self.judged.extend(other.judged);
        self.failures.extend(other.failures);
        self
    }
}

#[derive(Debug)]
struct CheckRun {
    ended: OffsetDateTime,
    took: Duration,
    failures: Vec<String>,
}

/// Time for which ended runs are remembered, and the most of one check: more have no room in a plot.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
const MOST_REMEMBERED: usize = 1440;

/// Run of a check that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EndedRun {
    pub ended: OffsetDateTime,
    pub took: Duration,
    /// `true` if it could examine everything.
    pub ok: bool,
}

/// Samples by the identity of their series.
type Series = BTreeMap<(&'static str, Subject, Vec<String>), Sample>;

#[derive(Debug, Default)]
struct ResultsState {
    series: BTreeMap<MonitorCheck, Series>,
    attempts: BTreeMap<MonitorCheck, CheckRun>,
    /// Runs of the last day, oldest first.
    ended: BTreeMap<MonitorCheck, VecDeque<EndedRun>>,
}

#[derive(Debug, Default)]
pub struct CheckResults(Mutex<ResultsState>);

impl CheckResults {
    /// Stores a result, and returns new failures to log, without those of the previous run.
    pub fn enter(&self, check: MonitorCheck, outcome: CheckOutcome, took: Duration) -> Vec<String> {
        let state = &mut *self.0.lock();
        let series = state.series.entry(check).or_default();
        // The last proof and its time remain true until there is another.
        series.retain(|_, sample| {
            [ISOLATION_OK, ISOLATION_PROVEN].contains(&sample.metric)
                || !outcome.judged.contains(&sample.subject)
        });
        for sample in outcome.samples {
            series.insert((sample.metric.name, sample.subject.clone(), sample.labels.clone()), sample);
        }
        let attempt = CheckRun { ended: OffsetDateTime::now_utc(), took, failures: outcome.failures };
        let ended = EndedRun { ended: attempt.ended, took, ok: attempt.failures.is_empty() };
        remember(state.ended.entry(check).or_default(), ended);
        let new = attempt.failures.clone();
        let before = state.attempts.insert(check, attempt).map(|before| before.failures).unwrap_or_default();
        new.into_iter().filter(|failure| !before.contains(failure)).collect()
    }

    /// Returns all samples, in the order of the checks.
    pub fn samples(&self) -> Vec<Sample> {
        let state = self.0.lock();
        let mut all: Vec<Sample> = state.series.values().flat_map(BTreeMap::values).cloned().collect();
        for (check, attempt) in &state.attempts {
            let of = |metric, value| Sample::with(metric, &Subject::monitor(), [check.name()], value);
            all.push(of(CHECK_OK, f64::from(u8::from(attempt.failures.is_empty()))));
            all.push(of(CHECK_END, seconds(attempt.ended)));
            all.push(of(CHECK_SECONDS, attempt.took.as_secs_f64()));
        }
        all
    }

    /// Returns the runs of the last day, oldest first.
    pub fn ended(&self) -> Vec<(MonitorCheck, Vec<EndedRun>)> {
        self.0.lock().ended.iter().map(|(check, runs)| (*check, runs.iter().copied().collect())).collect()
    }

    /// Returns the failures of each check's last run.
    pub fn failures(&self) -> Vec<String> {
        self.0.lock().attempts.values().flat_map(|attempt| attempt.failures.clone()).collect()
    }
}

fn remember(runs: &mut VecDeque<EndedRun>, run: EndedRun) {
    runs.push_back(run);
    while runs.len() > MOST_REMEMBERED
        || runs.front().is_some_and(|first| run.ended - first.ended > REMEMBERED)
    {
        runs.pop_front();
    }
}

/// Returns seconds since 1970, in milliseconds resolution.
pub fn seconds(time: OffsetDateTime) -> f64 {
    let milliseconds = i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
    #[allow(clippy::cast_precision_loss)] // Exact for the next 280,000 years.
    let milliseconds = milliseconds as f64;
    milliseconds / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(server: &str, service: &str) -> Subject {
        Subject { service: service.into(), server: server.into(), database: service.into() }
    }

    fn outcome(judged: &[&Subject], samples: Vec<Sample>, failure: Option<&str>) -> CheckOutcome {
        CheckOutcome {
            samples,
            judged: judged.iter().map(|subject| (*subject).clone()).collect(),
            failures: failure.map(str::to_owned).into_iter().collect(),
        }
    }

    fn value(results: &CheckResults, metric: &Metric, subject: &Subject) -> Option<f64> {
        let mut all = results.samples().into_iter();
        all.find(|sample| sample.metric == metric && sample.subject == *subject).map(|sample| sample.value)
    }

    #[test]
    fn an_unreachable_service_keeps_its_last_values_and_proof() {
        let (results, a, b) = (CheckResults::default(), subject("one", "a"), subject("two", "b"));
        let proof = |subject: &Subject, ok: f64, at: Option<f64>| {
            let ok = Sample::new(ISOLATION_OK, subject, ok);
            [Some(ok), at.map(|at| Sample::new(ISOLATION_PROVEN, subject, at))]
        };
        let both = [proof(&a, 1.0, Some(5.0)), proof(&b, 1.0, Some(5.0))];
        let both = both.into_iter().flatten().flatten().collect();
        assert!(
            results.enter(MonitorCheck::Isolation, outcome(&[&a, &b], both, None), Duration::ZERO).is_empty()
        );
        let broken = proof(&a, 0.0, None).into_iter().flatten().collect();
        let second = outcome(&[&a], broken, Some("server two: gone"));
        assert_eq!(results.enter(MonitorCheck::Isolation, second, Duration::ZERO), ["server two: gone"]);
        assert_eq!(
            (value(&results, ISOLATION_OK, &a), value(&results, ISOLATION_PROVEN, &a)),
            (Some(0.0), Some(5.0))
        );
        assert_eq!(
            (value(&results, ISOLATION_OK, &b), value(&results, ISOLATION_PROVEN, &b)),
            (Some(1.0), Some(5.0))
        );
        assert_eq!(value(&results, CHECK_OK, &Subject::monitor()), Some(0.0));
        // The same failure is not reported twice.
        let third = outcome(&[], vec![], Some("server two: gone"));
        assert!(results.enter(MonitorCheck::Isolation, third, Duration::ZERO).is_empty());
    }

    #[test]
    fn the_runs_of_the_last_day_are_remembered() {
        let run = |hours: i64| EndedRun {
            ended: OffsetDateTime::UNIX_EPOCH + time::Duration::hours(hours),
            took: Duration::ZERO,
            ok: true,
        };
        let mut runs = VecDeque::new();
        (0..50).for_each(|hours| remember(&mut runs, run(hours)));
        assert_eq!((runs.front(), runs.len()), (Some(&run(25)), 25));
        (0..3000).for_each(|_| remember(&mut runs, run(50)));
        assert_eq!(runs.len(), MOST_REMEMBERED);
    }
}
