//! One line per activity. Pure.

use std::time::{Duration, Instant};

use super::{BYTES, Busy, ProgressState};
use martydb_model::units::bytes;

/// `reading: 12 of 60 databases, 4.0/s, 12 s left; longest: csca, 3 s`.
pub(crate) fn line(activity: &ProgressState, now: Instant) -> String {
    let count = match amount(activity) {
        text if text.is_empty() => text,
        text if activity.unit == BYTES => format!(": {text}"),
        text => format!(": {text} {}", activity.unit),
    };
    let pace = pace(activity, now);
    let comma = if pace.is_empty() { "" } else { ", " };
    format!("{}{count}{comma}{pace}", activity.doing)
}

/// `12 of 60`, or `1.2 GB of 4.0 GB`. A total that turned out to be too small is no total.
pub(crate) fn amount(activity: &ProgressState) -> String {
    let number = |n: usize| match activity.unit {
        BYTES => bytes(i64::try_from(n).unwrap_or(i64::MAX)),
        _ => n.to_string(),
    };
    let least = if activity.grew { "at least " } else { "" };
    match (activity.done, activity.total) {
        (0, 0) => String::new(),
        (done, total) if done > total => number(done),
        (done, total) => format!("{} of {least}{}", number(done), number(total)),
    }
}

/// Formats rate, remaining time, and the unit that has been running longest.
pub(crate) fn pace(activity: &ProgressState, now: Instant) -> String {
    let elapsed = now.duration_since(activity.began);
    let mut parts = vec![];
    if activity.done > 0 {
        parts.push(rate(activity.pace.rate(), activity.unit));
        parts.extend(activity.pace.left().map(|left| format!("{} left", span(left))));
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

fn rate(per_second: f64, unit: &str) -> String {
    if unit == BYTES {
        format!("{}/s", bytes(per_second as i64))
    } else if per_second >= 10.0 {
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

    fn after(activity: &mut ProgressState, seconds: u64, done: usize) -> String {
        let now = activity.began + Duration::from_secs(seconds);
        activity.done = done;
        activity.sample(now);
        line(activity, now)
    }

    #[test]
    fn counts_rate_time_left_and_what_takes_longest() {
        let mut activity = ProgressState::new("reading", "databases", Instant::now());
        let busy = |since, detail: &str| Busy { since, detail: detail.into() };
        let began = activity.began;
        assert_eq!(after(&mut activity, 0, 0), "reading");
        assert_eq!(after(&mut activity, 3, 0), "reading, 3 s");
        activity.expect(60);
        assert_eq!(after(&mut activity, 4, 0), "reading: 0 of 60 databases, 4 s");
        activity.busy.insert("csca".into(), busy(began + Duration::from_secs(1), ""));
        activity.busy.insert("pkd".into(), busy(began + Duration::from_secs(2), "slow"));
        assert_eq!(after(&mut activity, 8, 12), "reading: 12 of 60 databases, 3.0/s; longest: csca, 7 s");
        activity.busy.remove("csca");
        assert_eq!(
            after(&mut activity, 14, 30),
            "reading: 30 of 60 databases, 3.0/s, 10 s left; longest: pkd, 12 s: slow"
        );
        activity.busy.clear();
        assert_eq!(after(&mut activity, 24, 60), "reading: 60 of 60 databases, 3.0/s");
    }

    #[test]
    fn bytes_have_their_units() {
        let mut activity = ProgressState::new("dumping rows", BYTES, Instant::now());
        activity.expect(4 << 30);
        assert_eq!(after(&mut activity, 32, 1 << 30), "dumping rows: 1.0 GB of 4.0 GB, 32.0 MB/s, 96 s left");
    }

    #[test]
    fn a_total_that_grew_or_was_too_small_is_not_shown_as_the_whole() {
        let mut activity = ProgressState::new("reading", "databases", Instant::now());
        activity.expect(10);
        assert_eq!(after(&mut activity, 20, 10), "reading: 10 of 10 databases, 30.0/min");
        activity.expect(10);
        assert_eq!(after(&mut activity, 30, 15), "reading: 15 of at least 20 databases, 30.0/min");
        assert_eq!(after(&mut activity, 40, 25), "reading: 25 databases, 37.5/min");
    }

    #[test]
    fn a_piece_counts_for_its_size_at_most() {
        let all = crate::report::progress("testing pieces", BYTES);
        let mut piece = all.piece("a", 10);
        for (reached, counted) in [(4, 4), (3, 4), (90, 10)] {
            piece.reach(reached);
            assert_eq!(all.done(), counted);
        }
        all.piece("b", 5).complete();
        assert_eq!(all.done(), 15);
    }
}
