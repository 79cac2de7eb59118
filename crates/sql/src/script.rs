//! Splits a migration into statements as psql does, and passes the words of each to the rules.
//!
//! The words are passed on during the walk and not stored: a file of 50 MB may contain millions.

use std::ops::Range;

use super::lexer::{Lexer, Token, TokenKind, directive};

/// Number of words of a statement kept for the rules, inside and outside parentheses each.
const MAX_HEAD_WORDS: usize = 24;

#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    /// Text as written; a quoted name with its quotes.
    pub text: &'a str,
    /// Number of enclosing parentheses.
    pub depth: usize,
}

pub struct StatementHead<'a, 'b> {
    /// Range from its first byte to the byte after its last, without the semicolon.
    pub span: Range<usize>,
    pub text: &'a str,
    /// Position in its text of a string that names a setting of [`PARSING_SETTINGS`], after a word that sets by name.
    pub sets: Option<usize>,
    pub head: &'b [Word<'a>],
}

impl StatementHead<'_, '_> {
    /// Returns `true` if the words outside parentheses begin with these lower-case words.
    pub fn begins(&self, words: &[&str]) -> bool {
        let mut outer = self.outer();
        words.iter().all(|word| outer.next().is_some_and(|found| is_word(found, word)))
    }

    /// Returns the words outside parentheses.
    pub fn outer(&self) -> impl Iterator<Item = &str> {
        self.head.iter().filter(|word| word.depth == 0).map(|word| word.text)
    }
}

/// Settings that decide how the server parses text. `backslash_quote` can only make it reject more, and
/// `escape_string_warning` and `quote_all_identifiers` affect its output.
pub const PARSING_SETTINGS: &[&str] = &["standard_conforming_strings", "client_encoding"];

/// Returns the contents of a string in single quotes, if it contains no escapes.
pub fn string_contents(text: &str) -> &str {
    text.trim_start_matches(['e', 'E']).trim_matches('\'')
}

/// Returns `true` if a name or keyword is this one; unquoted ones ignore case.
pub fn is_word(found: &str, expected: &str) -> bool {
    match found.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner == expected,
        None => found.eq_ignore_ascii_case(expected),
    }
}

/// Returns a name as stored in the catalog.
pub fn bare(word: &str) -> String {
    match word.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => word.to_lowercase(),
    }
}

/// An item of a script, in the order of the text.
pub enum ScriptItem<'a, 'b> {
    /// A statement, at its end.
    Statement(StatementHead<'a, 'b>),
    /// A `-- martydb: …` comment: its start and its text.
    Directive {
        start: usize,
        text: &'a str,
        /// `true` before the first word of the first statement.
        above: bool,
    },
    /// A quote or comment that is never closed: its start and its kind.
    Open(usize, &'static str),
    /// A backslash outside any quote: a command of psql.
    Backslash(usize),
}

pub fn walk<'a>(sql: &'a str, mut hand: impl FnMut(ScriptItem<'a, '_>)) {
    let (mut lexer, mut cutter, mut above) = (Lexer::new(sql), StatementSplitter::default(), true);
    loop {
        let token = lexer.next();
        for start in lexer.directives.drain(..) {
            let text = directive(sql, start).unwrap_or_default();
            hand(ScriptItem::Directive { start, text, above });
        }
        let Some(token) = token else { break };
        match token.kind {
            TokenKind::Open(what) => hand(ScriptItem::Open(token.start, what)),
            TokenKind::Symbol(b'\\') => hand(ScriptItem::Backslash(token.start)),
            _ => {}
        }
        if token.kind == TokenKind::Symbol(b';') && cutter.at_top() {
            cutter.cut(sql, &mut hand);
        } else {
            cutter.add(sql, token);
            above = false;
        }
    }
    cutter.cut(sql, &mut hand);
}

#[derive(Default)]
struct StatementSplitter<'a> {
    span: Option<Range<usize>>,
    head: Vec<Word<'a>>,
    kept: [usize; 2],
    parentheses: usize,
    /// Number of open `BEGIN ATOMIC` and of the `CASE`s inside; END closes both.
    bodies: usize,
    last: &'a str,
    /// Set after a word that sets a parameter whose name is a string.
    by_name: bool,
    sets: Option<usize>,
}

impl<'a> StatementSplitter<'a> {
    fn at_top(&self) -> bool {
        self.parentheses == 0 && self.bodies == 0
    }

    fn cut(&mut self, sql: &'a str, hand: &mut impl FnMut(ScriptItem<'a, '_>)) {
        if let Some(span) = self.span.take() {
            let (text, sets) = (&sql[span.clone()], self.sets.take().map(|at| at - span.start));
            hand(ScriptItem::Statement(StatementHead { span, text, sets, head: &self.head }));
        }
        self.by_name = false;
        self.head.clear();
        (self.kept, self.parentheses, self.bodies, self.last) = ([0, 0], 0, 0, "");
    }

    fn add(&mut self, sql: &'a str, token: Token) {
        self.span.get_or_insert(token.start..token.end).end = token.end;
        let text = &sql[token.start..token.end];
        match token.kind {
            TokenKind::Symbol(b'(') => self.parentheses += 1,
            TokenKind::Symbol(b')') => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Word => self.body(text),
            _ => {}
        }
        if matches!(token.kind, TokenKind::Word | TokenKind::Quoted) {
            self.keep(text);
            self.by_name |= is_word(text, "set_config") || is_word(text, "pg_settings");
        } else if self.by_name && token.kind == TokenKind::Text && self.sets.is_none() {
            let named =
                PARSING_SETTINGS.iter().any(|setting| string_contents(text).eq_ignore_ascii_case(setting));
            self.sets = named.then_some(token.start);
        }
        self.last = text;
    }

    fn keep(&mut self, text: &'a str) {
        let inside = usize::from(self.parentheses > 0);
        if self.kept[inside] < MAX_HEAD_WORDS {
            self.kept[inside] += 1;
            self.head.push(Word { text, depth: self.parentheses });
        }
    }

    /// Tracks `CREATE FUNCTION … BEGIN ATOMIC …; …; END`, the only body with semicolons outside quotes. BEGIN
    /// without ATOMIC does not count: a function may have that name, and the statements after it must still be
    /// found.
    fn body(&mut self, word: &str) {
        let opens = match self.bodies {
            0 => self.makes_routine() && is_word(self.last, "begin") && is_word(word, "atomic"),
            _ => is_word(word, "case"),
        };
        if opens {
            self.bodies += 1;
        } else if is_word(word, "end") {
            self.bodies = self.bodies.saturating_sub(1);
        }
    }

    fn makes_routine(&self) -> bool {
        let word = |at: usize, expected: &str| self.head.get(at).is_some_and(|w| is_word(w.text, expected));
        let routine = |at: usize| word(at, "function") || word(at, "procedure");
        word(0, "create") && (routine(1) || word(1, "or") && word(2, "replace") && routine(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn statements(sql: &str) -> Vec<&str> {
        let mut found = vec![];
        walk(sql, |seen| {
            if let ScriptItem::Statement(seen) = seen {
                found.push(&sql[seen.span]);
            }
        });
        found
    }

    #[test]
    fn statements_end_where_postgresql_ends_them() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            (" ; ;; -- x\n;", &[]),
            ("SELECT 1", &["SELECT 1"]),
            ("a; b -- c;\n ; d", &["a", "b", "d"]),
            ("SELECT $$;$$; x", &["SELECT $$;$$", "x"]),
            (
                "CREATE RULE r AS ON INSERT TO t DO (a; b); c",
                &["CREATE RULE r AS ON INSERT TO t DO (a; b)", "c"],
            ),
            (
                "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN b END; c; END; d",
                &[
                    "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN b END; c; END",
                    "d",
                ],
            ),
            ("CREATE FUNCTION begin() AS $$x$$; COMMIT", &["CREATE FUNCTION begin() AS $$x$$", "COMMIT"]),
            ("BEGIN ATOMIC; COMMIT", &["BEGIN ATOMIC", "COMMIT"]),
            (") ; COMMIT", &[")", "COMMIT"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(statements(sql), *expected, "{sql}");
        }
    }

    #[test]
    fn words_are_distinguished_by_their_parentheses() {
        let mut seen = vec![];
        let sql = "COPY s.\"T\" (a, b) FROM STDIN";
        walk(sql, |s| {
            if let ScriptItem::Statement(s) = s {
                seen.push((s.begins(&["copy", "s", "T", "from", "stdin"]), s.outer().count(), s.head.len()));
            }
        });
        assert_eq!(seen, [(true, 5, 7)]);
    }

    proptest! {
        #[test]
        fn no_text_is_lost_and_none_seen_twice(sql in r#"([a-eE'"$;\\()/*\- \n]|begin atomic |end |create function |.){0,60}"#) {
            let mut before = 0;
            walk(&sql, |seen| {
                if let ScriptItem::Statement(seen) = seen {
                    assert!(seen.span.start >= before && seen.span.end > seen.span.start);
                    before = seen.span.end;
                }
            });
            prop_assert!(before <= sql.len());
        }
    }
}
