//! Rows of the histories as events. The server sends the columns as they are, and they are put into words here: for a new
//! session, functions that format them would cost more than everything else that it is asked.

use time::OffsetDateTime;
use time::macros::format_description;

use super::history::text;
use super::report::HistoryEvent;
use crate::server::{Row, Unreadable};

/// An event that refinery alone recorded.
pub fn adopted(row: &Row) -> Result<HistoryEvent, Unreadable> {
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

/// An event of martydb's own, in the columns of [`read_history`](super::history::tables::read_history()).
pub fn event(row: &Row) -> Result<HistoryEvent, Unreadable> {
    let (at, began) = (micros(row, 0)?, micros(row, 5)?);
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
        duration_ms: at.zip(began).map(|(at, began)| (at - began + 500).div_euclid(1000)),
        by: by.unwrap_or_default(),
        outcome: row.try_get(8)?,
        role: row.try_get(9)?,
        tool: row.try_get(10)?,
        attempts: row.try_get(11)?,
        error,
        note: row.try_get(14)?,
    })
}

/// A time in microseconds since 1970, from `extract(epoch …)`.
fn micros(row: &Row, column: usize) -> Result<Option<i64>, Unreadable> {
    let Some(text) = row.try_get::<Option<String>>(column)? else { return Ok(None) };
    parse_micros(&text).map(Some).ok_or_else(|| Unreadable::new("a time that is no number of seconds"))
}

fn parse_micros(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

/// RFC 3339, in UTC and to the millisecond.
fn written(micros: i64) -> Result<String, Unreadable> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok();
    let text = time.and_then(|time| time.format(&format).ok());
    text.ok_or_else(|| Unreadable::new("a time that is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_since_1970_are_written_to_the_millisecond() {
        for (seconds, expected) in [
            // As 14 to 18 send it, and as 13 does.
            ("1795535638.266999", "2026-11-24T15:53:58.266Z"),
            ("1795535638.26", "2026-11-24T15:53:58.260Z"),
            ("1795535638", "2026-11-24T15:53:58.000Z"),
            ("0.000000", "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(
                parse_micros(seconds).and_then(|micros| written(micros).ok()).as_deref(),
                Some(expected)
            );
        }
        for broken in ["", "Infinity", "1.x", "99999999999999999999"] {
            assert_eq!(parse_micros(broken), None, "{broken}");
        }
        assert!(written(i64::MAX).is_err());
    }
}
