//! Scanner of the grammar: a position in a text, and the error at it.

use std::fmt;

use crate::error::HttpError;

/// Name of a field in messages.
pub(super) const FIELD_NAME: &str = "field name (* or [a..z0..9_$])";

/// A mismatch: position, found character, expected ones. The text is built lazily: most are discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub at: usize,
    found: Option<char>,
    quote: char,
    pub(crate) expecting: &'static str,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { quote, expecting, .. } = self;
        match self.found {
            None => write!(f, "unexpected end of input expecting {expecting}"),
            Some(found) => write!(f, "unexpected {quote}{found}{quote} expecting {expecting}"),
        }
    }
}

/// Result of a rule.
pub(super) type Scanned<T> = Result<T, Mismatch>;

/// A text and a position in it, in bytes.
#[derive(Debug, Clone)]
pub(super) struct QueryScanner<'a> {
    text: &'a str,
    pub at: usize,
}

impl<'a> QueryScanner<'a> {
    pub(super) fn new(text: &'a str) -> QueryScanner<'a> {
        QueryScanner { text, at: 0 }
    }

    fn ahead(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.ahead().chars().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Consumes the text if it is next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let stands = self.sees(text);
        self.at += if stands { text.len() } else { 0 };
        stands
    }

    /// Returns `true` if the text is next.
    pub(super) fn sees(&self, text: &str) -> bool {
        self.ahead().starts_with(text)
    }

    /// Consumes the first of these texts that is next.
    pub(super) fn eat_one_of<T: Copy>(&mut self, rows: &[(&str, T)]) -> Option<T> {
        rows.iter().find(|(text, _)| self.eat(text)).map(|(_, value)| *value)
    }

    /// Consumes characters.
    pub(super) fn take_while(&mut self, accepted: impl Fn(char) -> bool) -> &'a str {
        let ahead = self.ahead();
        let length = ahead.find(|c| !accepted(c)).unwrap_or(ahead.len());
        self.at += length;
        &ahead[..length]
    }

    /// Consumes the rest.
    pub(super) fn rest(&mut self) -> &'a str {
        self.take_while(|_| true)
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|c| c == ' ' || c == '\t');
    }

    /// Consumes a required character.
    pub(super) fn expect(&mut self, c: char, expecting: &'static str) -> Scanned<()> {
        if self.peek() == Some(c) {
            self.at += c.len_utf8();
            return Ok(());
        }
        Err(self.mismatch(expecting))
    }

    /// Runs a rule; if it fails, the position is as before.
    pub(super) fn attempt<T>(&mut self, rule: impl FnOnce(&mut Self) -> Scanned<T>) -> Scanned<T> {
        let before = self.at;
        rule(self).inspect_err(|_| self.at = before)
    }

    /// Returns the mismatch at this position.
    pub(super) fn mismatch(&self, expecting: &'static str) -> Mismatch {
        Mismatch { at: self.at, found: self.peek(), quote: '"', expecting }
    }

    /// Returns the mismatch for a character after a complete rule.
    pub(super) fn surplus(&self, expecting: &'static str) -> Mismatch {
        Mismatch { quote: '\'', ..self.mismatch(expecting) }
    }

    /// Parses a name: quoted, or parts joined by dashes.
    pub(super) fn field_name(&mut self) -> Scanned<String> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let mut name = self.identifier().ok_or_else(|| self.mismatch(FIELD_NAME))?;
        while self.peek() == Some('-') && !self.sees("->") {
            let before = self.at;
            self.at += 1;
            match self.identifier() {
                Some(part) => {
                    name.push('-');
                    name.push_str(&part);
                }
                None => {
                    self.at = before;
                    break;
                }
            }
        }
        Ok(name)
    }

    /// Parses letters, digits, `_`, `$` and blanks.
    pub(super) fn identifier(&mut self) -> Option<String> {
        let text = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '$' || c == ' ');
        if text.is_empty() { None } else { Some(text.trim().to_owned()) }
    }

    /// Parses a value in double quotes, in which a backslash takes the next character as it is.
    pub(super) fn quoted(&mut self) -> Scanned<String> {
        self.expect('"', "\"\\\"\"")?;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(self.mismatch("\"\\\\\" or \"\\\"\"")),
                Some('"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => {
                    self.at += 1;
                    let escaped = self.peek();
                    self.at += escaped.map_or(0, char::len_utf8);
                    text.extend(escaped);
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    text.push(c);
                }
            }
        }
    }
}

/// Runs a rule over a whole text; a mismatch becomes the answer.
pub(super) fn whole<T>(
    what: &str,
    text: &str,
    scanned: &str,
    rule: impl FnOnce(&mut QueryScanner<'_>) -> Scanned<T>,
) -> Result<T, HttpError> {
    let mut scanner = QueryScanner::new(scanned);
    rule(&mut scanner).map_err(|miss| {
        let before = scanned.get(..miss.at).unwrap_or(scanned).chars().count();
        HttpError::unparsed(what, text, before + 1, miss.to_string())
    })
}
