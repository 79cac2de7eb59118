//! Statements that `EXECUTE` runs: texts of literals and of quoted values, judged as if they stood in the body.
//!
//! Sources: <https://www.postgresql.org/docs/current/plpgsql-statements.html>, "Executing Dynamic Commands", and
//! <https://www.postgresql.org/docs/current/functions-string.html>, `format`.

use super::super::executed_text::{closing, split_arguments};
use super::super::pieces::{Piece, name_at};
use super::guards::guarded;
use super::placeholders::{MARK, QuotedValue, is_plain, split};
use super::variables::{assigned_texts, is_number};

/// Deepest variable in the value of a variable.
pub(super) const MAX_DEPTH: usize = 3;

/// Most texts that an expression may have, by the assignments of its variables.
const MOST_TEXTS: usize = 64;

/// Types whose values print as digits, and as names that are quoted where that is necessary.
const NUMBERS: &[&str] = &["int", "int2", "int4", "int8", "integer", "bigint", "smallint", "oid"];
const NAMES: &[&str] = &["regclass", "regproc", "regprocedure", "regtype", "regnamespace", "regrole"];

/// An `EXECUTE` of a body.
#[derive(Clone, Copy)]
struct ExecutedText<'p> {
    body: &'p [Piece],
    /// Place of the word.
    at: usize,
}

/// Returns each statement that the `EXECUTE` at this place may run; `None` if it may run anything.
pub(super) fn executed(body: &[Piece], at: usize, depth: usize) -> Option<Vec<Vec<Piece>>> {
    let expression = &body[at + 1..expression_end(body, at)];
    texts(ExecutedText { body, at }, expression, depth)?.iter().map(|text| split(text)).collect()
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

fn texts(of: ExecutedText<'_>, expression: &[Piece], depth: usize) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for part in operands(expression) {
        let next = operand(of, part, depth)?;
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

fn operand(of: ExecutedText<'_>, part: &[Piece], depth: usize) -> Option<Vec<String>> {
    if let Some(kind) = cast(part) {
        return Some(vec![kind.text()]);
    }
    if let Some(known) = guarded(of.body, part, of.at) {
        return Some(known);
    }
    match part {
        [Piece::Text(text)] => is_plain(text).then(|| vec![text.clone()]),
        [Piece::Symbol(b'('), inner @ .., Piece::Symbol(b')')]
            if closing(part, 0) == Some(part.len() - 1) =>
        {
            texts(of, inner, depth)
        }
        [case, .., end] if case.is("case") && end.is("end") => union(of, &results(part)?, depth),
        [Piece::Word { text, .. }] if is_number(of.body, text, NUMBERS) => {
            Some(vec![QuotedValue::Number.text()])
        }
        [Piece::Word { text, .. }] if depth > 0 => assigned(of, text, depth - 1),
        _ => call(of, part, depth),
    }
}

/// Returns the texts that a variable may have: each of those that it is given, with any of those that are added to its own, in
/// their order.
fn assigned(of: ExecutedText<'_>, variable: &str, depth: usize) -> Option<Vec<String>> {
    let appended = |value: &&[Piece]| matches!(value, [Piece::Word { text, .. }, Piece::Symbol(b'|'), Piece::Symbol(b'|'), ..] if text == variable);
    let (added, given): (Vec<_>, Vec<_>) = assigned_texts(of.body, variable)?.into_iter().partition(appended);
    // A loop adds any number of them.
    if !added.is_empty() && of.body.iter().any(|piece| piece.is("loop")) {
        return None;
    }
    let mut all = union(of, &given, depth)?;
    for value in added {
        let more = texts(of, &value[3..], depth)?;
        let longer: Vec<String> =
            all.iter().flat_map(|text| more.iter().map(move |part| format!("{text}{part}"))).collect();
        all.extend(longer);
        if all.len() > MOST_TEXTS {
            return None;
        }
    }
    Some(all)
}

/// Returns the texts of all of these expressions.
fn union(of: ExecutedText<'_>, expressions: &[&[Piece]], depth: usize) -> Option<Vec<String>> {
    let all: Option<Vec<_>> = expressions.iter().map(|one| texts(of, one, depth)).collect();
    all.map(|all| all.concat()).filter(|all| all.len() <= MOST_TEXTS)
}

/// Returns the results of a CASE; without an ELSE it may be NULL, of which nothing is executed.
fn results(case: &[Piece]) -> Option<Vec<&[Piece]>> {
    let (mut all, mut open, mut from) = (vec![], 0, None);
    for (at, piece) in case.iter().enumerate() {
        let is_own = open == 1 && piece.is_any(&["else", "end", "then", "when"]);
        if let Some(start) = from.filter(|_| is_own) {
            all.push(&case[start..at]);
            from = None;
        }
        if is_own && piece.is_any(&["else", "then"]) {
            from = Some(at + 1);
        }
        open += i32::from(piece.is("case")) - i32::from(piece.is("end"));
    }
    // No part of it follows its END.
    let ends = case.iter().filter(|piece| piece.is("end")).count();
    let cases = case.iter().filter(|piece| piece.is("case")).count();
    (open == 0 && ends == cases && is_one(case)).then_some(all)
}

/// Returns `true` if the first CASE ends with the last piece.
fn is_one(case: &[Piece]) -> bool {
    let mut open = 0;
    let mut closes = case.iter().enumerate().filter(|(_, piece)| {
        open += i32::from(piece.is("case")) - i32::from(piece.is("end"));
        open == 0
    });
    closes.next().is_some_and(|(at, _)| at + 1 == case.len())
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

fn call(of: ExecutedText<'_>, part: &[Piece], depth: usize) -> Option<Vec<String>> {
    let (name, open) = name_at(part, 0)?;
    let is_servers = name.schema.as_deref().is_none_or(|of| of == "pg_catalog");
    if !is_servers || part.get(open) != Some(&Piece::Symbol(b'(')) || closing(part, open)? + 1 != part.len() {
        return None;
    }
    let arguments = &part[open + 1..part.len() - 1];
    match name.name.as_str() {
        "quote_ident" => Some(names(of, arguments, depth)),
        "quote_literal" | "quote_nullable" => Some(vec![QuotedValue::Value.text()]),
        "format" => formatted(of, &split_arguments(arguments), depth),
        "coalesce" => union(of, &split_arguments(arguments), depth),
        "lower" => cased(texts(of, arguments, depth)?, str::to_ascii_lowercase),
        "upper" => cased(texts(of, arguments, depth)?, str::to_ascii_uppercase),
        _ => None,
    }
}

/// Returns texts in other letters; those of other languages change by the rules of the database.
fn cased(texts: Vec<String>, to: fn(&str) -> String) -> Option<Vec<String>> {
    texts.iter().map(|text| text.is_ascii().then(|| to(text))).collect()
}

/// Returns what a value is as a quoted name: each of the texts that it may have, or a mark.
fn names(of: ExecutedText<'_>, argument: &[Piece], depth: usize) -> Vec<String> {
    let is_known = |text: &String| !text.contains(MARK);
    match texts(of, argument, depth).filter(|all| all.iter().all(is_known)) {
        _ if matches!(argument, [one] if one.is("session_user")) => vec![QuotedValue::Caller.text()],
        Some(all) => all.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect(),
        None => vec![QuotedValue::Name.text()],
    }
}

/// Returns what `format` makes of a literal, in which only a position may stand between `%` and the letter.
fn formatted(of: ExecutedText<'_>, parts: &[&[Piece]], depth: usize) -> Option<Vec<String>> {
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
            'I' => names(of, argument()?, depth),
            'L' => argument().map(|_| vec![QuotedValue::Value.text()])?,
            's' => optional(argument()?, texts(of, argument()?, depth)?),
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

/// Adds the empty text, which is what NULL prints as, unless the argument is a literal or a quoted value.
fn optional(argument: &[Piece], mut texts: Vec<String>) -> Vec<String> {
    let quotes = name_at(argument, 0)
        .is_some_and(|(name, _)| name.name.starts_with("quote_") || name.name == "format");
    if !quotes && cast(argument).is_none() && !matches!(argument, [Piece::Text(_)]) {
        texts.push(String::new());
    }
    texts
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
            ("", "'SELECT 1 ORDER BY ' || CASE p WHEN 'a' THEN 'a' ELSE 'b' END", 2),
            ("", "'SELECT 1 ORDER BY ' || CASE p WHEN 'a' THEN 'a' ELSE p END", 0),
            ("", "'SELECT ' || CASE WHEN a THEN 'b' END || CASE WHEN c THEN p END", 0),
            ("", "CASE WHEN a THEN 'x' END || p || CASE WHEN c THEN 'd' END", 0),
            ("", "format('SELECT %s', coalesce(CASE a WHEN 1 THEN CASE b WHEN 2 THEN 'c' END END, 'd'))", 3),
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
            (
                "DECLARE q text := 'ANALYZE'; BEGIN IF a THEN q := q || ' app.item'; END IF; EXECUTE q; END",
                "q",
                2,
            ),
            (
                "DECLARE q text := 'ANALYZE'; BEGIN LOOP q := q || ' app.item'; END LOOP; EXECUTE q; END",
                "q",
                0,
            ),
            ("DECLARE n int := x; BEGIN NULL; END", "'SELECT ' || n", 1),
            ("DECLARE n int[] := x; BEGIN NULL; END", "'SELECT ' || n", 0),
            ("DECLARE n text := x; BEGIN NULL; END", "'SELECT ' || n", 0),
        ] {
            let mut body = pieces(body);
            body.push(pieces("execute").remove(0));
            let at = body.len() - 1;
            body.extend(pieces(expression));
            let found = executed(&body, at, 3);
            assert_eq!(found.map_or(0, |all| all.len()), expected, "{expression} after {body:?}");
        }
    }
}
