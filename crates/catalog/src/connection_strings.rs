//! Users for whom a text contains a password, by the form of connection strings. Pure.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

/// Most names taken from one text: its author may write any number of them.
const MAX_NAMES: usize = 20;

/// Greatest distance between keywords of one connection string, in bytes.
const NEAR: usize = 200;

/// Returns users for whom a text contains a password, by the form of connection strings.
pub fn users_with_passwords(text: &str) -> BTreeSet<String> {
    urls(text).chain(keywords(text)).take(MAX_NAMES).collect()
}

fn urls(text: &str) -> impl Iterator<Item = String> + '_ {
    let starts = text.match_indices("://").filter(|(at, _)| {
        let scheme = &text[..*at];
        scheme.ends_with("postgres") || scheme.ends_with("postgresql")
    });
    starts.filter_map(|(at, _)| {
        let rest = cut(&text[at + 3..], NEAR);
        let authority =
            rest.split(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '\'' | '"')).next()?;
        let (user, password) = authority.rsplit_once('@')?.0.split_once(':')?;
        let user = percent_decode_str(user).decode_utf8().ok()?.into_owned();
        is_secret(&user, password).then_some(user)
    })
}

fn keywords(text: &str) -> impl Iterator<Item = String> + '_ {
    text.match_indices("user").filter_map(|(at, _)| {
        let apart = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &text[at + 4..];
        let user = apart.then(|| value(rest))??;
        let before = &text[floor(text, at.saturating_sub(NEAR))..at];
        let passwords = [before, cut(rest, NEAR)].into_iter().flat_map(|part| {
            part.match_indices("password").filter_map(|(at, word)| value(&part[at + word.len()..]))
        });
        passwords.into_iter().any(|password| is_secret(user, password)).then(|| user.to_owned())
    })
}

/// Returns an assigned value: ` = x`, `='x'`, or `x` in quotes as in `OPTIONS (user 'x')`.
fn value(rest: &str) -> Option<&str> {
    let trimmed = rest.trim_start_matches(' ');
    let assigned = trimmed.strip_prefix('=').map(|rest| rest.trim_start_matches(' '));
    let rest = assigned.or_else(|| trimmed.starts_with('\'').then_some(trimmed))?;
    let rest = rest.trim_start_matches(['\'', '"', '\\']);
    let end = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\' | ',' | ';' | ')');
    rest.split(end).next().filter(|value| !value.is_empty())
}

/// Returns `true` if the value is not a variable, an example, or a guess that is tried anyway.
pub(crate) fn is_secret(user: &str, password: &str) -> bool {
    const EXAMPLES: &[&str] =
        &["password", "passwd", "pass", "secret", "changeme", "xxx", "mypassword", "pw"];
    let masked = password.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.' | '…' | '_'));
    let variable = password.starts_with(['$', '%', '<', '{', ':', '[', '@']) || password.contains("||");
    let example = EXAMPLES.contains(&password.to_lowercase().as_str());
    !user.is_empty() && !masked && !variable && !example && password != user
}

/// Cuts a text to `length` bytes at most.
pub(crate) fn cut(text: &str, length: usize) -> &str {
    &text[..floor(text, length)]
}

/// Returns the last character boundary up to `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_tell_the_user() {
        for text in [
            "see postgresql://blue_app:k2J9s%40Lq0@db:5432/blue",
            "'postgres://blue_app:p@ss@db/blue'",
            "host=db user=blue_app password=k2J9sLq0",
            "password = 'k2J9sLq0' dbname=x user='blue_app'",
            "dblink('host=/tmp user=blue_app password=k2J9sLq0')",
            "OPTIONS (user 'blue_app', password 'k2J9sLq0')",
        ] {
            assert_eq!(users_with_passwords(text).into_iter().collect::<Vec<_>>(), ["blue_app"], "{text}");
        }
    }

    #[test]
    fn variables_examples_and_talk_are_none() {
        for text in [
            "postgresql://blue_app:${PW}@db/blue",
            "postgresql://blue_app:****@db/blue",
            "postgresql://blue_app@db/blue",
            "postgresql://postgres:postgres@localhost/x",
            "https://blue_app:k2J9sLq0@db/blue",
            "user=blue_app password=$PW",
            "the user forgot the password of blue_app",
            "superuser=x",
            "user=é password=",
            "format('user=%s password=%s', u, p)",
        ] {
            assert!(users_with_passwords(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn no_text_is_too_long_or_too_odd() {
        let long = "user=é://postgres://a:b@ password=".repeat(20_000);
        assert!(users_with_passwords(&long).len() <= super::MAX_NAMES);
    }
}
