//! Daily partitions of an outbox: expired ones, and those to create ahead. Pure.

use martydb_model::Period;
use martydb_partitions::{Span, TimePartition};

/// Seconds of a day, which begins at midnight UTC.
const DAY_SECONDS: i64 = 86_400;

/// Daily partitions created ahead. If `relay clean` does not run for longer, events go to the default partition.
const DAYS_AHEAD: i64 = 7;

/// Returns `true` if every partition is a day, apart from a default one: then days are created ahead. Any other
/// partitioning is managed by the service.
pub(super) fn is_daily(parts: &[TimePartition]) -> bool {
    parts.iter().any(|part| part.is_rest) && parts.iter().all(|part| part.is_rest || part.is_of(Period::Day))
}

/// Returns the days from today on without a partition. Days up to the last event of the default partition are left
/// out: it already contains their events.
pub(super) fn missing_days(parts: &[TimePartition], now: i64, last_of_rest: Option<i64>) -> Vec<i64> {
    if !is_daily(parts) {
        return vec![];
    }
    let today = now - now.rem_euclid(DAY_SECONDS);
    let days = (0..=DAYS_AHEAD).map(|number| today + number * DAY_SECONDS);
    let days = days.filter(|day| last_of_rest.is_none_or(|last| last < *day));
    days.filter(|day| !parts.iter().any(|part| part.meets(span(*day)))).collect()
}

/// Returns `true` if tomorrow has a partition.
pub(super) fn has_tomorrow(parts: &[TimePartition], now: i64) -> bool {
    parts.iter().any(|part| part.meets(span(now - now.rem_euclid(DAY_SECONDS) + DAY_SECONDS)))
}

/// Returns the period that begins with a day.
pub(super) fn span(day: i64) -> Span {
    Span { from: day, to: day + DAY_SECONDS }
}

#[cfg(test)]
mod tests {
    use martydb_partitions::over;

    use super::*;

    /// Midnight UTC of 2026-11-23.
    const TODAY: i64 = 1_795_392_000;

    fn day(day: i64) -> TimePartition {
        let (from, to) = (Some(TODAY + day * DAY_SECONDS), Some(TODAY + (day + 1) * DAY_SECONDS));
        let (schema, name) = ("public".into(), "o".into());
        TimePartition { schema, name, is_rest: false, from, to, is_made: true, is_pending: false }
    }

    fn rest() -> TimePartition {
        TimePartition { is_rest: true, from: None, to: None, ..day(0) }
    }

    fn numbers(days: &[i64]) -> Vec<i64> {
        days.iter().map(|day| (day - TODAY) / DAY_SECONDS).collect()
    }

    #[test]
    fn a_week_is_made_ahead_where_nothing_is_in_its_place() {
        let now = TODAY + 5000;
        assert_eq!(numbers(&missing_days(&[rest()], now, None)), [0, 1, 2, 3, 4, 5, 6, 7]);
        // The default partition has events of today, so today gets no partition.
        assert_eq!(numbers(&missing_days(&[rest()], now, Some(now - 10))), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(&missing_days(&[rest(), day(0), day(3)], now, None)), [1, 2, 4, 5, 6, 7]);
        assert_eq!(
            numbers(&missing_days(&[rest(), day(0)], now, Some(TODAY + 30 * DAY_SECONDS))),
            [0_i64; 0]
        );
        assert!(has_tomorrow(&[rest(), day(1)], now) && !has_tomorrow(&[rest(), day(0)], now));
    }

    #[test]
    fn another_division_is_left_alone() {
        let month = TimePartition { to: Some(TODAY + 30 * DAY_SECONDS), ..day(0) };
        assert!(missing_days(&[rest(), month.clone()], TODAY, None).is_empty());
        assert!(missing_days(&[day(0)], TODAY, None).is_empty(), "without a place for the rest");
        let open = TimePartition { from: None, ..day(0) };
        assert!(missing_days(&[rest(), open.clone()], TODAY, None).is_empty());
        // Expired partitions are dropped nevertheless.
        assert_eq!(over(&[rest(), month], TODAY + 30 * DAY_SECONDS).len(), 1);
        assert_eq!(over(&[open], TODAY + DAY_SECONDS).len(), 1);
    }
}
