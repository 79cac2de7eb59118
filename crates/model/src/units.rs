//! Durations as people write them, and PostgreSQL's units: `5s` and `5000ms` are the same value.

use std::time::Duration;

/// Parses `250ms`, `10s`, `5min`, `5m`, `1h`, `7d`, or a bare number of seconds.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" | "" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(u64::try_from(number).ok()?.checked_mul(millis)?))
}

/// Normalizes a setting's value: equal values give equal text. PostgreSQL's units:
/// <https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES>.
pub fn canonical_setting(name: &str, value: &str) -> String {
    let Some((number, unit)) = split(value.trim()) else { return value.trim().to_lowercase() };
    let bare = if name.ends_with("_timeout") { "ms" } else { "kB" };
    let factor: i64 = match if unit.is_empty() { bare } else { unit } {
        "us" => return format!("{number}us"),
        "ms" | "kB" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "B" => return format!("{number}B"),
        "MB" => 1024,
        "GB" => 1024 * 1024,
        "TB" => 1024 * 1024 * 1024,
        _ => return value.trim().to_lowercase(),
    };
    number.saturating_mul(factor).to_string()
}

/// Formats a number of bytes in powers of 1024.
pub fn bytes(count: i64) -> String {
    let mut value = count as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TB")
}

/// Formats a count with its noun: `1 probe`, `2 breaches`.
pub fn counted(n: usize, noun: &str) -> String {
    let ending = match (n, noun.ends_with("ch")) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{n} {noun}{ending}")
}

/// Formats an age in the largest unit that fits: `3 hours ago`.
pub fn ago(seconds: i64) -> String {
    const UNITS: [(i64, &str); 6] = [
        (31_557_600, "year"),
        (2_629_800, "month"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let unit = UNITS.iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(
        || "just now".to_owned(),
        |(length, noun)| counted(usize::try_from(seconds / length).unwrap_or_default(), noun) + " ago",
    )
}

fn split(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

/// Lists the first few names, and the number of the others.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    const MAX_SHOWN: usize = 4;
    // One remaining name takes no more space than "and 1 more".
    first_of(names, if names.len() > MAX_SHOWN + 1 { MAX_SHOWN } else { names.len() })
}

/// Lists the first `most` names, and the number of the others.
pub fn first_of(names: &[impl AsRef<str>], most: usize) -> String {
    let shown = names.iter().take(most).map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_settings_are_equal_texts() {
        for (name, a, b) in [
            ("lock_timeout", "5s", "5000"),
            ("lock_timeout", "5s", "5000ms"),
            ("temp_file_limit", "1GB", "1048576kB"),
            ("temp_file_limit", "1GB", "1024MB"),
            ("statement_timeout", "0", "0"),
            ("jit", "On", "on"),
        ] {
            assert_eq!(canonical_setting(name, a), canonical_setting(name, b), "{name} {a} {b}");
        }
        assert_ne!(canonical_setting("temp_file_limit", "1GB"), canonical_setting("temp_file_limit", "2GB"));
        assert_ne!(canonical_setting("temp_file_limit", "-1"), canonical_setting("temp_file_limit", "1"));
    }

    #[test]
    fn one_is_singular() {
        for (n, noun, text) in
            [(1, "probe", "1 probe"), (0, "probe", "0 probes"), (2, "breach", "2 breaches")]
        {
            assert_eq!(counted(n, noun), text);
        }
    }

    #[test]
    fn a_long_list_ends_with_the_number_of_the_rest() {
        let names = |n: usize| (1..=n).map(|n| n.to_string()).collect::<Vec<_>>();
        for (n, text) in [(0, ""), (1, "1"), (5, "1, 2, 3, 4, 5"), (6, "1, 2, 3, 4 and 2 more")] {
            assert_eq!(listed(&names(n)), text);
        }
        assert_eq!(first_of(&names(5), 5), "1, 2, 3, 4, 5");
        assert_eq!(first_of(&names(6), 5), "1, 2, 3, 4, 5 and 1 more");
    }

    #[test]
    fn an_age_has_one_unit() {
        for (seconds, text) in [
            (0, "just now"),
            (1, "1 second ago"),
            (119, "1 minute ago"),
            (3 * 3600 + 59 * 60, "3 hours ago"),
            (86_400 * 29, "29 days ago"),
            (86_400 * 70, "2 months ago"),
            (86_400 * 366, "1 year ago"),
        ] {
            assert_eq!(ago(seconds), text);
        }
    }

    #[test]
    fn times_as_people_write_them() {
        for (text, millis) in
            [("10s", 10_000), ("250ms", 250), ("2m", 120_000), ("7", 7000), ("1h", 3_600_000)]
        {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "s", "ten", "-1s", "5 fortnights"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
