//! Access lists in the definitions of a catalog, as the words of GRANT.

use std::collections::{BTreeMap, BTreeSet};

/// Letters of an access list. <https://www.postgresql.org/docs/current/ddl-priv.html>
const LETTERS: &[(char, &str)] = &[
    ('r', "SELECT"),
    ('a', "INSERT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('m', "MAINTAIN"),
    ('X', "EXECUTE"),
    ('U', "USAGE"),
    ('C', "CREATE"),
];

/// Returns the grants of two definitions that differ; `None` if anything else differs.
pub(super) fn differing(before: &str, after: &str) -> Option<(String, String)> {
    let (before, after) = (split(before), split(after));
    let same_rest = before.1 == after.1;
    let only = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| words(one.difference(other).copied());
    (same_rest && before.0 != after.0).then(|| (only(&before.0, &after.0), only(&after.0, &before.0)))
}

/// Returns the items of access lists in a definition, such as `shop_app=r/shop_owner`, and the rest.
pub(super) fn split(definition: &str) -> (BTreeSet<&str>, Vec<&str>) {
    let (items, rest): (Vec<&str>, Vec<&str>) =
        definition.split([',', '{', '}', ' ']).partition(|word| item(word).is_some());
    (items.into_iter().collect(), rest)
}

/// Returns grantee and letters of an item.
fn item(word: &str) -> Option<(&str, &str)> {
    let (grantee, rest) = word.split_once('=')?;
    let letters = rest.split_once('/')?.0;
    let is_letter = |c: char| c == '*' || LETTERS.iter().any(|known| known.0 == c);
    letters.chars().all(is_letter).then_some((grantee, letters))
}

fn words<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let mut grants: Vec<String> = vec![];
    for (grantee, letters) in items.filter_map(item) {
        // A star after a letter is its grant option.
        let mut kinds: BTreeMap<bool, Vec<&str>> = BTreeMap::new();
        for (at, letter) in letters.char_indices().filter(|(_, letter)| *letter != '*') {
            let word = LETTERS.iter().find(|known| known.0 == letter).map_or("", |known| known.1);
            kinds.entry(letters[at + 1..].starts_with('*')).or_default().push(word);
        }
        let grantee = if grantee.is_empty() { "PUBLIC" } else { grantee };
        grants.extend(kinds.iter().map(|(option, all)| {
            let option = if *option { " WITH GRANT OPTION" } else { "" };
            format!("GRANT {} TO {grantee}{option}", all.join(", "))
        }));
    }
    if grants.is_empty() { "no such GRANT".into() } else { grants.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_grants_that_differ_are_named() {
        for (before, after, expected) in [
            (
                "o p o=arw/o,a=r/o,=r/o identity d am heap",
                "o p o=a*r*w/o,a=r/o identity d am heap",
                Some((
                    "GRANT SELECT TO PUBLIC; GRANT INSERT, SELECT, UPDATE TO o",
                    "GRANT UPDATE TO o; GRANT INSERT, SELECT TO o WITH GRANT OPTION",
                )),
            ),
            ("f =X/o,o=X/o", "f o=X/o", Some(("GRANT EXECUTE TO PUBLIC", "no such GRANT"))),
            ("o a=r/o identity d", "o a=r/o identity f", None),
            ("o a=r/o identity d", "o identity f", None),
            ("CHECK (a=b/c)", "CHECK (a=r/c)", None),
        ] {
            let found = differing(before, after);
            let found = found.as_ref().map(|(before, after)| (before.as_str(), after.as_str()));
            assert_eq!(found, expected, "{before} {after}");
        }
    }
}
