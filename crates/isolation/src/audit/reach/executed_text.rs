//! Text that a function executes: its own literals and quoted values, or anything.
//!
//! Sources: <https://www.postgresql.org/docs/current/plpgsql-statements.html>, "Quoting Values in Dynamic Queries", and
//! <https://www.postgresql.org/docs/current/functions-string.html>, `format`.

use super::pieces::{Piece, name_at};

/// Functions whose result is quoted as SQL.
const QUOTING: &[&str] = &["quote_ident", "quote_literal", "quote_nullable", "pg_describe_object", "chr"];
/// Functions whose result is as fixed as their arguments.
const JOINING: &[&str] = &[
    "concat", "concat_ws", "coalesce", "upper", "lower", "btrim", "trim", "left", "array_to_string",
    "string_agg",
];
/// Types whose values are printed as quoted names, numbers or times.
const QUOTED_TYPES: &[&str] = &[
    "regclass", "regproc", "regprocedure", "regtype", "regnamespace", "regrole", "oid", "int", "integer",
    "int4", "int8", "bigint", "smallint", "numeric", "boolean", "bool", "date", "uuid", "interval",
    "timestamptz",
];

/// Returns `true` if an expression consists of literals and quoted values; a variable counts as what is assigned to
/// it in the body.
pub(crate) fn is_fixed(body: &[Piece], expression: &[Piece], depth: usize) -> bool {
    let mut at = 0;
    while let Some(piece) = expression.get(at) {
        match piece {
            // A parameter.
            Piece::Symbol(b'$') => return false,
            // The type of a cast.
            Piece::Symbol(b':') if expression.get(at + 1) == Some(&Piece::Symbol(b':')) => at += 3,
            Piece::Word { .. } => match after_value(body, expression, at, depth) {
                Some(next) => at = next,
                None => return false,
            },
            _ => at += 1,
        }
    }
    true
}

/// Returns the place behind a call or a variable; `None` if its value may be anything.
fn after_value(body: &[Piece], expression: &[Piece], at: usize, depth: usize) -> Option<usize> {
    let (name, next) = name_at(expression, at)?;
    if expression.get(next) == Some(&Piece::Symbol(b'(')) {
        let close = closing(expression, next)?;
        let arguments = expression.get(next + 1..close)?;
        let fixed = match name.name.as_str() {
            "format" => is_quoted_format(body, arguments, depth),
            quoting if QUOTING.contains(&quoting) || quoting.starts_with("pg_get_") => true,
            joining if JOINING.contains(&joining) => is_fixed(body, arguments, depth),
            _ => is_quoted_type(expression, close + 1),
        };
        return fixed.then_some(close + 1);
    }
    let fixed = is_quoted_type(expression, next)
        || name.schema.is_none() && depth > 0 && is_assigned_fixed(body, &name.name, depth - 1);
    fixed.then_some(next)
}

/// Returns the place of the parenthesis that closes the one at `open`.
pub(crate) fn closing(pieces: &[Piece], open: usize) -> Option<usize> {
    let mut depth = 0i32;
    pieces.iter().enumerate().skip(open).find_map(|(at, piece)| {
        depth += match piece {
            Piece::Symbol(b'(') => 1,
            Piece::Symbol(b')') => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })
}

/// Returns `true` if a cast to such a type follows.
fn is_quoted_type(pieces: &[Piece], at: usize) -> bool {
    let cast = [Some(&Piece::Symbol(b':')); 2] == [pieces.get(at), pieces.get(at + 1)];
    cast && name_at(pieces, at + 2).is_some_and(|(name, _)| QUOTED_TYPES.contains(&name.name.as_str()))
}

/// Returns `true` if the format is a literal, and each argument of `%s` is fixed; `%I` and `%L` quote.
fn is_quoted_format(body: &[Piece], arguments: &[Piece], depth: usize) -> bool {
    let parts = split_arguments(arguments);
    let Some([Piece::Text(format)]) = parts.first() else { return false };
    let mut position = 0;
    for spec in format.replace("%%", "").split('%').skip(1) {
        let flags = spec.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(spec.len());
        let (flags, letter) = spec.split_at(flags);
        position = flags.split_once('$').and_then(|(number, _)| number.parse().ok()).unwrap_or(position + 1);
        let fixed = || parts.get(position).is_none_or(|part| is_fixed(body, part, depth));
        if !letter.starts_with(['I', 'L']) && !fixed() {
            return false;
        }
    }
    true
}

/// Splits arguments at the commas between them.
pub(super) fn split_arguments(arguments: &[Piece]) -> Vec<&[Piece]> {
    let (mut parts, mut start, mut depth) = (vec![], 0, 0i32);
    for (at, piece) in arguments.iter().enumerate() {
        match piece {
            Piece::Symbol(b'(' | b'[') => depth += 1,
            Piece::Symbol(b')' | b']') => depth -= 1,
            Piece::Symbol(b',') if depth == 0 => {
                parts.push(&arguments[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&arguments[start..]);
    parts
}

/// Returns `true` if a variable is assigned, and only fixed text: by `:=`, or as the one column of a loop's query.
fn is_assigned_fixed(body: &[Piece], variable: &str, depth: usize) -> bool {
    let mut assigned = false;
    for (at, piece) in body.iter().enumerate().filter(|(_, piece)| piece.is(variable)) {
        let before = at.checked_sub(1).map(|at| &body[at]);
        if before.is_some_and(|before| before.is("into")) {
            return false;
        }
        let query = before.is_some_and(|before| before.is("for")) && piece.is(variable);
        let Some(expression) = (if query { queried(body, at) } else { after_assignment(body, at) }) else {
            if query {
                return false;
            }
            continue;
        };
        assigned = true;
        if !is_fixed(body, expression, depth) {
            return false;
        }
    }
    assigned
}

/// Returns the expression of `variable := …`, with a type between in a declaration.
fn after_assignment(body: &[Piece], at: usize) -> Option<&[Piece]> {
    let ends = |piece: &Piece| *piece == Piece::Symbol(b';');
    let sign = (at + 1..body.len().min(at + 4))
        .take_while(|at| !ends(&body[*at]))
        .find(|at| body[*at] == Piece::Symbol(b':') && body.get(at + 1) == Some(&Piece::Symbol(b'=')))?;
    let rest = body.get(sign + 2..)?;
    rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))
}

/// Returns the columns of `FOR variable IN SELECT … FROM`.
fn queried(body: &[Piece], at: usize) -> Option<&[Piece]> {
    let is_select = body.get(at + 1)?.is("in") && body.get(at + 2)?.is("select");
    let rest = body.get(at + 3..).filter(|_| is_select)?;
    rest.get(..rest.iter().position(|piece| piece.is("from"))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::reach::pieces::pieces;

    #[test]
    fn a_value_that_is_not_quoted_is_not_fixed() {
        for (body, expression, expected) in [
            ("", "'SELECT 1'", true),
            ("", "j.cmd", false),
            ("", "$1", false),
            ("", "'DROP TABLE ' || t", false),
            ("", "'DROP TABLE ' || quote_ident(t)", true),
            ("", "'DROP TABLE ' || t::regclass", true),
            ("", "'DROP TABLE ' || t::text", false),
            ("", "format('DROP TABLE %I.%I', s, t)", true),
            ("", "format('DROP TABLE %s', t)", false),
            ("", "format('DROP TABLE %s', t::regclass)", true),
            ("", "format('GRANT %2$s ON %1$I', t, p)", false),
            ("", "pg_catalog.format('%I %%s', t)", true),
            ("", "concat('a', 'b')", true),
            ("", "current_setting('x.y')", false),
            ("q := format('VACUUM %I', t);", "q", true),
            ("q := 'VACUUM ' || t;", "q", false),
            ("SELECT cmd INTO q FROM jobs;", "q", false),
            ("FOR q IN SELECT format('VACUUM %I', t) FROM x LOOP", "q", true),
            ("FOR q IN SELECT cmd FROM x LOOP", "q", false),
            ("DECLARE q text := 'SELECT 1'; BEGIN", "q", true),
        ] {
            let found = is_fixed(&pieces(body), &pieces(expression), 3);
            assert_eq!(found, expected, "{expression} after {body}");
        }
    }
}
