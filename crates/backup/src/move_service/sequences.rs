//! Positions of sequences of a database in use: no snapshot covers them. Pure.

use martydb_migrate::history::Catalog;

/// Returns `true` if `name` is a sequence whose position `after` follows `before`, by the sign of its increment. A
/// sequence that cycles may be anywhere.
pub(crate) fn has_advanced(catalog: &Catalog, name: &str, before: &str, after: &str) -> bool {
    let Some(name) = name.strip_prefix("sequence ") else { return false };
    let Some(definition) = catalog.0.get(&("sequence".to_owned(), name.to_owned())) else { return false };
    let word_after = |word: &str| definition.split(&format!(" {word} ")).nth(1)?.split(' ').next();
    if word_after("cycle") == Some("t") {
        return true;
    }
    let (Some(one), Some(other)) = (position(before), position(after)) else { return false };
    match word_after("by") {
        Some(by) if by.starts_with('-') => (-other.0, other.1) >= (-one.0, one.1),
        Some(_) => other >= one,
        None => false,
    }
}

/// Returns the value, and whether it was used.
fn position(text: &str) -> Option<(i128, bool)> {
    let (value, is_called) = match text.strip_suffix(", not used") {
        Some(value) => (value, false),
        None => (text, true),
    };
    Some((value.parse().ok()?, is_called))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_follows_another_in_the_direction_of_the_increment() {
        let advanced = |by: &str, cycle: &str, before: &str, after: &str| {
            let definition = format!(
                "o p bigint start 1 by {by} from -9 to 99 cache 1 cycle {cycle} owned by table a column by"
            );
            let catalog = Catalog([(("sequence".into(), "s".into()), definition)].into());
            has_advanced(&catalog, "sequence s", before, after)
        };
        for (by, before, after) in
            [("1", "36", "38"), ("1", "1, not used", "1"), ("-2", "-4", "-6"), ("-1", "5, not used", "5")]
        {
            assert!(advanced(by, "f", before, after), "{by} {before} {after}");
            assert!(!advanced(by, "f", after, before), "{by} {after} {before}");
            assert!(advanced(by, "t", after, before), "{by} {after} {before}");
        }
        assert!(!advanced("1", "f", "1", "unknown"));
        assert!(!has_advanced(&Catalog::default(), "sequence s", "1", "2"), "a sequence that is not there");
    }
}
