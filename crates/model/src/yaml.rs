//! Checks of a YAML text before it is parsed: the parser's time grows with the square of the nesting, so a few
//! hundred kilobytes of opening brackets would keep it busy for minutes.

use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

use crate::error::{Error, Result};

/// Nesting limit; deeper than any file that is written by hand.
const MAX_DEPTH: usize = 100;

/// Rejects a byte order mark and excessive nesting.
///
/// # Errors
/// [`crate::error::Kind::Manifest`] with the position in `path`, the file of the text.
pub fn check(text: &str, path: &Path) -> Result<()> {
    let refuse = |(line, column), message, hint| {
        Err(Error::manifest(format!("{}:{line}:{column}: {message}", path.display())).hint(hint))
    };
    if text.starts_with('\u{feff}') {
        let message = "the file starts with a byte order mark";
        return refuse((1, 1), message, "save it as UTF-8 without one");
    }
    let hint = "close the brackets, or reduce the indentation";
    Scan::new(text)
        .too_deep()
        .map_or(Ok(()), |place| refuse(place, "more than 100 levels are nested here", hint))
}

/// A scanner of the subset of YAML that determines the nesting.
struct Scan<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    /// Zero-based.
    column: usize,
    /// Columns of the open blocks.
    blocks: Vec<usize>,
    flow: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Scan<'a> {
        Scan { rest: text.chars().peekable(), line: 1, column: 0, blocks: vec![], flow: 0 }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        (self.line, self.column) = if c == '\n' { (self.line + 1, 0) } else { (self.line, self.column + 1) };
        Some(c)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn skip_while(&mut self, skipped: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&skipped) {
            self.next();
        }
    }

    fn too_deep(mut self) -> Option<(usize, usize)> {
        while self.peek().is_some() {
            if self.flow == 0 {
                self.token();
            } else {
                self.inside_brackets();
            }
            if self.blocks.len() + self.flow > MAX_DEPTH {
                return Some((self.line, self.column.max(1)));
            }
        }
        None
    }

    /// Opens a block at this column, and ends those at or beyond it.
    fn open(&mut self, column: usize) {
        while self.blocks.last().is_some_and(|last| *last >= column) {
            self.blocks.pop();
        }
        self.blocks.push(column);
    }

    /// Scans one token outside brackets.
    fn token(&mut self) {
        let column = self.column;
        match self.peek() {
            Some(' ' | '\t' | '\r' | '\n') => drop(self.next()),
            Some('#') => self.skip_line(),
            Some('[' | '{') => self.inside_brackets(),
            Some('&' | '!' | '*') => self.skip_while(|c| !c.is_whitespace()),
            Some('|' | '>') => self.skip_block_scalar(),
            Some('"' | '\'') => {
                self.skip_quoted();
                self.end_of_key(column);
            }
            Some('-' | '?') => {
                self.next();
                if self.peek().is_none_or(char::is_whitespace) {
                    self.open(column);
                } else {
                    self.plain(column);
                }
            }
            _ => self.plain(column),
        }
    }

    /// Scans a plain scalar up to the end of its line, or a key up to its colon.
    fn plain(&mut self, column: usize) {
        while let Some(c) = self.peek().filter(|c| *c != '\n') {
            self.next();
            match (c, self.peek()) {
                (':', None | Some(' ' | '\t' | '\r' | '\n')) => return self.open(column),
                (' ' | '\t', Some('#')) => return self.skip_line(),
                _ => {}
            }
        }
    }

    /// Handles the end of a quoted scalar: before a colon it was a key.
    fn end_of_key(&mut self, column: usize) {
        self.skip_while(|c| matches!(c, ' ' | '\t'));
        if self.peek() == Some(':') {
            self.next();
            self.open(column);
        }
    }

    /// Scans one token inside brackets, or the first opening bracket.
    fn inside_brackets(&mut self) {
        match self.peek() {
            Some('[' | '{') => {
                self.flow += 1;
                self.next();
            }
            Some(']' | '}') => {
                self.flow = self.flow.saturating_sub(1);
                self.next();
            }
            Some('"' | '\'') => self.skip_quoted(),
            Some('#') => self.skip_line(),
            Some(' ' | '\t' | '\r' | '\n' | ',' | ':') => drop(self.next()),
            // Quotes and number signs within a plain scalar are ordinary characters.
            _ => self.skip_while(|c| !matches!(c, ' ' | '\t' | '\n' | ',' | ':' | '[' | ']' | '{' | '}')),
        }
    }

    fn skip_line(&mut self) {
        self.skip_while(|c| c != '\n');
    }

    fn skip_quoted(&mut self) {
        let quote = self.next();
        while let Some(c) = self.next() {
            match (quote, c) {
                (Some('"'), '\\') => drop(self.next()),
                // Two single quotes are an escaped one.
                (Some('\''), '\'') if self.peek() == Some('\'') => drop(self.next()),
                _ if Some(c) == quote => return,
                _ => {}
            }
        }
    }

    /// Skips the lines that are indented further than the block that contains the scalar.
    fn skip_block_scalar(&mut self) {
        self.skip_line();
        let parent = self.blocks.last().copied();
        while self.peek() == Some('\n') {
            let mut ahead = self.rest.clone();
            ahead.next();
            let mut indent = 0;
            while ahead.peek() == Some(&' ') {
                ahead.next();
                indent += 1;
            }
            let blank = matches!(ahead.peek(), None | Some('\n' | '\r'));
            if !blank && parent.is_some_and(|parent| indent <= parent) {
                return;
            }
            self.next();
            self.skip_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<()> {
        super::check(text, Path::new("f"))
    }

    #[test]
    fn ordinary_files_pass() {
        let odd = "[{[{".repeat(60);
        for text in [
            "".to_owned(),
            format!(
                "a: \"{odd}\"\nb: '{odd}''{odd}'\nc: x{odd}\n# {odd}\nd: [\"{odd}\", 'x', # {odd}\n y]\n"
            ),
            format!("a: |\n  {odd}\n\n   {odd}\nb: >-\n  {odd}\nc: 1\n"),
            format!("- a: |2\n    {odd}\n  b: {{}}\n"),
            "[a, b]\n".repeat(300),
            "- - a\n- b: c\n".repeat(300),
            "a: it's\nb: \"x\\\"[\"\n".repeat(200),
            format!("{}x{}", "[".repeat(100), "]".repeat(100)),
        ] {
            assert_eq!(check(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn absurd_nesting_is_refused_at_once_and_where_it_stands() {
        let block: String = (0..300).map(|n| format!("{}k:\n", " ".repeat(n))).collect();
        let lists: String = (0..300).map(|n| format!("{}-\n", " ".repeat(n))).collect();
        for (text, place) in [
            ("{a: ".repeat(50_000), (1, 401)),
            ("[".repeat(200_000), (1, 101)),
            ("x:\n  - [\n".to_owned() + &"{\n".repeat(1000), (100, 1)),
            ("- ".repeat(100_000), (1, 201)),
            ("? ".repeat(100_000), (1, 201)),
            ("&a [".repeat(1000), (1, 404)),
            (block, (101, 102)),
            (lists, (101, 101)),
        ] {
            let began = std::time::Instant::now();
            let found = check(&text).unwrap_err();
            let expected = format!("f:{}:{}: more than 100 levels", place.0, place.1);
            assert!(found.message.starts_with(&expected), "{}: {found}", &text[..20]);
            assert!(began.elapsed() < std::time::Duration::from_millis(50), "{:?}", began.elapsed());
        }
    }

    #[test]
    fn a_byte_order_mark_is_named() {
        assert!(check("\u{feff}version: 1\n").unwrap_err().message.contains("byte order mark"));
    }

    proptest::proptest! {
        #[test]
        fn every_text_is_walked_to_its_end(text in "([a-c:#?\\-|>'\"\\[\\]{}, \n&!*]|: |- |\n  ){0,80}") {
            let _no_panic_and_an_end = check(&text);
        }
    }
}
