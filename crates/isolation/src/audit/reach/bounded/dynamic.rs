//! Statements that `EXECUTE` runs: texts of literals and of quoted values, judged as if they stood in the body.
//!
//! Sources: <https://www.postgresql.org/docs/current/plpgsql-statements.html>, "Executing Dynamic Commands", and
//! <https://www.postgresql.org/docs/current/functions-string.html>, `format`.

use super::super::executed_text::{closing, split_arguments};
use super::super::pieces::{Piece, name_at};
use super::placeholders::{QuotedValue, split};
use super::variables::assigned_texts;

/// Deepest variable in the value of a variable.
pub(super) const MAX_DEPTH: usize = 3;

/// Most texts that an expression may have, by the assignments of its variables.
const MOST_TEXTS: usize = 16;

/// Types whose values print as digits, and as names that are quoted where that is necessary.
const NUMBERS: &[&str] = &["int", "int2", "int4", "int8", "integer", "bigint", "smallint", "oid"];
const NAMES: &[&str] = &["regclass", "regproc", "regprocedure", "regtype", "regnamespace", "regrole"];

/// Returns each statement that the expression of an `EXECUTE` may be; `None` if it may be anything.
pub(super) fn executed(body: &[Piece], expression: &[Piece], depth: usize) -> Option<Vec<Vec<Piece>>> {
    texts(body, expression, depth)?.iter().map(|text| split(text)).collect()
}

/// Returns the place behind the expression of the `EXECUTE` at this place.
pub(super) fn expression_end(pieces: &[Piece], execute: usize) -> usize {
    let mut depth = 0i32;
    let ends = |(_, piece): &(usize, &Piece)| {
        match piece {
            Piece::Symbol(b'(') => depth += 1,
            Piece::Symbol(b')') => depth -= 1,
            Piece::Symbol(b';') => return true,
            word => return depth == 0 && word.is_any(&["into", "using", "loop"]),
        }
        false
    };
    pieces.iter().enumerate().skip(execute + 1).find(ends).map_or(pieces.len(), |(at, _)| at)
}

fn texts(body: &[Piece], expression: &[Piece], depth: usize) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for part in operands(expression) {
        let next = operand(body, part, depth)?;
        all = all.iter().flat_map(|text| next.iter().map(move |part| format!("{text}{part}"))).collect();
        if all.len() > MOST_TEXTS {
            return None;
        }
    }
    Some(all)
}

/// Splits at each `||` outside all parentheses.
fn operands(expression: &[Piece]) -> Vec<&[Piece]> {
    let (mut parts, mut start, mut depth, mut at) = (vec![], 0, 0i32, 0);
    while at < expression.len() {
        match &expression[at] {
            Piece::Symbol(b'(' | b'[') => depth += 1,
            Piece::Symbol(b')' | b']') => depth -= 1,
            Piece::Symbol(b'|') if depth == 0 && expression.get(at + 1) == Some(&Piece::Symbol(b'|')) => {
                parts.push(&expression[start..at]);
                at += 1;
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&expression[start..]);
    parts
}

fn operand(body: &[Piece], part: &[Piece], depth: usize) -> Option<Vec<String>> {
    if let Some(kind) = cast(part) {
        return Some(vec![kind.text()]);
    }
    match part {
        [Piece::Text(text)] => is_plain(text).then(|| vec![text.clone()]),
        [Piece::Symbol(b'('), inner @ .., Piece::Symbol(b')')]
            if closing(part, 0) == Some(part.len() - 1) =>
        {
            texts(body, inner, depth)
        }
        [Piece::Word { text, .. }] if depth > 0 => {
            let found = assigned_texts(body, text)?;
            let all: Option<Vec<_>> = found.into_iter().map(|value| texts(body, value, depth - 1)).collect();
            all.map(|all| all.concat()).filter(|all| all.len() <= MOST_TEXTS)
        }
        _ => call(body, part, depth),
    }
}

/// Returns `true` for a literal that is what its text says, without escapes or a continuation on the next line.
fn is_plain(text: &str) -> bool {
    let mut parts = text.split('\'').skip(1);
    let continues = |between: &str| between.contains('\n') && between.trim().is_empty();
    !text.contains('\\') && !parts.any(continues)
}

/// Returns what the value of a cast prints as.
fn cast(part: &[Piece]) -> Option<QuotedValue> {
    let [.., Piece::Symbol(b':'), Piece::Symbol(b':'), Piece::Word { text, quoted: false }] = part else {
        return None;
    };
    match text.as_str() {
        number if NUMBERS.contains(&number) => Some(QuotedValue::Number),
        name if NAMES.contains(&name) => Some(QuotedValue::Name),
        _ => None,
    }
}

fn call(body: &[Piece], part: &[Piece], depth: usize) -> Option<Vec<String>> {
    let (name, open) = name_at(part, 0)?;
    let is_servers = name.schema.as_deref().is_none_or(|of| of == "pg_catalog");
    if !is_servers || part.get(open) != Some(&Piece::Symbol(b'(')) || closing(part, open)? + 1 != part.len() {
        return None;
    }
    let arguments = &part[open + 1..part.len() - 1];
    match name.name.as_str() {
        "quote_ident" => Some(vec![quoted_name(arguments).text()]),
        "quote_literal" | "quote_nullable" => Some(vec![QuotedValue::Value.text()]),
        "format" => formatted(body, &split_arguments(arguments), depth),
        _ => None,
    }
}

fn quoted_name(argument: &[Piece]) -> QuotedValue {
    match argument {
        [one] if one.is("session_user") => QuotedValue::Caller,
        _ => QuotedValue::Name,
    }
}

/// Returns what `format` makes of a literal, in which only a position may stand between `%` and the letter.
fn formatted(body: &[Piece], parts: &[&[Piece]], depth: usize) -> Option<Vec<String>> {
    let [Piece::Text(format)] = *parts.first()? else { return None };
    if !is_plain(format) {
        return None;
    }
    let (mut all, mut rest, mut position) = (vec![String::new()], format.as_str(), 0);
    while let Some(at) = rest.find('%') {
        let (before, spec) = (&rest[..at], &rest[at + 1..]);
        let letter = spec.find(|c: char| !c.is_ascii_digit() && c != '$')?;
        position = match spec[..letter].strip_suffix('$') {
            Some(number) => number.parse().ok()?,
            None if letter == 0 && spec.starts_with('%') => position,
            None if letter == 0 => position + 1,
            None => return None,
        };
        let argument = || parts.get(position).filter(|_| position > 0);
        let values = match spec[letter..].chars().next()? {
            '%' => vec!["%".to_owned()],
            'I' => vec![quoted_name(argument()?).text()],
            'L' => argument().map(|_| vec![QuotedValue::Value.text()])?,
            's' => texts(body, argument()?, depth)?,
            _ => return None,
        };
        all = all.iter().flat_map(|text| values.iter().map(move |v| format!("{text}{before}{v}"))).collect();
        if all.len() > MOST_TEXTS {
            return None;
        }
        rest = &spec[letter + 1..];
    }
    Some(all.into_iter().map(|text| text + rest).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn the_statement_is_known_unless_a_value_is_not_quoted() {
        for (body, expression, expected) in [
            ("", "'ANALYZE app.item'", 1),
            ("", "'ANALYZE ' || 'app.item'", 1),
            ("", "format('ANALYZE %I.%I', s, t)", 1),
            ("", "pg_catalog.format('SELECT %2$L, %1$s', 'a', b)", 1),
            ("", "'ANALYZE ' || quote_ident(t)", 1),
            ("", "'ANALYZE ' || t::regclass", 1),
            ("", "format('ANALYZE %s', t::regclass)", 1),
            ("", "format('ANALYZE %s', t)", 0),
            ("", "format('ANALYZE %10s', 't')", 0),
            ("", "format('ANALYZE %I')", 0),
            ("", "format(f, t)", 0),
            ("", "'ANALYZE ' || t", 0),
            ("", "E'SELECT \\x27'", 0),
            ("", "app.format('x')", 0),
            ("DECLARE q text := 'ANALYZE'; BEGIN EXECUTE q; END", "q", 1),
            (
                "DECLARE q text; BEGIN IF a THEN q := 'ANALYZE'; ELSE q = 'SELECT 1'; END IF; EXECUTE q; END",
                "q",
                2,
            ),
            ("BEGIN IF a THEN q := 'ANALYZE'; END IF; EXECUTE q; END", "q", 0),
            ("DECLARE q text := 'ANALYZE'; BEGIN q = x; EXECUTE q; END", "q", 0),
            ("DECLARE q text := 'ANALYZE'; BEGIN SELECT x INTO q; EXECUTE q; END", "q", 0),
            ("DECLARE q text := 'ANALYZE'; BEGIN q := q || x; EXECUTE q; END", "q", 0),
        ] {
            let found = executed(&pieces(body), &pieces(expression), 3);
            assert_eq!(found.map_or(0, |all| all.len()), expected, "{expression} after {body}");
        }
    }
}
