//! Depth of a text's expressions. The parser of `lint` recurses at each level and takes the square of their number, so
//! that a file of 200 kB could hold up a check for minutes. Pure.

use super::lexer::{Lexer, TokenKind};
use super::script::is_word;

/// Maximum number of nested parentheses, and of operators in a row that apply to one operand. PostgreSQL itself takes a
/// few thousand.
const MAX_LEVELS: usize = 500;

/// Maximum number of joins in a statement.
const MAX_JOINS: usize = 1000;

/// Expression at one level of parentheses, as far as it has been read.
#[derive(Default)]
struct ExpressionLevel {
    /// Operators and NOTs since the last operand.
    prefixes: usize,
    /// Casts and parts of a qualified name of the last operand.
    suffixes: usize,
    /// `true` behind an operand, which a second one does not continue.
    operand: bool,
}

impl ExpressionLevel {
    fn operator(&mut self, symbol: u8) {
        let continues = matches!(symbol, b'.' | b':');
        self.suffixes = if continues { self.suffixes + 1 } else { 0 };
        self.prefixes += 1;
        self.operand = false;
    }

    /// Ends an operand in parentheses, or the arguments of one: casts may follow.
    fn group(&mut self) {
        self.prefixes = 0;
        self.operand = true;
    }

    fn operand(&mut self) {
        self.suffixes = if self.operand { 0 } else { self.suffixes };
        self.prefixes = 0;
        self.operand = true;
    }
}

/// Returns the position at which a text is nested too deeply for the parser; `None` if it is not.
pub fn too_deep(text: &str) -> Option<usize> {
    let (mut levels, mut joins) = (vec![ExpressionLevel::default()], 0);
    for token in Lexer::new(text) {
        let word = &text[token.start..token.end];
        match token.kind {
            TokenKind::Symbol(b'(') => levels.push(ExpressionLevel::default()),
            TokenKind::Symbol(b')') if levels.len() > 1 => {
                levels.pop();
                levels.last_mut()?.group();
            }
            TokenKind::Symbol(b';') => (levels, joins) = (vec![ExpressionLevel::default()], 0),
            _ => {
                let level = levels.last_mut()?;
                match token.kind {
                    TokenKind::Symbol(b',' | b')') => *level = ExpressionLevel::default(),
                    TokenKind::Symbol(byte) if !byte.is_ascii_digit() => level.operator(byte),
                    TokenKind::Word if is_word(word, "not") => level.operator(b'!'),
                    _ => level.operand(),
                }
                joins += usize::from(token.kind == TokenKind::Word && is_word(word, "join"));
                if level.prefixes.max(level.suffixes) > MAX_LEVELS {
                    return Some(token.start);
                }
            }
        }
        if levels.len() > MAX_LEVELS || joins > MAX_JOINS {
            return Some(token.start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_inputs_of_the_parser_are_found() {
        for (before, part, after) in [
            ("", "(", ""),
            ("(", "1)+(", ""),
            ("", "f(", ""),
            ("", "NOT ", "true"),
            ("", "- ", "1"),
            ("", "@", "1"),
            ("1", "::int", ""),
            ("1", "::numeric(1, 2)", ""),
            ("a", ".a", ""),
            ("1 FROM a", " CROSS JOIN a", ""),
        ] {
            let text = |times: usize| format!("SELECT {before}{}{after};", part.repeat(times));
            let expected = part != "1)+(";
            assert_eq!(too_deep(&text(2000)).is_some(), expected, "{part}");
            assert_eq!(too_deep(&text(100)), None, "{part}");
            assert_eq!(too_deep(&text(100).repeat(30)), None, "{part}");
        }
    }

    #[test]
    fn long_lists_are_not_deep() {
        for part in
            ["(1, 2), ", "1 + ", "a.b = -1 OR ", "'x' || ", "CASE WHEN a THEN ", "a::int, ", "ARRAY[1], "]
        {
            assert_eq!(too_deep(&format!("SELECT {}1", part.repeat(20_000))), None, "{part}");
        }
        assert_eq!(too_deep(&"SELECT '((((' -- ((((\n;".repeat(1000)), None);
    }
}
