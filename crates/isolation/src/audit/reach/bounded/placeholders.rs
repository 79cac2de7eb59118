//! Marks in an executed text for the values that it quotes: their contents are unknown, and each stays one token.

use super::super::pieces::{Piece, pieces};

/// Character of the area for private use, with which every mark begins.
pub(super) const MARK: char = '\u{E000}';

/// Name that `%I` or `quote_ident` quotes.
const NAME: &str = "\u{E000}name";
/// Name of the login that calls, quoted the same way.
const CALLER: &str = "\u{E000}caller";
/// Value that `%L` or `quote_literal` quotes.
const VALUE: &str = "\u{E000}value";
/// Number that a cast made.
const NUMBER: &str = "\u{E000}number";

/// Value of an expression whose contents are unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotedValue {
    Name,
    Caller,
    Value,
    Number,
}

impl QuotedValue {
    /// Returns the mark as the text has it.
    pub(super) fn text(self) -> String {
        match self {
            QuotedValue::Name => format!("\"{NAME}\""),
            QuotedValue::Caller => format!("\"{CALLER}\""),
            QuotedValue::Value => format!("'{VALUE}'"),
            QuotedValue::Number => NUMBER.into(),
        }
    }
}

/// Returns `true` for a name that is not known.
pub(super) fn is_unknown(text: &str) -> bool {
    text.contains(MARK) && text != NUMBER
}

/// Returns `true` for the name of the login that calls.
pub(super) fn is_caller(piece: &Piece) -> bool {
    matches!(piece, Piece::Word { text, quoted: true } if text == CALLER) || piece.is("session_user")
}

/// Splits a text; `None` if a mark is not a token of its own, so that its value could be more than that.
pub(super) fn split(text: &str) -> Option<Vec<Piece>> {
    let marks = text.matches(MARK).count();
    let pieces = pieces(text);
    let whole = pieces.iter().filter(|piece| is_mark(piece)).count();
    let signed = pieces.windows(2).any(|two| two[0] == Piece::Symbol(b'-') && is_number(&two[1]));
    (marks == whole && !signed && stand_alone(text)).then_some(pieces)
}

/// Returns `true` for a literal that is what its text says, without escapes or a continuation on the next line.
pub(super) fn is_plain(text: &str) -> bool {
    let mut parts = text.split('\'').skip(1);
    let continues = |between: &str| between.contains('\n') && between.trim().is_empty();
    !text.contains('\\') && !parts.any(continues)
}

fn is_mark(piece: &Piece) -> bool {
    match piece {
        Piece::Word { text, quoted: true } => [NAME, CALLER].contains(&text.as_str()),
        Piece::Text(text) => text == VALUE,
        number => is_number(number),
    }
}

fn is_number(piece: &Piece) -> bool {
    matches!(piece, Piece::Word { text, quoted: false } if text == NUMBER)
}

/// Returns `true` if no character beside a mark continues a name or a literal.
fn stand_alone(text: &str) -> bool {
    let joins = |found: Option<char>| {
        found.is_some_and(|c| c.is_alphanumeric() || "_$\"'".contains(c) || !c.is_ascii())
    };
    let all = [QuotedValue::Name, QuotedValue::Caller, QuotedValue::Value, QuotedValue::Number];
    all.iter().map(|one| one.text()).all(|mark| {
        text.match_indices(&mark).all(|(at, _)| {
            !joins(text[..at].chars().next_back()) && !joins(text[at + mark.len()..].chars().next())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_token_of_its_own() {
        let [name, value, number] =
            [QuotedValue::Name, QuotedValue::Value, QuotedValue::Number].map(QuotedValue::text);
        for (text, expected) in [
            (format!("ANALYZE {name}.{name}"), true),
            (format!("VALUES ({value}, {number})"), true),
            (format!("ANALYZE part_{name}"), false),
            (format!("ANALYZE \"{name}\""), false),
            (format!("NOTIFY x, '{value}'"), false),
            (format!("NOTIFY x, E{value}"), false),
            (format!("SELECT $x${value}$x$"), false),
            (format!("SELECT 1 /* {value} */"), false),
            (format!("SELECT 1 -{number}"), false),
            (format!("INSERT INTO ops.part{number}"), false),
        ] {
            assert_eq!(split(&text).is_some(), expected, "{text}");
        }
    }
}
