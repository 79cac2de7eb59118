//! Daily partitions of an outbox: expired ones, and those to create ahead. Pure.

use time::OffsetDateTime;

/// Seconds of a day, which begins at midnight UTC.
const DAY: i64 = 86_400;

/// Daily partitions created ahead. If `relay clean` does not run for longer, events go to the default partition.
const AHEAD: i64 = 7;

/// A partition of an outbox, with bounds in seconds since 1970; `None` is unbounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxPart {
    pub schema: String,
    pub name: String,
    /// `true` for the default partition.
    pub is_rest: bool,
    pub from: Option<i64>,
    pub to: Option<i64>,
}

impl OutboxPart {
    fn meets(&self, day: i64) -> bool {
        let (before_its_end, after_its_begin) =
            (self.to.is_none_or(|to| day < to), self.from.is_none_or(|from| from < day + DAY));
        !self.is_rest && before_its_end && after_its_begin
    }

    fn is_day(&self) -> bool {
        matches!((self.from, self.to), (Some(from), Some(to)) if to - from == DAY && from % DAY == 0)
    }
}

/// Returns partitions that end at or before this time, oldest first.
pub fn over(parts: &[OutboxPart], before: i64) -> Vec<&OutboxPart> {
    let mut over: Vec<&OutboxPart> =
        parts.iter().filter(|part| !part.is_rest && part.to.is_some_and(|to| to <= before)).collect();
    over.sort_by_key(|part| part.to);
    over
}

/// Returns `true` if every partition is a day, apart from a default one: then days are created ahead. Any other
/// partitioning is managed by the service.
pub fn is_daily(parts: &[OutboxPart]) -> bool {
    parts.iter().any(|part| part.is_rest) && parts.iter().all(|part| part.is_rest || part.is_day())
}

/// Returns the days from today on without a partition. Days up to the last event of the default partition are left
/// out: it already contains their events.
pub fn missing_days(parts: &[OutboxPart], now: i64, last_of_rest: Option<i64>) -> Vec<i64> {
    if !is_daily(parts) {
        return vec![];
    }
    let today = now - now.rem_euclid(DAY);
    let days = (0..=AHEAD).map(|number| today + number * DAY);
    let days = days.filter(|day| last_of_rest.is_none_or(|last| last < *day));
    days.filter(|day| !parts.iter().any(|part| part.meets(*day))).collect()
}

/// Returns `true` if tomorrow has a partition.
pub fn has_tomorrow(parts: &[OutboxPart], now: i64) -> bool {
    parts.iter().any(|part| part.meets(now - now.rem_euclid(DAY) + DAY))
}

/// Returns the name of a day's partition.
pub fn name_of(table: &str, day: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(day).map(OffsetDateTime::date);
    let date = date.map(|date| format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day()));
    format!("{table}_{}", date.unwrap_or_else(|_| day.to_string()))
}

/// Returns the first second after a day.
pub fn end_of(day: i64) -> i64 {
    day + DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Midnight UTC of 2026-11-23.
    const TODAY: i64 = 1_795_392_000;

    fn day(day: i64) -> OutboxPart {
        let (from, to) = (TODAY + day * DAY, TODAY + (day + 1) * DAY);
        let name = name_of("o", from);
        OutboxPart { schema: "public".into(), name, is_rest: false, from: Some(from), to: Some(to) }
    }

    fn rest() -> OutboxPart {
        OutboxPart { is_rest: true, from: None, to: None, ..day(0) }
    }

    fn numbers(days: &[i64]) -> Vec<i64> {
        days.iter().map(|day| (day - TODAY) / DAY).collect()
    }

    #[test]
    fn a_day_is_called_by_its_date() {
        assert_eq!(day(0).name, "o_20261123");
        assert_eq!(day(38).name, "o_20261231");
        assert_eq!(end_of(TODAY), TODAY + 86_400);
    }

    #[test]
    fn what_is_over_goes_oldest_first_and_the_rest_never() {
        let parts = [day(-1), rest(), day(-3), day(-2), day(0)];
        let names = |before| over(&parts, before).iter().map(|part| part.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(TODAY - DAY), ["o_20261120", "o_20261121"]);
        assert_eq!(names(TODAY - 1), ["o_20261120", "o_20261121"]);
        assert_eq!(names(TODAY).len(), 3);
    }

    #[test]
    fn a_week_is_made_ahead_where_nothing_is_in_its_place() {
        let now = TODAY + 5000;
        assert_eq!(numbers(&missing_days(&[rest()], now, None)), [0, 1, 2, 3, 4, 5, 6, 7]);
        // The default partition has events of today, so today gets no partition.
        assert_eq!(numbers(&missing_days(&[rest()], now, Some(now - 10))), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(&missing_days(&[rest(), day(0), day(3)], now, None)), [1, 2, 4, 5, 6, 7]);
        assert_eq!(numbers(&missing_days(&[rest(), day(0)], now, Some(TODAY + 30 * DAY))), [0_i64; 0]);
        assert!(has_tomorrow(&[rest(), day(1)], now) && !has_tomorrow(&[rest(), day(0)], now));
    }

    #[test]
    fn another_division_is_left_alone() {
        let month = OutboxPart { to: Some(TODAY + 30 * DAY), ..day(0) };
        assert!(missing_days(&[rest(), month.clone()], TODAY, None).is_empty());
        assert!(missing_days(&[day(0)], TODAY, None).is_empty(), "without a place for the rest");
        let open = OutboxPart { from: None, ..day(0) };
        assert!(missing_days(&[rest(), open.clone()], TODAY, None).is_empty());
        // Expired partitions are dropped nevertheless.
        assert_eq!(over(&[rest(), month], TODAY + 30 * DAY).len(), 1);
        assert_eq!(over(&[open], TODAY + DAY).len(), 1);
    }
}
