//! Words of a statement outside parentheses.

use martydb_sql::{Lexer, TokenKind, bare};

/// Returns the words of a statement outside parentheses, in lower case unless they are quoted.
pub(crate) fn outer_words(text: &str) -> Vec<String> {
    let (mut depth, mut all) = (0usize, vec![]);
    for token in Lexer::new(text) {
        match token.kind {
            TokenKind::Symbol(b'(') => depth += 1,
            TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
            TokenKind::Word | TokenKind::Quoted if depth == 0 => {
                all.push(bare(&text[token.start..token.end]))
            }
            _ => {}
        }
    }
    all
}

/// Words of a statement outside parentheses, in lower case.
pub(crate) struct Sentence<'a>(pub &'a [String]);

impl Sentence<'_> {
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        self.0.len() >= words.len() && self.0.iter().zip(words).all(|(one, other)| one == other)
    }

    pub(crate) fn has(&self, words: &[&str]) -> bool {
        let is_there = |window: &[String]| window.iter().zip(words).all(|(one, other)| one == other);
        self.0.windows(words.len()).any(is_there)
    }

    pub(crate) fn ends_with_default(&self) -> bool {
        self.0.last().is_some_and(|word| word == "default")
    }
}
