//! Versions: the tool's own if they are whole numbers in its order, else counted.

/// Normalizes a version of the tool, text or number, by removing leading zeros of its numbers.
pub fn normal(key: &str) -> String {
    let numeric = !key.is_empty() && key.chars().all(|c| c.is_ascii_digit() || c == '.');
    if !numeric {
        return key.into();
    }
    let part = |part: &str| {
        Some(part.trim_start_matches('0')).filter(|part| !part.is_empty()).unwrap_or("0").to_owned()
    };
    let mut parts: Vec<String> = key.split('.').map(part).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part == "0") {
        parts.pop();
    }
    parts.join(".")
}

/// Returns the versions of migrations in order, and `true` if they had to be counted.
pub(crate) fn versions(order: &[&[u64]]) -> (Vec<i64>, bool) {
    let whole = |version: &&[u64]| version.first().and_then(|first| i64::try_from(*first).ok());
    let mut numbers: Option<Vec<i64>> = order.iter().map(whole).collect();
    if let Some([first, rest @ ..]) = numbers.as_deref_mut()
        && *first == 0
        && rest.first() != Some(&1)
    {
        // `--at 0` and `--to 0` mean the state before the first migration.
        *first = 1;
    }
    match numbers {
        Some(numbers) if numbers.first() != Some(&0) && numbers.is_sorted_by(|a, b| a < b) => {
            (numbers, false)
        }
        _ => ((1..).take(order.len()).collect(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_kept_where_they_are_numbers_in_order() {
        type Row = (&'static [&'static [u64]], &'static [i64], bool);
        let rows: &[Row] = &[
            (&[&[1], &[2], &[20240101000000]], &[1, 2, 20240101000000], false),
            (&[&[0], &[20220426153628]], &[1, 20220426153628], false),
            (&[&[0], &[1]], &[1, 2], true),
            (&[&[12], &[13, 1], &[14]], &[12, 13, 14], false),
            (&[&[3, 2, 0], &[3, 3, 0], &[4, 0, 0]], &[1, 2, 3], true),
            (&[&[1], &[]], &[1, 2], true),
            (&[&[2], &[1]], &[1, 2], true),
            (&[&[u64::MAX]], &[1], true),
            (&[], &[], false),
        ];
        for (order, expected, counted) in rows {
            assert_eq!(versions(order), (expected.to_vec(), *counted), "{order:?}");
        }
    }

    #[test]
    fn keys_are_the_same_with_any_number_of_zeros() {
        for (key, expected) in [
            ("0001", "1"),
            ("00000000000000", "0"),
            ("3.2.0", "3.2"),
            ("01_init", "01_init"),
            ("", ""),
            ("0.1", "0.1"),
        ] {
            assert_eq!(normal(key), expected);
        }
    }
}
