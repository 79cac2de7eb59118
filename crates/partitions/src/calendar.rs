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

    /// Returns the part of a time that it holds.
    fn within(&self, span: Span) -> Span {
        Span {
            from: self.from.map_or(span.from, |from| from.max(span.from)),
            to: self.to.map_or(span.to, |to| to.min(span.to)),
        }
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

/// Returns the current period and the `ahead` next ones, without what partitions hold already: those of another width or
/// time zone leave parts of periods.
pub(crate) fn missing(parts: &[TimePartition], period: Period, ahead: u32, now: i64) -> Vec<Span> {
    spans(period, ahead, now).flat_map(|span| without(parts, span)).collect()
}

fn spans(period: Period, ahead: u32, now: i64) -> impl Iterator<Item = Span> {
    let spans = std::iter::successors(span_of(period, now), move |span| span_of(period, span.to));
    spans.take(usize::try_from(ahead).unwrap_or(usize::MAX).saturating_add(1))
}

/// Returns the parts of a time that no partition holds.
fn without(parts: &[TimePartition], span: Span) -> Vec<Span> {
    let mut held: Vec<Span> =
        parts.iter().filter(|part| part.meets(span)).map(|part| part.within(span)).collect();
    held.sort();
    let (mut left, mut at) = (vec![], span.from);
    for one in held {
        if one.from > at {
            left.push(Span { from: at, to: one.from });
        }
        at = at.max(one.to);
    }
    if at < span.to {
        left.push(Span { from: at, to: span.to });
    }
    left
}

/// Returns the times between partitions, from now on and as far as partitions are made ahead, whose rows have none.
pub(crate) fn gaps(parts: &[TimePartition], period: Period, ahead: u32, now: i64) -> Vec<Span> {
    let Some(end) = spans(period, ahead, now).last().map(|span| span.to) else { return vec![] };
    let usable: Vec<TimePartition> = parts.iter().filter(|part| !part.is_pending).cloned().collect();
    let is_followed =
        |gap: &Span| usable.iter().any(|part| !part.is_rest && part.from.is_some_and(|from| from >= gap.to));
    without(&usable, Span { from: now, to: end }).into_iter().filter(is_followed).collect()
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

/// Returns the name of a period's partition: the table's with the first day, or with the month; for a part of a period
/// with its first day and time.
pub fn name_of(table: &str, period: Period, span: Span) -> String {
    let Ok(begin) = OffsetDateTime::from_unix_timestamp(span.from) else {
        return named(table, &format!("_{}", span.from));
    };
    let (date, time) = (begin.date(), begin.time());
    let month = format!("_{:04}{:02}", date.year(), u8::from(date.month()));
    let day = format!("{month}{:02}", date.day());
    let suffix = match (span_of(period, span.from) == Some(span), period) {
        (true, Period::Month) => month,
        (true, _) => day,
        (false, _) => format!("{day}_{:02}{:02}{:02}", time.hour(), time.minute(), time.second()),
    };
    named(table, &suffix)
}

/// Bytes of the longest name in PostgreSQL.
const MAX_NAME_BYTES: usize = 63;

/// Returns the table's name with the suffix. A name that would be too long has the beginning of the table's and a hash of it,
/// by which tables with the same beginning differ.
fn named(table: &str, suffix: &str) -> String {
    if table.len() + suffix.len() <= MAX_NAME_BYTES {
        return format!("{table}{suffix}");
    }
    // FNV-1a, 32 bits: the name must be the same in every version.
    let hash =
        table.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let end = format!("_{hash:08x}{suffix}");
    let begin = table.floor_char_boundary(MAX_NAME_BYTES.saturating_sub(end.len()));
    format!("{}{end}", &table[..begin])
}

/// Returns a time as PostgreSQL reads it in a session in UTC: the day, and the time unless it is midnight.
pub(crate) fn bound(at: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(at).map(OffsetDateTime::time) {
        Ok(time) if time != time::Time::MIDNIGHT => {
            format!("{} {:02}:{:02}:{:02}+00", day(at), time.hour(), time.minute(), time.second())
        }
        _ => day(at),
    }
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
    fn what_partitions_of_another_zone_or_width_leave_is_missing() {
        const HOUR: i64 = 3600;
        let of = |from: i64, to: i64| TimePartition { from: Some(from), to: Some(to), ..part(today(0)) };
        let local = [of(TODAY - 19 * HOUR, TODAY + 5 * HOUR), of(TODAY + 5 * HOUR, TODAY + 29 * HOUR)];
        let first = Span { from: TODAY + 29 * HOUR, to: TODAY + 2 * DAY };
        assert_eq!(missing(&local, Period::Day, 2, TODAY + 10), [first, today(2)]);
        let hours = [of(TODAY + 6 * HOUR, TODAY + 12 * HOUR), of(TODAY + 18 * HOUR, TODAY + 24 * HOUR)];
        let left =
            [(0, 6), (12, 18)].map(|(from, to)| Span { from: TODAY + from * HOUR, to: TODAY + to * HOUR });
        assert_eq!(missing(&hours, Period::Day, 0, TODAY + 10), left);
        let now = TODAY + 7 * HOUR;
        assert_eq!(gaps(&hours, Period::Day, 2, now), left[1..]);
        assert_eq!(gaps(&local, Period::Day, 2, now), []);
        assert_eq!(
            gaps(&[local[0].clone(), part(today(2))], Period::Day, 3, TODAY),
            [Span { from: TODAY + 5 * HOUR, to: today(2).from }]
        );
        let names = left.map(|span| name_of("o", Period::Day, span));
        assert_eq!(names, ["o_20261123_000000", "o_20261123_120000"]);
        assert_eq!([bound(TODAY), bound(left[1].from)], ["2026-11-23", "2026-11-23 12:00:00+00"]);
    }

    #[test]
    fn a_name_that_is_too_long_is_shortened_and_stays_the_tables_own() {
        let name = |table: &str| name_of(table, Period::Day, today(0));
        let (long, other) = ("m".repeat(54), format!("{}n", "m".repeat(53)));
        assert_eq!(name(&long), format!("{long}_20261123"));
        let [one, two] = [long + "o", other + "o"].map(|table| name(&table));
        assert_eq!((one.len(), two.len()), (MAX_NAME_BYTES, MAX_NAME_BYTES));
        assert!(one != two && one.ends_with("_20261123"), "{one} {two}");
        assert!(name(&"\u{e4}".repeat(31)).len() <= MAX_NAME_BYTES);
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
