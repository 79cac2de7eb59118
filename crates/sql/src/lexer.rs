//! PostgreSQL's lexical rules, as far as they determine statement ends and words.
//!
//! Sources: `src/backend/parser/scan.l` and `src/fe_utils/psqlscan.l`, with `standard_conforming_strings` on,
//! which the runner sets for its sessions. Linear in the text; never fails: an unclosed quote or comment
//! extends to the end.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or an unquoted name.
    Word,
    /// A name in double quotes, including the quotes.
    Quoted,
    /// A string of any form, including `$$…$$`.
    Text,
    /// One character of any other kind.
    Symbol(u8),
    /// A quote or comment that is never closed; it extends to the end of the text.
    Open(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

pub struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Start of each `-- martydb:` comment passed so far; the caller removes them.
    pub directives: Vec<usize>,
}

/// Returns all tokens of a text.
pub fn tokens(text: &str) -> Vec<Token> {
    Lexer::new(text).collect()
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Lexer { text, bytes: text.as_bytes(), at: 0, directives: vec![] }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn token(&mut self, kind: TokenKind, end: usize) -> Token {
        let start = std::mem::replace(&mut self.at, end);
        Token { kind, start, end }
    }

    /// Skips spaces and comments. Returns the start of a block comment that is never closed.
    fn skip_blank(&mut self) -> Option<usize> {
        loop {
            match (self.peek(0)?, self.peek(1)) {
                (byte, _) if is_space(byte) => self.at += 1,
                (b'-', Some(b'-')) => {
                    if directive(self.text, self.at).is_some() {
                        self.directives.push(self.at);
                    }
                    self.at = line_end(self.bytes, self.at);
                }
                (b'/', Some(b'*')) => match comment_end(self.bytes, self.at) {
                    Some(end) => self.at = end,
                    None => return Some(self.at),
                },
                _ => return None,
            }
        }
    }

    /// Returns the end of a quoted section whose opening quote is at `open`; two quotes are one inside it.
    fn quoted(&mut self, open: usize, quote: u8, escapes: bool, name: &'static str) -> (TokenKind, usize) {
        let kind = if quote == b'"' { TokenKind::Quoted } else { TokenKind::Text };
        let mut at = open + 1;
        while let Some(byte) = self.bytes.get(at).copied() {
            match byte {
                b'\\' if escapes => at += 2,
                byte if byte == quote && self.bytes.get(at + 1) == Some(&quote) => at += 2,
                // 'a' on one line and 'b' on the next are one string, with the escapes of the first.
                byte if byte == quote => match escapes.then(|| continuation(self.bytes, at + 1)).flatten() {
                    Some(next) => at = next + 1,
                    None => return (kind, at + 1),
                },
                _ => at += 1,
            }
        }
        (TokenKind::Open(name), self.bytes.len())
    }

    /// Returns the end of `$tag$ … $tag$`, if a dollar quote opens here.
    fn dollar(&self) -> Option<(TokenKind, usize)> {
        let tag_end = (self.at + 1..self.bytes.len()).find(|at| !is_tag(self.bytes[*at]))?;
        let tag = self.text.get(self.at..=tag_end)?;
        let digit_first = self.bytes[self.at + 1].is_ascii_digit();
        if self.bytes[tag_end] != b'$' || digit_first {
            return None;
        }
        match self.text[tag_end + 1..].find(tag) {
            Some(found) => Some((TokenKind::Text, tag_end + 1 + found + tag.len())),
            None => Some((TokenKind::Open("dollar-quoted string"), self.bytes.len())),
        }
    }

    fn word(&self) -> usize {
        (self.at..self.bytes.len()).find(|at| !is_word(self.bytes[*at])).unwrap_or(self.bytes.len())
    }

    fn lex(&mut self, first: u8) -> (TokenKind, usize) {
        let escaping = matches!(first, b'e' | b'E') && self.peek(1) == Some(b'\'');
        match first {
            b'\'' => self.quoted(self.at, b'\'', false, "string"),
            b'"' => self.quoted(self.at, b'"', false, "quoted name"),
            b'$' => self.dollar().unwrap_or((TokenKind::Symbol(b'$'), self.at + 1)),
            _ if escaping => self.quoted(self.at + 1, b'\'', true, "string"),
            first if is_word_start(first) => (TokenKind::Word, self.word()),
            other => (TokenKind::Symbol(other), self.at + 1),
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.skip_blank().is_some() {
            return Some(self.token(TokenKind::Open("comment"), self.bytes.len()));
        }
        let first = self.peek(0)?;
        let (kind, end) = self.lex(first);
        Some(self.token(kind, end.min(self.bytes.len())))
    }
}

/// Returns the text of a `-- martydb: …` comment at `start`.
pub(crate) fn directive(text: &str, start: usize) -> Option<&str> {
    let line = text.get(start..line_end(text.as_bytes(), start))?;
    Some(line.strip_prefix("--")?.trim_start().strip_prefix("martydb:")?.trim())
}

/// Tests for PostgreSQL's `space`, which includes the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x0b)
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word(byte: u8) -> bool {
    is_tag(byte) || byte == b'$'
}

fn is_tag(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit()
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    (from..bytes.len()).find(|at| matches!(bytes[*at], b'\n' | b'\r')).unwrap_or(bytes.len())
}

/// Returns the end of the block comment at `open`; comments nest.
fn comment_end(bytes: &[u8], open: usize) -> Option<usize> {
    let (mut at, mut depth) = (open, 0usize);
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => (depth, at) = (depth + 1, at + 2),
            (b'*', b'/') if depth == 1 => return Some(at + 2),
            (b'*', b'/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    None
}

/// Returns the quote that continues the string that ended before `from`, after blanks with a line break.
fn continuation(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut broken) = (from, false);
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'\'', _) if broken => return Some(at),
            (b'-', Some(b'-')) => at = line_end(bytes, at),
            (byte, _) if is_space(*byte) => {
                broken |= matches!(byte, b'\n' | b'\r');
                at += 1;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(sql: &str) -> Vec<&str> {
        Lexer::new(sql).map(|token| &sql[token.start..token.end]).collect()
    }

    #[test]
    fn tokens_follow_postgresql() {
        let cases: &[(&str, &[&str])] = &[
            ("SELECT 1", &["SELECT", "1"]),
            ("a--b;\n;c", &["a", ";", "c"]),
            ("/* a /* ; */ b */x", &["x"]),
            ("'it''s;' ;", &["'it''s;'", ";"]),
            (r"'\' ;", &[r"'\'", ";"]),
            (r"E'\'' ;", &[r"E'\''", ";"]),
            (
                r"e'a' -- c
               '\';' ;",
                &["e'a' -- c\n               '\\';'", ";"],
            ),
            (r"xE'\' ;", &["xE", r"'\'", ";"]),
            (r#""a;""b";"#, &[r#""a;""b""#, ";"]),
            ("$$;$$;", &["$$;$$", ";"]),
            ("$a$ ; $$ $b$ $a$;", &["$a$ ; $$ $b$ $a$", ";"]),
            ("f$a$;b", &["f$a$", ";", "b"]),
            ("$1 $1a$", &["$", "1", "$", "1", "a$"]),
            ("U&'d\\0061t' U&\"x;\"", &["U", "&", "'d\\0061t'", "U", "&", "\"x;\""]),
            ("1E'\\';'", &["1", "E'\\';'"]),
            ("é;", &["é", ";"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(texts(sql), *expected, "{sql}");
        }
    }

    #[test]
    fn an_unclosed_part_extends_to_the_end() {
        for (sql, name) in [
            ("x 'a;", "string"),
            ("x E'a\\';", "string"),
            ("x \"a;", "quoted name"),
            ("x $t$ a; $$", "dollar-quoted string"),
            ("x /* a /* */;", "comment"),
            ("x E'\\", "string"),
        ] {
            let last = Lexer::new(sql).last().unwrap();
            assert_eq!((last.kind, last.end), (TokenKind::Open(name), sql.len()), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_walked_to_its_end(text in r#"([a-eE'"$;\\()/*\- \n1é]|\$\$|--|/\*|\*/|.){0,60}"#) {
            let mut before = 0;
            for token in Lexer::new(&text) {
                prop_assert!(token.start >= before && token.end > token.start && token.end <= text.len());
                prop_assert!(text.get(token.start..token.end).is_some());
                before = token.end;
            }
        }
    }
}
