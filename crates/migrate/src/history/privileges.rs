//! Removal of privileges of other roles from a catalog. An initial migration contains none of them: they belong
//! to this one database, and the manifest's `access:` declares them. So they do not count as a difference.

use std::collections::BTreeSet;

use martydb_model::RoleName;

use super::Catalog;

/// Returns a catalog without the privileges of other roles, and these roles.
///
/// `owner` is the grantor of all of them, which `apply` ensures; `own` are the service's roles.
pub(crate) fn without_others(catalog: Catalog, owner: &str, own: &[&str]) -> (Catalog, BTreeSet<String>) {
    without(catalog, owner, &|grantee| !grantee.is_empty() && !own.contains(&grantee))
}

/// Returns a catalog without the privileges of all grantors, the owner's first: their names may hold blanks.
pub(crate) fn without_privileges(catalog: Catalog, owner: &str) -> Catalog {
    let bare = without(catalog, owner, &|_| true).0.0;
    let strip = |((kind, name), text): ((String, String), String)| {
        let text = if LISTED.contains(&kind.as_str()) { without_words(&text) } else { text };
        ((kind, name), text)
    };
    Catalog(bare.into_iter().map(strip).collect())
}

/// Kinds whose definition has an access list. That of a routine is followed by its text, in which anything may stand.
const LISTED: &[&str] = &[
    "column", "foreign table", "materialized view", "partitioned table", "routine", "schema", "sequence",
    "table", "type", "view",
];

/// Removes words that are access lists, up to the text of a routine or a view.
fn without_words(text: &str) -> String {
    let end = ["CREATE OR REPLACE ", "SELECT ", "default "].iter().filter_map(|word| text.find(word)).min();
    let (head, tail) = text.split_at(end.unwrap_or(text.len()));
    let is_list = |word: &str| {
        let mut items = word.split(',');
        items.all(|one| {
            one.split_once('=').and_then(|(_, rest)| rest.split_once('/')).is_some_and(|(letters, _)| {
                !letters.is_empty() && letters.chars().all(|c| c.is_ascii_alphabetic() || c == '*')
            })
        })
    };
    head.split(' ').filter(|word| !is_list(word)).collect::<Vec<_>>().join(" ") + tail
}

/// Returns a catalog without the privileges of these roles, which `apply` grants and no migration.
pub fn without_roles(catalog: Catalog, owner: &RoleName, roles: &[RoleName]) -> Catalog {
    without(catalog, owner.as_str(), &|grantee| roles.iter().any(|role| role.as_str() == grantee)).0
}

fn without(catalog: Catalog, owner: &str, is_other: &dyn Fn(&str) -> bool) -> (Catalog, BTreeSet<String>) {
    let mut others = BTreeSet::new();
    let strip = |(key, definition): ((String, String), String)| {
        let stripped = without_items(&definition, owner, is_other, &mut others);
        let gone = key.0 == "default privileges" && stripped.is_empty() && !definition.is_empty();
        // The row of default privileges contains its role too.
        let told_twice = key.0 == "owner" && key.1.starts_with("default acl ");
        (!gone && !told_twice).then_some((key, stripped))
    };
    let stripped = catalog.0.into_iter().filter_map(strip).collect();
    (Catalog(stripped), others)
}

/// Removes from a text the items of access lists (`role=r/owner`) that belong to other roles, with a comma each.
fn without_items(
    text: &str,
    owner: &str,
    is_other: &dyn Fn(&str) -> bool,
    others: &mut BTreeSet<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, _) in text.match_indices('=') {
        let Some((start, end, grantee)) = item(text, at, owner) else { continue };
        if start < copied || !is_other(&grantee) {
            continue;
        }
        others.insert(grantee);
        out += &text[copied..start];
        copied = end;
        if text[end..].starts_with(',') {
            copied += 1;
        } else if out.ends_with([',', ' ']) {
            out.pop();
        }
    }
    out + &text[copied..]
}

/// Returns the access list item around an equals sign: its start, its end and its grantee.
fn item(text: &str, equals: usize, owner: &str) -> Option<(usize, usize, String)> {
    let rest = &text[equals + 1..];
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic() && c != '*').filter(|letters| *letters > 0)?;
    let grantor = rest[letters..].strip_prefix('/')?;
    let known = [owner.to_owned(), quoted(owner)].into_iter().find(|name| grantor.starts_with(name))?;
    let end = equals + 1 + letters + 1 + known.len();
    if !text[end..].is_empty() && !text[end..].starts_with([',', ' ']) {
        return None;
    }
    let before = &text[..equals];
    let start = match before.strip_suffix('"') {
        Some(inner) => opening(inner)?,
        None => before.rfind([',', ' ']).map_or(0, |at| at + 1),
    };
    let grantee = before[start..].trim_matches('"').replace("\"\"", "\"");
    Some((start, end, grantee))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the position of the quote that begins a name; two quotes are one quote in the name.
fn opening(inner: &str) -> Option<usize> {
    let mut at = inner.rfind('"')?;
    while at > 0 && inner[..at].ends_with('"') {
        at = inner[..at - 1].rfind('"')?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_of_other_roles_are_taken_out_and_named() {
        for (text, expected, others) in [
            (
                "shop_owner a=r/shop_owner,shop_app=arwd/shop_owner,=X/shop_owner",
                "shop_owner shop_app=arwd/shop_owner,=X/shop_owner",
                "a",
            ),
            (
                "shop_owner p shop_app=r/shop_owner,z=r*/shop_owner identity d",
                "shop_owner p shop_app=r/shop_owner identity d",
                "z",
            ),
            ("\"O'Neil: \"\"x\"=U/shop_owner,shop_app=U/shop_owner", "shop_app=U/shop_owner", "O'Neil: \"x"),
            ("integer not null z=w/shop_owner", "integer not null", "z"),
            ("z=w/shop_owner", "", "z"),
            // Not an item of an access list.
            ("CHECK (z=r/other)", "CHECK (z=r/other)", ""),
            ("shop_app=r/shop_owner2", "shop_app=r/shop_owner2", ""),
            ("a = b, x=", "a = b, x=", ""),
        ] {
            let mut found = BTreeSet::new();
            assert_eq!(
                without_items(
                    text,
                    "shop_owner",
                    &|role| !["", "shop_owner", "shop_app"].contains(&role),
                    &mut found
                ),
                expected
            );
            assert_eq!(found.into_iter().collect::<Vec<_>>().join(" "), others, "{text}");
        }
        let mut found = BTreeSet::new();
        let odd = "z=r/\"My owner\",y=r/\"My owner\"";
        assert_eq!(without_items(odd, "My owner", &|role| role != "y", &mut found), "y=r/\"My owner\"");
    }

    #[test]
    fn a_row_of_default_privileges_for_others_alone_goes() {
        let row = |kind: &str, name: &str, text: &str| ((kind.to_owned(), name.to_owned()), text.to_owned());
        let all = Catalog(
            [
                row("default privileges", "shop_owner r public", "bi=r/shop_owner"),
                row("default privileges", "shop_owner r", "bi=r/shop_owner,shop_app=r/shop_owner"),
                row("owner", "default acl for role shop_owner in schema public on tables", "shop_owner"),
                row("owner", "table public.t", "shop_owner"),
            ]
            .into(),
        );
        let (left, others) = without_others(all, "shop_owner", &["shop_owner", "shop_app"]);
        let names: Vec<_> = left.0.iter().map(|((_, name), text)| format!("{name}: {text}")).collect();
        assert_eq!(names, ["shop_owner r: shop_app=r/shop_owner", "table public.t: shop_owner"]);
        assert_eq!(others, ["bi".to_owned()].into());
    }
}
