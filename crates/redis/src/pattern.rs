//! Glob patterns of keys and channels, as `stringmatchlen` in Redis's `util.c` reads them. Pure.

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GlobToken<'a> {
    /// `*`: any characters.
    Any,
    /// `?`, or a set in brackets, which may match any character as far as is known here.
    One,
    Literal(u8),
    Set(&'a [u8]),
}

fn tokens(pattern: &[u8]) -> Vec<GlobToken<'_>> {
    let (mut found, mut at) = (vec![], 0);
    while at < pattern.len() {
        let (token, length) = match pattern[at] {
            b'*' => (GlobToken::Any, 1),
            b'?' => (GlobToken::One, 1),
            b'\\' if at + 1 < pattern.len() => (GlobToken::Literal(pattern[at + 1]), 2),
            b'[' => match pattern[at..].iter().position(|byte| *byte == b']') {
                Some(end) => (GlobToken::Set(&pattern[at + 1..at + end]), end + 1),
                None => (GlobToken::One, pattern.len() - at),
            },
            byte => (GlobToken::Literal(byte), 1),
        };
        found.push(token);
        at += length;
    }
    found
}

impl GlobToken<'_> {
    /// Returns `true` if the element may match the character. A set with a range, a negation or an escape may match any.
    fn may_match(self, byte: u8) -> bool {
        match self {
            GlobToken::Any | GlobToken::One => true,
            GlobToken::Literal(own) => own == byte,
            GlobToken::Set(set) => set.iter().any(|one| b"^-\\".contains(one)) || set.contains(&byte),
        }
    }
}

/// Returns `true` if the pattern may match a text that begins with the prefix.
pub(crate) fn overlaps(pattern: &str, prefix: &str) -> bool {
    reaches(&tokens(pattern.as_bytes()), prefix.as_bytes())
}

fn reaches(pattern: &[GlobToken<'_>], prefix: &[u8]) -> bool {
    match (pattern, prefix) {
        (_, []) | ([GlobToken::Any, ..], _) => true,
        ([], _) => false,
        ([first, rest @ ..], [byte, others @ ..]) => first.may_match(*byte) && reaches(rest, others),
    }
}

/// Returns `true` if every text that the pattern matches begins with the prefix.
pub(crate) fn is_within(pattern: &str, prefix: &str) -> bool {
    let (tokens, prefix) = (tokens(pattern.as_bytes()), prefix.as_bytes());
    tokens.len() >= prefix.len()
        && prefix.iter().zip(&tokens).all(|(byte, token)| *token == GlobToken::Literal(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_overlaps_what_it_may_match() {
        for (pattern, prefix, expected) in [
            ("*", "beta:", true),
            ("beta:*", "beta:", true),
            ("b*", "beta:", true),
            ("?eta:*", "beta:", true),
            ("[ab]eta:*", "beta:", true),
            ("[^a]eta:*", "beta:", true),
            ("[ac]eta:*", "beta:", false),
            ("alpha:*", "beta:", false),
            ("beta", "beta:", false),
            ("beta:secret", "beta:", true),
            ("bet\\a:x", "beta:", true),
            ("betax:*", "beta:", false),
        ] {
            assert_eq!(overlaps(pattern, prefix), expected, "{pattern} {prefix}");
        }
    }

    #[test]
    fn a_pattern_is_within_a_prefix_that_it_spells() {
        for (pattern, expected) in [
            ("alpha:*", true),
            ("alpha:x", true),
            ("alpha*", false),
            ("*", false),
            ("alpha?*", false),
            ("alphax:*", false),
        ] {
            assert_eq!(is_within(pattern, "alpha:"), expected, "{pattern}");
        }
    }
}
