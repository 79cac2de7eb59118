//! History rows as events. The server sends the columns unformatted: in a new session, calls of formatting
//! functions would take longer than the rest of the query.

use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::history::text;
use super::report::HistoryEvent;
use martydb_pg::server::{Row, Unreadable};

/// Returns the event of a row that only refinery recorded.
pub(crate) fn adopted(row: &Row) -> Result<HistoryEvent, Unreadable> {
    Ok(HistoryEvent {
        at: text(row, 3)?,
        action: "upgrade".into(),
        version: Some(row.try_get(0)?),
        name: text(row, 1)?,
        checksum: Some(text(row, 2)?),
        by: "refinery".into(),
        outcome: "ok".into(),
        tool: Some("refinery".into()),
        ..HistoryEvent::default()
    })
}

/// Returns an event of martydb's history from the columns of
/// [`read_history`](super::history::tables::read_history()).
pub(crate) fn event(row: &Row) -> Result<HistoryEvent, Unreadable> {
    let (at, began) = (read_time(row, 0)?, read_time(row, 5)?);
    let optional = |column| row.try_get::<Option<String>>(column);
    let by = match (optional(6)?, optional(7)?) {
        (Some(operator), Some(host)) => Some(format!("{operator}@{host}")),
        _ => optional(9)?,
    };
    let error = match (optional(12)?, optional(13)?) {
        (Some(error), Some(sqlstate)) => Some(format!("{error} (SQLSTATE {sqlstate})")),
        (error, _) => error,
    };
    Ok(HistoryEvent {
        at: at.map(written).transpose()?.unwrap_or_default(),
        action: row.try_get(1)?,
        version: row.try_get(2)?,
        name: row.try_get(3)?,
        checksum: row.try_get(4)?,
        duration_ms: at.zip(began).map(|(at, began)| millis_between(began, at)),
        by: by.unwrap_or_default(),
        outcome: row.try_get(8)?,
        role: row.try_get(9)?,
        tool: row.try_get(10)?,
        attempts: row.try_get(11)?,
        error,
        note: row.try_get(14)?,
    })
}

/// Parses a `timestamptz` in the server's text format (`DateStyle` ISO, any time zone).
fn read_time(row: &Row, column: usize) -> Result<Option<OffsetDateTime>, Unreadable> {
    let Some(text) = row.try_get::<Option<String>>(column)? else { return Ok(None) };
    parse_time(&text)
        .map(Some)
        .ok_or_else(|| Unreadable::new("the history contains a time outside of the years 1 to 9999"))
}

fn parse_time(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!(
        version = 2,
        "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]][offset_hour sign:mandatory][optional [:[offset_minute]]][optional [:[offset_second]]]"
    );
    OffsetDateTime::parse(text, &format).ok()
}

/// Formats a time by RFC 3339, in UTC, in milliseconds.
fn written(time: OffsetDateTime) -> Result<String, Unreadable> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let utc = time.checked_to_offset(UtcOffset::UTC).and_then(|time| time.format(&format).ok());
    utc.ok_or_else(|| Unreadable::new("the history contains a time that is out of range"))
}

/// Returns the time between, to the nearest millisecond.
fn millis_between(began: OffsetDateTime, at: OffsetDateTime) -> i64 {
    let micros = (at - began).whole_microseconds() + 500;
    micros.div_euclid(1000).try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_to_the_millisecond() {
        for (sent, expected) in [
            ("2026-11-24 15:53:58.266999+00", "2026-11-24T15:53:58.266Z"),
            ("2026-11-24 15:53:58.26+00", "2026-11-24T15:53:58.260Z"),
            ("2026-11-24 15:53:58+00", "2026-11-24T15:53:58.000Z"),
            ("2026-11-24 21:38:58.5+05:45", "2026-11-24T15:53:58.500Z"),
            ("1883-11-18 07:03:58-04:56:02", "1883-11-18T12:00:00.000Z"),
            ("0001-01-01 00:00:00+00", "0001-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(
                parse_time(sent).and_then(|time| written(time).ok()).as_deref(),
                Some(expected),
                "{sent}"
            );
        }
        for broken in
            ["", "infinity", "-infinity", "1.x", "10000-01-01 00:00:00+00", "0044-03-15 00:00:00+00 BC"]
        {
            assert_eq!(parse_time(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_duration_is_that_between_two_times() {
        let time = |text| parse_time(text).unwrap();
        let (began, at) = (time("2026-11-24 15:53:58.0004+00"), time("2026-11-24 15:53:59.5+00"));
        assert_eq!(millis_between(began, at), 1500);
        assert_eq!(millis_between(at, began), -1500);
    }
}
