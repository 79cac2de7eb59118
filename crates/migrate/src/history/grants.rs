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

/// A privilege in an access list: its grantee, its position among the letters, and whether the grantee may grant it.
pub(super) type ListedPrivilege<'a> = (&'a str, bool, usize);

/// Returns the grants of two definitions that differ; `None` if anything else differs.
pub(super) fn differing(before: &str, after: &str) -> Option<(String, String)> {
    let (before, after) = (split(before), split(after));
    let same_rest = before.1 == after.1;
    let only = |one: &BTreeSet<_>, other: &BTreeSet<_>| words(one.difference(other).copied());
    (same_rest && before.0 != after.0).then(|| (only(&before.0, &after.0), only(&after.0, &before.0)))
}

/// Returns the privileges of access lists in a definition, such as `shop_app=r/shop_owner`, and the rest.
pub(super) fn split(definition: &str) -> (BTreeSet<ListedPrivilege<'_>>, Vec<&str>) {
    let (mut privileges, mut rest) = (BTreeSet::new(), vec![]);
    for word in definition.split([',', '{', '}', ' ']) {
        match item(word) {
            Some(item) => privileges.extend(item),
            None => rest.push(word),
        }
    }
    (privileges, rest)
}

fn item(word: &str) -> Option<Vec<ListedPrivilege<'_>>> {
    let (grantee, rest) = word.split_once('=')?;
    let letters = rest.split_once('/')?.0;
    // A star after a letter is its grant option.
    let privilege = |(at, letter): (usize, char)| {
        let position = LETTERS.iter().position(|known| known.0 == letter)?;
        Some((grantee, letters[at + 1..].starts_with('*'), position))
    };
    letters.char_indices().filter(|(_, letter)| *letter != '*').map(privilege).collect()
}

fn words<'a>(privileges: impl Iterator<Item = ListedPrivilege<'a>>) -> String {
    let mut grants: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
    for (grantee, option, position) in privileges {
        grants.entry((grantee, option)).or_default().push(LETTERS[position].1);
    }
    let line = |((grantee, option), privileges): (&(&str, bool), &Vec<&str>)| {
        let grantee = if grantee.is_empty() { "PUBLIC" } else { grantee };
        let option = if *option { " WITH GRANT OPTION" } else { "" };
        format!("GRANT {} TO {grantee}{option}", privileges.join(", "))
    };
    let all: Vec<String> = grants.iter().map(line).collect();
    if all.is_empty() { "no such GRANT".into() } else { all.join("; ") }
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
                    "GRANT SELECT TO PUBLIC; GRANT SELECT, INSERT TO o",
                    "GRANT SELECT, INSERT TO o WITH GRANT OPTION",
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
