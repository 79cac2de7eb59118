//! "Did you mean …?"

/// The known name that a mistyped one most likely stands for, if any is near enough.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(typed.len()) / 3 + 1)
        .min()
        .map(|(_, name)| name)
}

/// The same as a hint; where nothing is near, what `otherwise` says.
pub fn hint<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(typed, known).map_or_else(otherwise, |near| format!("did you mean \"{near}\"?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["csca", "pkd_service", "passport_engine"];
        for (typed, expected) in
            [("csac", Some("csca")), ("pkd_sevice", Some("pkd_service")), ("billing", None), ("", None)]
        {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }
}
