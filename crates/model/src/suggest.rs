//! "Did you mean …?"

/// Minimum length of a prefix that matches a name.
const BEGINNING: usize = 3;

/// Returns the known name nearest to a mistyped one, or one that begins with it.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| match name.strip_prefix(typed) {
        Some(_) if typed.len() >= BEGINNING => 0,
        _ => strsim::damerau_levenshtein(typed, name),
    };
    known
        .into_iter()
        .map(|name| (distance(name), name))
        .filter(|(distance, name)| *distance <= name.len().max(typed.len()) / 3 + 1)
        .min()
        .map(|(_, name)| name)
}

/// Formats [`nearest`] as a hint; without a near name, lists all of `what`.
pub fn hint(typed: &str, what: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("there are no {what}");
    }
    let near = nearest(typed, known.iter().copied());
    near.map_or_else(|| format!("{what}: {}", known.join(", ")), did_you_mean)
}

pub fn did_you_mean(near: &str) -> String {
    format!("did you mean \"{near}\"?")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["csca", "pkd_service", "passport_engine"];
        for (typed, expected) in [
            ("csac", Some("csca")),
            ("pkd_sevice", Some("pkd_service")),
            ("billing", None),
            ("", None),
            ("pass", Some("passport_engine")),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }
}
