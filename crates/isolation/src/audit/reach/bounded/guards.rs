//! Arguments that a body proves to be one of its own literals before it executes them:
//! `IF p NOT IN ('a', 'b') THEN RAISE …`, or `IF p IN ('a', 'b') THEN EXECUTE …`.

use super::super::condition::parts;
use super::super::executed_text::{closing, split_arguments};
use super::super::pieces::Piece;
use super::blocks::{begins, depths, writes};
use super::placeholders::is_plain;

/// Levels of `RAISE` that only tell.
const MESSAGES: &[&str] = &["debug", "info", "log", "notice", "warning"];

/// Functions of the server that change no more than the letters of their argument.
const LETTERS: &[&str] = &["btrim", "lower", "trim", "upper"];

/// Returns every text that a value may have at an `EXECUTE`; `None` if no condition before it says so.
pub(super) fn guarded(body: &[Piece], value: &[Piece], execute: usize) -> Option<Vec<String>> {
    let variable = variable(value)?;
    let depths = depths(body)?;
    let written = writes(body, variable)?;
    let starts = |at: &usize| body[*at].is("if") && *at > 0 && begins(&body[*at - 1]);
    (0..execute).filter(starts).find_map(|at| {
        let then = at + body[at..].iter().position(|piece| piece.is("then"))?;
        let condition = &body[at + 1..then];
        // The THEN of a CASE would be another one.
        if condition.iter().any(|piece| piece.is("case")) {
            return None;
        }
        if depths[at] == 1 && leaves(body, then + 1) && is_in_block(body, &depths, execute) {
            let refused = parts(condition, "or").into_iter().find_map(|part| others(part, value));
            return refused.filter(|_| is_kept(body, variable, &written, at));
        }
        let within = execute < branch_end(body, &depths, then, depths[at] + 1);
        let allowed = parts(condition, "and").into_iter().find_map(|part| ones(part, value));
        allowed.filter(|_| within && written.is_empty())
    })
}

/// Returns the variable of a value that is one, in other letters or not.
fn variable(value: &[Piece]) -> Option<&str> {
    match value {
        [Piece::Word { text, .. }] => Some(text),
        [function, Piece::Symbol(b'('), Piece::Word { text, .. }, Piece::Symbol(b')')]
            if function.is_any(LETTERS) =>
        {
            Some(text)
        }
        _ => None,
    }
}

/// Returns `true` if the first statement behind the THEN ends the function.
fn leaves(body: &[Piece], at: usize) -> bool {
    let next = |words: &[&str]| body.get(at + 1).is_some_and(|piece| piece.is_any(words));
    let first = |word: &str| body.get(at).is_some_and(|piece| piece.is(word));
    first("raise") && !next(MESSAGES) || first("return") && !next(&["next", "query"])
}

/// Returns `true` for a place in the statements of the body, and not in what handles their errors.
fn is_in_block(body: &[Piece], depths: &[usize], place: usize) -> bool {
    let is_handler = |at: usize| {
        depths[at] == 1 && body[at].is("exception") && body.get(at + 1).is_some_and(|next| next.is("when"))
    };
    !(0..place).any(is_handler)
}

/// Returns `true` if a variable keeps from this place on what it had there, and gave it to nothing before.
fn is_kept(body: &[Piece], variable: &str, written: &[usize], guard: usize) -> bool {
    let is_it = |at: &usize| matches!(&body[*at], Piece::Word { text, .. } if text == variable);
    written.is_empty()
        || written.iter().all(|at| *at < guard) && (0..guard).filter(is_it).all(|at| written.contains(&at))
}

/// Returns the place of the word that ends the branch behind this THEN.
fn branch_end(body: &[Piece], depths: &[usize], then: usize, depth: usize) -> usize {
    let ends = |at: &usize| depths[*at] == depth && body[*at].is_any(&["else", "elseif", "elsif", "end"]);
    (then + 1..body.len()).find(ends).unwrap_or(body.len())
}

/// Returns the literals of a condition that is true of every other value.
fn others(part: &[Piece], value: &[Piece]) -> Option<Vec<String>> {
    let [part] = parts(part, "and")[..] else { return None };
    if let [not, rest @ ..] = part
        && not.is("not")
    {
        return ones(parts(rest, "and").first()?, value);
    }
    match part.strip_prefix(value)? {
        [not, is_in, list @ ..] if not.is("not") && is_in.is("in") => literals(inside(list)?),
        [Piece::Symbol(b'<'), Piece::Symbol(b'>'), all, list @ ..] if all.is("all") => array(inside(list)?),
        [Piece::Symbol(b'!'), Piece::Symbol(b'='), all, list @ ..] if all.is("all") => array(inside(list)?),
        _ => None,
    }
}

/// Returns the literals of a condition that is true of no other value.
fn ones(part: &[Piece], value: &[Piece]) -> Option<Vec<String>> {
    match part.strip_prefix(value)? {
        [is_in, list @ ..] if is_in.is("in") => literals(inside(list)?),
        [Piece::Symbol(b'='), any, list @ ..] if any.is("any") => array(inside(list)?),
        [Piece::Symbol(b'='), one] => literals(std::slice::from_ref(one)),
        _ => None,
    }
}

/// Returns what stands in the parentheses that are all of these pieces.
fn inside(list: &[Piece]) -> Option<&[Piece]> {
    let is_all = list.first()? == &Piece::Symbol(b'(') && closing(list, 0)? + 1 == list.len();
    is_all.then(|| &list[1..list.len() - 1])
}

fn literals(list: &[Piece]) -> Option<Vec<String>> {
    split_arguments(list).into_iter().map(literal).collect()
}

/// Returns a literal, with a cast to text or not.
fn literal(part: &[Piece]) -> Option<String> {
    match part {
        [Piece::Text(text)] => is_plain(text).then(|| text.clone()),
        [one, Piece::Symbol(b':'), Piece::Symbol(b':'), of] if of.is_any(&["name", "text"]) => {
            literal(std::slice::from_ref(one))
        }
        _ => None,
    }
}

/// Returns the elements of `ARRAY['a', 'b']` or `'{a,b}'`, with a cast or not.
fn array(list: &[Piece]) -> Option<Vec<String>> {
    let list = match list {
        [
            rest @ ..,
            Piece::Symbol(b':'),
            Piece::Symbol(b':'),
            of,
            Piece::Symbol(b'['),
            Piece::Symbol(b']'),
        ] if of.is_any(&["name", "text", "varchar"]) => rest,
        list => list,
    };
    match list {
        [array, Piece::Symbol(b'['), elements @ .., Piece::Symbol(b']')] if array.is("array") => {
            literals(elements)
        }
        [Piece::Text(text)] => {
            let elements = text.strip_prefix('{')?.strip_suffix('}')?.split(',');
            let is_word = |one: &str| one.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            elements.map(|one| is_word(one.trim()).then(|| one.trim().to_owned())).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    fn known(text: &str) -> bool {
        let body = pieces(text);
        let execute = body.iter().position(|piece| piece.is("execute")).unwrap();
        guarded(&body, &pieces("p"), execute).is_some_and(|all| all == ["a", "b"])
    }

    #[test]
    fn an_argument_is_one_of_the_literals_with_which_it_was_compared() {
        for text in [
            "BEGIN IF p NOT IN ('a', 'b') THEN RAISE EXCEPTION 'x'; END IF; EXECUTE p; END",
            "BEGIN IF p IS NULL OR p NOT IN ('a', 'b') THEN RAISE 'x'; END IF; EXECUTE p; END",
            "BEGIN IF NOT p = ANY (ARRAY['a', 'b']) THEN RETURN; END IF; EXECUTE p; END",
            "BEGIN IF NOT (p = ANY ('{a,b}'::text[])) THEN RETURN NULL; END IF; EXECUTE p; END",
            "BEGIN IF p <> ALL (ARRAY['a', 'b']::text[]) THEN RAISE no_data_found; END IF; EXECUTE p; END",
            "BEGIN IF p IN ('a', 'b') AND q THEN EXECUTE p; END IF; END",
            "DECLARE p text := lower(q); BEGIN IF p NOT IN ('a', 'b') THEN RETURN; END IF; EXECUTE p; END",
        ] {
            assert!(known(text), "{text}");
        }
        for text in [
            "BEGIN IF p NOT IN ('a', 'b', q) THEN RAISE EXCEPTION 'x'; END IF; EXECUTE p; END",
            "BEGIN IF p NOT IN ('a', 'b') THEN RAISE WARNING 'x'; END IF; EXECUTE p; END",
            "BEGIN IF p NOT IN ('a', 'b') THEN RETURN QUERY SELECT 1; END IF; EXECUTE p; END",
            "BEGIN IF p NOT IN ('a', 'b') AND q THEN RAISE EXCEPTION 'x'; END IF; EXECUTE p; END",
            "BEGIN IF NOT (p IN ('a', 'b') OR q) THEN RAISE EXCEPTION 'x'; END IF; EXECUTE p; END",
            "BEGIN IF NOT p IN ('a', 'b') AND q THEN RAISE EXCEPTION 'x'; END IF; EXECUTE p; END",
            "BEGIN IF lower(p) NOT IN ('a', 'b') THEN RAISE EXCEPTION 'x'; END IF; EXECUTE p; END",
            "BEGIN IF p NOT IN ('a', 'b') THEN RAISE 'x'; END IF; p := q; EXECUTE p; END",
            "BEGIN EXECUTE p; IF p NOT IN ('a', 'b') THEN RAISE 'x'; END IF; END",
            "BEGIN IF q THEN IF p NOT IN ('a', 'b') THEN RAISE 'x'; END IF; END IF; EXECUTE p; END",
            "BEGIN IF q THEN PERFORM 1 AS end; IF p NOT IN ('a', 'b') THEN RAISE 'x'; END IF; END IF; EXECUTE p; END",
            "BEGIN BEGIN IF p NOT IN ('a', 'b') THEN RAISE 'x'; END IF; EXCEPTION WHEN OTHERS THEN NULL; END; EXECUTE p; END",
            "BEGIN IF p NOT IN ('a', 'b') THEN RAISE 'x'; END IF; EXCEPTION WHEN OTHERS THEN EXECUTE p; END",
            "BEGIN IF p IN ('a', 'b') THEN NULL; ELSE EXECUTE p; END IF; END",
            "BEGIN IF p IN ('a', 'b') OR q THEN EXECUTE p; END IF; END",
            "BEGIN IF p IN ('a', 'b') THEN LOOP p := q; EXECUTE p; END LOOP; END IF; END",
            "BEGIN IF p NOT IN (SELECT 'a') THEN RAISE 'x'; END IF; EXECUTE p; END",
            "DECLARE p text := q; r text := p; BEGIN p := 'a'; IF p NOT IN ('a', 'b') THEN RETURN; END IF; EXECUTE p; END",
        ] {
            assert!(!known(text), "{text}");
        }
    }
}
