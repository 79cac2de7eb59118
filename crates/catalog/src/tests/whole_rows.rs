//! Converting a whole row to JSON or text converts every column, and an `anyarray` contains values of any type:
//! the conversion calls functions of that type's owner. The queries of this crate read catalogs of databases
//! that services own, so they must not convert rows of a relation with such a column.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Relations of PostgreSQL 13 to 18 with a column of type `anyarray`; a test on a real server compares them.
const ANYARRAY: &[&str] = &["pg_attribute", "pg_statistic", "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"];

/// `pg_statistic_ext_data` has no such column, but its statistics of expressions are arrays of `pg_statistic` rows.
const NESTED: &[&str] = &["pg_statistic_ext_data"];

const CONVERSIONS: &[&str] = &[
    "to_json", "to_jsonb", "row_to_json", "json_agg", "jsonb_agg", "json_build_array", "jsonb_build_array",
    "array_agg", "xmlforest", "hstore", "format", "concat", "concat_ws", "quote_literal", "quote_nullable",
    "max", "min",
];

/// Splits a text into words and single other characters.
fn tokens(text: &str) -> Vec<&str> {
    let (mut all, mut rest) = (vec![], text);
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if word > 0 { word } else { first.len_utf8() };
        if !first.is_whitespace() {
            all.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    all
}

/// Returns the aliases of such relations in a text.
fn aliases<'a>(tokens: &[&'a str]) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for (at, word) in tokens.iter().enumerate() {
        if ANYARRAY.contains(word) || NESTED.contains(word) {
            let next = tokens.get(at + 1).filter(|next| !next.eq_ignore_ascii_case("as"));
            found.extend(
                next.or(tokens.get(at + 2))
                    .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_')),
            );
            found.insert(*word);
        }
    }
    found
}

/// Returns the places where a text converts or passes on a whole row of such a relation.
fn converted(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let aliases = aliases(&tokens);
    let mut found = vec![];
    for (at, _) in tokens.iter().enumerate().filter(|(_, word)| aliases.contains(*word)) {
        let near = |offset: isize| at.checked_add_signed(offset).and_then(|at| tokens.get(at)).copied();
        let alone = matches!(near(1), Some(")" | ","));
        let all = near(1) == Some(".") && near(2) == Some("*");
        let cast = near(1) == Some(":") && near(2) == Some(":") && near(-1) != Some(".");
        let called = near(-2).is_some_and(|name| CONVERSIONS.contains(&name)) && near(-1) == Some("(");
        if all || cast || called && alone {
            found.push(tokens[at.saturating_sub(4)..(at + 4).min(tokens.len())].join(" "));
        }
    }
    found
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => files(&path, found),
            Some("sql" | "rs") if !path.ends_with("whole_rows.rs") => found.push(path),
            _ => {}
        }
    }
}

#[test]
fn a_conversion_of_such_a_row_is_seen() {
    for text in [
        "SELECT to_jsonb(a) ->> 'x' FROM pg_catalog.pg_attribute a",
        "SELECT pg_catalog.to_json(att.*) FROM pg_attribute AS att",
        "SELECT a::text FROM rel JOIN pg_catalog.pg_attribute a ON true",
        "WITH x AS (SELECT s.* FROM pg_catalog.pg_statistic s) SELECT to_jsonb(x) FROM x",
        "SELECT json_agg(pg_stats) FROM pg_catalog.pg_stats",
        "SELECT pg_catalog.format('%s', 1), pg_catalog.row_to_json(d) FROM pg_statistic_ext_data d",
    ] {
        assert!(!converted(text).is_empty(), "{text}");
    }
    for text in [
        "SELECT a.attname, a.attacl::text FROM pg_catalog.pg_attribute a",
        "SELECT to_jsonb(p) FROM pg_catalog.pg_publication p",
        "SELECT unnest(a.attoptions) FROM pg_catalog.pg_attribute a",
    ] {
        assert_eq!(converted(text), Vec::<String>::new(), "{text}");
    }
}

/// Each file is one text: an alias of such a relation anywhere in it counts everywhere in it.
#[test]
fn no_query_converts_a_row_that_holds_an_anyarray() {
    let mut all = vec![];
    files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut all);
    assert!(all.iter().filter(|path| path.extension().is_some_and(|e| e == "sql")).count() > 10);
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        for statement in text.split("stmt!") {
            assert_eq!(converted(statement), Vec::<String>::new(), "{}", path.display());
        }
    }
}
