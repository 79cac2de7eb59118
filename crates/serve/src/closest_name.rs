//! Similar names, for hints.

/// Returns the name most similar to another one, if it is at least this similar: 1 is equal, 0 has nothing in common.
pub(crate) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>, least: f64) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .map(|other| (strsim::normalized_levenshtein(&lower, &other.to_lowercase()), other))
        .filter(|(similarity, _)| *similarity >= least)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn only_similar_names_are_suggested() {
        let known = || ["orders", "lines"].into_iter();
        assert_eq!(closest("oders", known(), 0.75), Some("orders"));
        assert_eq!(closest("customers", known(), 0.75), None);
    }
}
