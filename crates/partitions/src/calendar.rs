//! Periods of a partitioned table, which begin at midnight UTC: those to create ahead, and those that are over. Pure.

use martydb_model::Period;
use time::{Date, Duration, Month, OffsetDateTime};

/// A partition, with bounds in seconds since 1970; `None` is unbounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimePartition {
    pub schema: String,
    pub name: String,
    /// `true` for the default partition.
    pub is_rest: bool,
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// `true` if martydb made it.
    pub is_made: bool,
    /// `true` if a `DETACH … CONCURRENTLY` of it was interrupted: queries of the table see it no longer.
    pub is_pending: bool,
}

/// A period of time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub from: i64,
    /// First second after it.
    pub to: i64,
}

impl TimePartition {
    /// Returns `true` if rows of the period belong to this partition.
    pub fn meets(&self, span: Span) -> bool {
        let before_its_end = self.to.is_none_or(|to| span.from < to);
        !self.is_rest && before_its_end && self.from.is_none_or(|from| from < span.to)
    }

    /// Returns `true` if it is exactly the period that begins with it.
    pub fn is_of(&self, period: Period) -> bool {
        let span = self.from.and_then(|from| span_of(period, from));
        span.is_some_and(|span| Some(span.from) == self.from && Some(span.to) == self.to)
    }
}

/// Returns the period that contains `at`; `None` outside of the calendar.
pub(crate) fn span_of(period: Period, at: i64) -> Option<Span> {
    let day = OffsetDateTime::from_unix_timestamp(at).ok()?.date();
    let from = match period {
        Period::Day => day,
        Period::Week => day.checked_sub(Duration::days(day.weekday().number_days_from_monday().into()))?,
        Period::Month => day.replace_day(1).ok()?,
    };
    let to = match period {
        Period::Day => from.next_day()?,
        Period::Week => from.checked_add(Duration::WEEK)?,
        Period::Month => next_month(from)?,
    };
    Some(Span { from: midnight(from), to: midnight(to) })
}

fn next_month(first: Date) -> Option<Date> {
    let year = first.year() + i32::from(first.month() == Month::December);
    Date::from_calendar_date(year, first.month().next(), 1).ok()
}

fn midnight(date: Date) -> i64 {
    date.midnight().assume_utc().unix_timestamp()
}

/// Returns the current period and the `ahead` next ones that no partition meets.
pub(crate) fn missing(parts: &[TimePartition], period: Period, ahead: u32, now: i64) -> Vec<Span> {
    let spans = std::iter::successors(span_of(period, now), |span| span_of(period, span.to));
    let spans = spans.take(usize::try_from(ahead).unwrap_or(usize::MAX).saturating_add(1));
    spans.filter(|span| !parts.iter().any(|part| part.meets(*span))).collect()
}

/// Returns partitions that end at or before this time, oldest first.
pub fn over(parts: &[TimePartition], before: i64) -> Vec<&TimePartition> {
    let mut over: Vec<&TimePartition> =
        parts.iter().filter(|part| !part.is_rest && part.to.is_some_and(|to| to <= before)).collect();
    over.sort_by_key(|part| part.to);
    over
}

/// Returns the time from which on a row has no partition of its own; `None` if there is none such.
pub(crate) fn covered_until(parts: &[TimePartition], now: i64) -> Option<i64> {
    let holds = |at: i64| {
        let of = |part: &&TimePartition| !part.is_pending && part.meets(Span { from: at, to: at + 1 });
        parts.iter().find(of).map(|part| part.to)
    };
    let mut at = now;
    // Bounds increase, so each partition is passed once.
    while let Some(to) = holds(at) {
        at = to?;
    }
    Some(at)
}

/// Returns the name of a period's partition: the table's with the first day, or with the month.
pub fn name_of(table: &str, period: Period, span: Span) -> String {
    let Some(date) = date(span.from) else { return format!("{table}_{}", span.from) };
    let month = format!("{table}_{:04}{:02}", date.year(), u8::from(date.month()));
    if period == Period::Month { month } else { format!("{month}{:02}", date.day()) }
}

/// Returns the day of a time as PostgreSQL reads it, such as `2026-11-23`.
pub fn day(at: i64) -> String {
    match date(at) {
        Some(date) => format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()),
        None => at.to_string(),
    }
}

fn date(at: i64) -> Option<Date> {
    OffsetDateTime::from_unix_timestamp(at).ok().map(OffsetDateTime::date)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Midnight UTC of 2026-11-23, a Monday.
    const TODAY: i64 = 1_795_392_000;
    const DAY: i64 = 86_400;

    fn part(span: Span) -> TimePartition {
        let (schema, name) = ("public".into(), name_of("o", Period::Day, span));
        TimePartition {
            schema,
            name,
            is_rest: false,
            from: Some(span.from),
            to: Some(span.to),
            is_made: true,
            is_pending: false,
        }
    }

    fn today(number: i64) -> Span {
        Span { from: TODAY + number * DAY, to: TODAY + (number + 1) * DAY }
    }

    #[test]
    fn a_period_begins_at_midnight_of_its_first_day() {
        let days = |period, at| span_of(period, at).map(|span| (day(span.from), day(span.to))).unwrap();
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(days(Period::Day, TODAY + 5), pair("2026-11-23", "2026-11-24"));
        assert_eq!(days(Period::Week, TODAY + 6 * DAY), pair("2026-11-23", "2026-11-30"));
        assert_eq!(days(Period::Week, TODAY - 1), pair("2026-11-16", "2026-11-23"));
        assert_eq!(days(Period::Month, TODAY + 40 * DAY), pair("2027-01-01", "2027-02-01"));
        assert_eq!(days(Period::Month, TODAY + 20 * DAY), pair("2026-12-01", "2027-01-01"));
    }

    #[test]
    fn a_partition_is_called_by_its_first_day_or_its_month() {
        let name = |period| name_of("o", period, span_of(period, TODAY + DAY).unwrap());
        assert_eq!(name(Period::Day), "o_20261124");
        assert_eq!(name(Period::Week), "o_20261123");
        assert_eq!(name(Period::Month), "o_202611");
    }

    #[test]
    fn only_what_no_partition_meets_is_missing() {
        let rest = TimePartition { is_rest: true, from: None, to: None, ..part(today(0)) };
        let wide = TimePartition { to: Some(TODAY + 3 * DAY), ..part(today(1)) };
        let all = missing(std::slice::from_ref(&rest), Period::Day, 3, TODAY + 10);
        assert_eq!(all, [today(0), today(1), today(2), today(3)]);
        assert_eq!(missing(&[rest, wide], Period::Day, 3, TODAY + 10), [today(0), today(3)]);
        assert_eq!(missing(&[part(today(0))], Period::Week, 0, TODAY), []);
    }

    #[test]
    fn a_table_is_covered_until_the_first_gap() {
        let rest = TimePartition { is_rest: true, from: None, to: None, ..part(today(0)) };
        let now = TODAY + 10;
        assert_eq!(covered_until(std::slice::from_ref(&rest), now), Some(now));
        assert_eq!(covered_until(&[part(today(1)), part(today(0)), part(today(3))], now), Some(today(1).to));
        let pending = TimePartition { is_pending: true, ..part(today(1)) };
        assert_eq!(covered_until(&[part(today(0)), pending], now), Some(today(0).to));
        let open = TimePartition { to: None, ..part(today(1)) };
        assert_eq!(covered_until(&[part(today(0)), open], now), None);
    }

    #[test]
    fn surplus_entries_are_evicted_oldest_first() {
        let rest = TimePartition { is_rest: true, from: None, to: None, ..part(today(0)) };
        let parts = [part(today(-1)), rest, part(today(-3)), part(today(-2)), part(today(0))];
        let names = |before| over(&parts, before).iter().map(|part| part.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(TODAY - DAY), ["o_20261120", "o_20261121"]);
        assert_eq!(names(TODAY - 1), ["o_20261120", "o_20261121"]);
        assert_eq!(names(TODAY).len(), 3);
        assert!(parts[0].is_of(Period::Day) && !parts[0].is_of(Period::Week));
    }
}
