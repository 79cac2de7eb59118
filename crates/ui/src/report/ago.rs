//! Times for people.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::style::Style;
use martydb_model::units::ago;

/// Formats a time (RFC 3339): unchanged, or on a terminal its age. A time in the future, by our clock, is unchanged
/// too.
pub fn when(at: &str, style: &Style) -> String {
    let now = OffsetDateTime::now_utc();
    let Ok(time) = OffsetDateTime::parse(at, &Rfc3339) else { return at.to_owned() };
    match (now - time).whole_seconds() {
        seconds @ -5.. if style.width.is_some() => ago(seconds.max(0)),
        _ => without_nanoseconds(at, time),
    }
}

/// Returns the time in whole seconds, if a clock of nanoseconds wrote it: no other time in a table has nine digits.
fn without_nanoseconds(at: &str, time: OffsetDateTime) -> String {
    let whole = || time.replace_nanosecond(0).ok()?.format(&Rfc3339).ok();
    let is_exact = time.nanosecond().is_multiple_of(1000);
    if is_exact { at.to_owned() } else { whole().unwrap_or_else(|| at.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_how_long_ago_and_a_file_the_time() {
        let terminal = Style { colour: false, width: Some(80) };
        let long_ago = "2020-01-01T00:00:00.000Z";
        assert_eq!(when(long_ago, &Style::PLAIN), long_ago);
        assert!(when(long_ago, &terminal).ends_with(" years ago"));
        assert_eq!(when("2026-11-25T04:31:44.995548599Z", &Style::PLAIN), "2026-11-25T04:31:44Z");
        for exact in ["9999-01-01T00:00:00Z", "yesterday", ""] {
            assert_eq!(when(exact, &terminal), exact);
        }
    }
}
