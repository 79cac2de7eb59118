//! One line per activity. Pure.

use std::time::{Duration, Instant};

use super::{Busy, ProgressState};

/// `reading: 12 of 60 databases, 4.0/s, 12 s left; longest: csca, 3 s`.
pub(crate) fn line(activity: &ProgressState, now: Instant) -> String {
    let count = match (activity.done, activity.total) {
        (0, 0) => String::new(),
        (done, 0) => format!(": {done} {}", activity.unit),
        (done, total) => format!(": {done} of {total} {}", activity.unit),
    };
    let pace = pace(activity, now);
    let comma = if pace.is_empty() { "" } else { ", " };
    format!("{}{count}{comma}{pace}", activity.doing)
}

/// Formats rate, remaining time, and the unit that has been running longest.
pub(crate) fn pace(activity: &ProgressState, now: Instant) -> String {
    let elapsed = now.duration_since(activity.began);
    let per_second = activity.done as f64 / elapsed.as_secs_f64().max(0.001);
    let mut parts = vec![];
    if activity.done > 0 {
        parts.push(rate(per_second));
        let left = activity.total.saturating_sub(activity.done);
        if left > 0 {
            parts.push(format!("{} left", span(Duration::from_secs_f64(left as f64 / per_second))));
        }
    } else if elapsed.as_secs() > 0 {
        parts.push(span(elapsed));
    }
    let longest = activity.busy.iter().min_by_key(|(_, busy)| busy.since);
    let longest = longest.map(|(name, busy)| longest_of(name, busy, now));
    [Some(parts.join(", ")), longest]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

fn longest_of(name: &str, busy: &Busy, now: Instant) -> String {
    let detail = if busy.detail.is_empty() { String::new() } else { format!(": {}", busy.detail) };
    format!("longest: {name}, {}{detail}", span(now.duration_since(busy.since)))
}

fn rate(per_second: f64) -> String {
    if per_second >= 10.0 {
        format!("{per_second:.0}/s")
    } else if per_second >= 1.0 {
        format!("{per_second:.1}/s")
    } else {
        format!("{:.1}/min", per_second * 60.0)
    }
}

/// Formats a duration in its two largest units.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5999 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn counts_rate_time_left_and_what_takes_longest() {
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        let busy = |since, detail: &str| Busy { since: after(since), detail: detail.into() };
        let mut activity = ProgressState {
            doing: "reading",
            unit: "databases",
            total: 0,
            done: 0,
            began,
            busy: BTreeMap::new(),
            holders: 1,
        };
        assert_eq!(line(&activity, after(0)), "reading");
        assert_eq!(line(&activity, after(3)), "reading, 3 s");
        activity.total = 60;
        assert_eq!(line(&activity, after(3)), "reading: 0 of 60 databases, 3 s");
        activity.done = 12;
        activity.busy.insert("csca".into(), busy(1, ""));
        activity.busy.insert("pkd".into(), busy(2, "slow"));
        assert_eq!(
            line(&activity, after(4)),
            "reading: 12 of 60 databases, 3.0/s, 16 s left; longest: csca, 3 s"
        );
        activity.busy.remove("csca");
        assert_eq!(
            line(&activity, after(240)),
            "reading: 12 of 60 databases, 3.0/min, 16 min 0 s left; longest: pkd, 3 min 58 s: slow"
        );
        (activity.done, activity.total) = (60, 60);
        activity.busy.clear();
        assert_eq!(line(&activity, after(4)), "reading: 60 of 60 databases, 15/s");
        activity.total = 0;
        assert_eq!(line(&activity, after(4)), "reading: 60 databases, 15/s");
    }
}
