//! Definitions that differ in text but not in meaning: views with their columns in another order, functions
//! with other comments, and the time of a migration, which the server stores in place of `'now'::timestamp`.

use std::ops::Range;

use martydb_sql::{Token, TokenKind, is_word, tokens};

/// Replaces a date or timestamp of these days (`2027-01-31`), which the server read from a clock, by `'now'`.
pub(crate) fn without_now(definition: &str, days: &[String]) -> String {
    if !days.iter().any(|day| definition.contains(day.as_str())) {
        return definition.to_owned();
    }
    let all = tokens(definition);
    let mut out = String::with_capacity(definition.len());
    let mut copied = 0;
    for (at, token) in all.iter().enumerate() {
        let content = definition[token.start..token.end].trim_start_matches('\'');
        let today = token.kind == TokenKind::Text && days.iter().any(|day| content.starts_with(day.as_str()));
        if today && is_moment(definition, &all[at + 1..]) {
            out += &definition[copied..token.start];
            out += "'now'";
            copied = token.end;
        }
    }
    out + &definition[copied..]
}

/// Returns `true` if a cast to a date or a timestamp follows.
fn is_moment(text: &str, next: &[Token]) -> bool {
    let [first, second, name, ..] = next else { return false };
    let colon = |token: &Token| token.kind == TokenKind::Symbol(b':');
    let name = &text[name.start..name.end];
    colon(first) && colon(second) && ["date", "timestamp", "timestamptz"].iter().any(|one| is_word(name, one))
}

/// Returns `true` if two definitions of an object of this kind differ only in the order of columns, which does
/// not count: `SELECT *` lists them in the table's order.
pub(crate) fn same_columns(kind: &str, before: &str, after: &str) -> bool {
    if !matches!(kind, "view" | "materialized view") || before.len() != after.len() {
        return false;
    }
    let (Some(one), Some(other)) = (select_list(before), select_list(after)) else { return false };
    let rest = |text: &str, list: &Range<usize>| (text[..list.start].to_owned(), text[list.end..].to_owned());
    rest(before, &one) == rest(after, &other) && items(&before[one]) == items(&after[other])
}

/// Returns `true` if two definitions of a function differ only in comments and the width of blanks. In
/// languages other than SQL and PL/pgSQL these may matter, as do the hints of `pg_hint_plan`.
pub(crate) fn same_code(kind: &str, before: &str, after: &str) -> bool {
    kind == "routine"
        && !before.contains("/*+")
        && !after.contains("/*+")
        && is_sql(before)
        && is_sql(after)
        && code(before) == code(after)
}

/// Returns `true` if one of two columns has no default, and the other the default NULL: `pg_dump` writes that for a
/// partition without its parent's default. For a domain they differ: the domain may have a default.
pub(crate) fn same_default(kind: &str, before: &str, after: &str) -> bool {
    let is = |text: &str, other: &str| without_null(text).is_some_and(|text| text == other);
    kind == "column" && (is(before, after) || is(after, before))
}

/// Removes a default that is NULL of the column's own type.
fn without_null(text: &str) -> Option<String> {
    let (head, rest) = text.split_once(" default NULL::")?;
    let (cast, tail) = rest.split_once(" storage ")?;
    let kind = head.split(" collate ").next()?.split(" not null").next()?;
    let modifier = kind.find('(').zip(kind.find(')'));
    let plain = modifier.map_or(kind.to_owned(), |(start, end)| kind[..start].to_owned() + &kind[end + 1..]);
    let same = plain == cast || (plain.as_str(), cast) == ("character", "bpchar");
    same.then(|| format!("{head} storage {tail}"))
}

fn is_sql(definition: &str) -> bool {
    let all = tokens(definition);
    let word = |token: &Token, words: &[&str]| {
        token.kind == TokenKind::Word
            && words.iter().any(|word| is_word(&definition[token.start..token.end], word))
    };
    all.windows(2).any(|pair| word(&pair[0], &["language"]) && word(&pair[1], &["sql", "plpgsql"]))
}

/// Returns the tokens, with one blank for any blanks or comments; a body in `$function$` is treated likewise.
fn code(text: &str) -> String {
    const QUOTE: &str = "$function$";
    let (mut out, mut end) = (String::with_capacity(text.len()), 0);
    for token in tokens(text) {
        if token.start > end {
            out.push(' ');
        }
        let word = &text[token.start..token.end];
        match word.strip_prefix(QUOTE).and_then(|rest| rest.strip_suffix(QUOTE)) {
            Some(body) => out += &format!("{QUOTE}{}{QUOTE}", code(body).trim()),
            None => out += word,
        }
        end = token.end;
    }
    out
}

/// Returns the range of the only outer SELECT's list: from its first column to the word after the last one.
fn select_list(text: &str) -> Option<Range<usize>> {
    const ENDS: &[&str] =
        &["from", "where", "group", "having", "window", "order", "limit", "offset", "fetch"];
    let (mut depth, mut start, mut end, mut prefix) = (0, None, None, false);
    for token in tokens(text) {
        let word = &text[token.start..token.end];
        let is = |all: &[&str]| token.kind == TokenKind::Word && all.iter().any(|one| is_word(word, one));
        match token.kind {
            TokenKind::Symbol(b'(' | b'[') => depth += 1,
            TokenKind::Symbol(b')' | b']') => {
                depth -= 1;
                if depth == 0 && prefix {
                    (prefix, start) = (false, Some(token.end));
                }
            }
            _ if depth > 0 => {}
            _ if is(&["union", "intersect", "except"]) => return None,
            _ if is(&["select"]) && start.is_none() => start = Some(token.end),
            _ if is(&["distinct"]) && end.is_none() => start = Some(token.end),
            _ if is(&["on"]) && end.is_none() => prefix = true,
            _ if is(ENDS) && start.is_some() && end.is_none() => end = Some(token.start),
            _ => {}
        }
    }
    Some(start?..end.unwrap_or(text.len()))
}

/// Returns the columns of a list, sorted.
fn items(list: &str) -> Vec<&str> {
    let (mut depth, mut from, mut all) = (0, 0, vec![]);
    for token in tokens(list) {
        match token.kind {
            TokenKind::Symbol(b'(' | b'[') => depth += 1,
            TokenKind::Symbol(b')' | b']') => depth -= 1,
            TokenKind::Symbol(b',') if depth == 0 => {
                all.push(list[from..token.start].trim());
                from = token.end;
            }
            _ => {}
        }
    }
    all.push(list[from..].trim());
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_present_timestamp_equals_now() {
        let days = ["2026-11-20".to_owned(), "2026-11-21".to_owned()];
        for (text, expected) in [
            (
                "default '2026-11-21 10:00:00.5'::timestamp without time zone",
                "default 'now'::timestamp without time zone",
            ),
            ("(a > '2026-11-20'::date) AND b", "(a > 'now'::date) AND b"),
            // Another day, a text, and a literal inside a body are unchanged.
            ("default '2020-11-21'::date", "default '2020-11-21'::date"),
            ("default '2026-11-21'::text", "default '2026-11-21'::text"),
            ("AS $$ SELECT '2026-11-21'::date $$", "AS $$ SELECT '2026-11-21'::date $$"),
        ] {
            assert_eq!(without_now(text, &days), expected);
        }
    }

    #[test]
    fn a_view_with_its_columns_in_another_order_is_the_same() {
        let view = |list: &str| format!("o p o=r/o identity d SELECT {list}\n   FROM t\n  WHERE (t.a > 0);");
        for (before, after, same) in [
            ("t.a,\n    t.b", "t.b,\n    t.a", true),
            ("t.a,\n    f(t.b, t.c) AS b", "f(t.b, t.c) AS b,\n    t.a", true),
            ("DISTINCT ON (t.a, t.b) t.a,\n    t.b", "DISTINCT ON (t.a, t.b) t.b,\n    t.a", true),
            ("DISTINCT ON (t.a, t.b) t.a,\n    t.b", "DISTINCT ON (t.b, t.a) t.b,\n    t.a", false),
            ("t.a,\n    f(t.b, t.c) AS b", "t.a,\n    f(t.c, t.b) AS b", false),
            ("t.a,\n    t.b", "t.a,\n    t.c", false),
            (
                "t.a,\n    t.b\n FROM x UNION SELECT t.b, t.a",
                "t.b,\n    t.a\n FROM x UNION SELECT t.a, t.b",
                false,
            ),
        ] {
            assert_eq!(same_columns("view", &view(before), &view(after)), same, "{before} / {after}");
        }
        assert!(!same_columns("routine", &view("t.a,\n    t.b"), &view("t.b,\n    t.a")));
    }

    #[test]
    fn null_is_the_default_of_a_column_without_one() {
        for (column, with, same) in [
            ("timestamp(3) without time zone not null", "NULL::timestamp without time zone", true),
            ("character(3) collate C", "NULL::bpchar", true),
            ("numeric(10,2)[]", "NULL::numeric[]", true),
            ("public.domain", "NULL::integer", false),
            ("text", "'x'::text", false),
        ] {
            let (before, after) =
                (format!("{column} storage p"), format!("{column} default {with} storage p"));
            assert_eq!(same_default("column", &before, &after), same, "{after}");
            assert_eq!(same_default("column", &after, &before), same, "{after}");
            assert!(!same_default("type", &before, &after));
        }
    }

    #[test]
    fn a_function_with_other_comments_is_the_same() {
        let function = |language: &str, body: &str| {
            format!(
                "o =X/o CREATE OR REPLACE FUNCTION f()\n LANGUAGE {language}\nAS $function${body}$function$\n"
            )
        };
        let body = "\nBEGIN\n  RETURN a - 1;\nEND";
        for (language, other, same) in [
            ("plpgsql", "\nBEGIN\n  -- one less\n  RETURN a - 1; /* done */\nEND\n", true),
            ("plpgsql", "\nBEGIN\n  RETURN a -- 1;\nEND", false),
            ("plpgsql", "\nBEGIN\n  RETURN a -1;\nEND", false),
            ("plpgsql", "\nBEGIN\n  RETURN 'a - 1';\nEND", false),
            ("plpgsql", "\nBEGIN\n  /*+ SeqScan(t) */ RETURN a - 1;\nEND", false),
            ("plpython3u", "\nBEGIN\n    RETURN a - 1;\nEND", false),
        ] {
            assert_eq!(
                same_code("routine", &function(language, body), &function(language, other)),
                same,
                "{other}"
            );
        }
        assert!(!same_code("routine", &function("sql", body), &function("plpgsql", body)));
        assert!(!same_code("view", &function("sql", body), &function("sql", "\nBEGIN RETURN a - 1; END")));
    }
}
