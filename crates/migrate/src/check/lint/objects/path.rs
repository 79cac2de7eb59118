//! The search path of a file: the schema in which a name without one is looked for.

use martydb_sql::{Token, TokenKind, bare, tokens};

/// Schema of temporary objects, which is searched before all others.
pub(crate) const TEMPORARY: &str = "pg_temp";

/// Schema of objects whose search path is not known.
const UNKNOWN: &str = "";

/// Schemas that are no place of a file's own objects.
const SKIPPED: &[&str] = &["$user", TEMPORARY, "pg_catalog"];

#[derive(Debug, Clone, Default)]
pub(crate) struct SearchPath {
    /// The login's.
    login: Vec<String>,
    /// The one that the file has set; the first schema is unknown if a statement computes it.
    set: Option<Option<String>>,
}

impl SearchPath {
    /// `login` is the login's search path; `public` if it is empty.
    pub(crate) fn new(login: &[String]) -> SearchPath {
        SearchPath { login: login.to_vec(), set: None }
    }

    /// Returns the schema in which a name without one lies.
    pub(crate) fn first(&self) -> &str {
        match &self.set {
            Some(first) => first.as_deref().unwrap_or(UNKNOWN),
            None => self.login.first().map_or("public", String::as_str),
        }
    }

    /// Ends the settings of a file.
    pub(crate) fn reset(&mut self) {
        self.set = None;
    }

    /// Takes note of a statement that sets the search path.
    pub(crate) fn follow(&mut self, text: &str) {
        let all = tokens(text);
        let word = |token: &Token| bare(&text[token.start..token.end]);
        let is_word = |token: &&Token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
        let mut words = all.iter().filter(is_word).map(word);
        match (words.next().as_deref(), words.next().as_deref()) {
            (Some("reset"), Some("search_path" | "all")) | (Some("discard"), Some("all")) => self.set = None,
            (Some("set"), Some("schema")) => self.set = Some(strings(text, &all).next()),
            (Some("set"), _) => self.follow_set(text, &all),
            (Some("select" | "perform"), _) if text.to_ascii_lowercase().contains("set_config") => {
                self.follow_function(text, &all);
            }
            _ => {}
        }
    }

    fn follow_set(&mut self, text: &str, all: &[Token]) {
        let name = |token: &Token| bare(&text[token.start..token.end]);
        let Some(at) = all.iter().take(3).position(|token| name(token) == "search_path") else { return };
        // The word TO, or the sign.
        let values = all.get(at + 2..).unwrap_or_default();
        let first = values.iter().filter_map(|token| match token.kind {
            TokenKind::Word | TokenKind::Quoted => Some(name(token)),
            TokenKind::Text => Some(unquoted(&text[token.start..token.end])),
            _ => None,
        });
        let first: Vec<String> = first.collect();
        self.set = match first.as_slice() {
            [only] if only == "default" => None,
            all => Some(own(all.iter().map(String::as_str))),
        };
    }

    fn follow_function(&mut self, text: &str, all: &[Token]) {
        let mut strings = strings(text, all);
        if strings.next().is_none_or(|name| !name.eq_ignore_ascii_case("search_path")) {
            return;
        }
        let value = strings.next();
        let schemas =
            value.as_deref().map(|value| own(value.split(',').map(|one| one.trim().trim_matches('"'))));
        self.set = Some(schemas.flatten());
    }
}

/// Returns the first schema that can hold a file's objects.
fn own<'a>(mut schemas: impl Iterator<Item = &'a str>) -> Option<String> {
    schemas.find(|schema| !schema.is_empty() && !SKIPPED.contains(schema)).map(str::to_owned)
}

fn strings<'a>(text: &'a str, all: &'a [Token]) -> impl Iterator<Item = String> + 'a {
    let texts = all.iter().filter(|token| token.kind == TokenKind::Text);
    texts.map(|token| unquoted(&text[token.start..token.end]))
}

fn unquoted(literal: &str) -> String {
    literal.trim_start_matches(['e', 'E']).trim_matches(['\'', '$']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_schema_of_the_path_is_that_of_a_plain_name() {
        for (statement, first) in [
            ("SET search_path TO app, public", "app"),
            ("SET LOCAL search_path = \"$user\", \"App\"", "App"),
            ("SET SESSION search_path = 'app'", "app"),
            ("set Search_Path to pg_temp, n", "n"),
            ("SET SCHEMA 'n'", "n"),
            ("SELECT pg_catalog.set_config('search_path', 'a, b', false)", "a"),
            ("SELECT set_config('search_path', '', false)", ""),
            ("SELECT set_config('search_path', current_user, false)", ""),
            ("SELECT set_config('lock_timeout', 'a', false)", "own"),
            ("SET lock_timeout = 1", "own"),
            ("SET search_path TO DEFAULT", "own"),
        ] {
            let mut path = SearchPath::new(&["own".into()]);
            path.follow(statement);
            assert_eq!(path.first(), first, "{statement}");
            path.follow("RESET ALL");
            assert_eq!(path.first(), "own", "{statement}");
        }
        assert_eq!(SearchPath::default().first(), "public");
    }
}
