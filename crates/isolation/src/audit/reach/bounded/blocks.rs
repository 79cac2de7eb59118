//! Blocks of a PL/pgSQL body, and the places at which a variable may get another value:
//! <https://www.postgresql.org/docs/current/plpgsql-structure.html>.

use super::super::pieces::Piece;

/// Words that open a block of statements, or an expression with an `END`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenBlock {
    Begin,
    Case,
    If,
    Loop,
}

/// Returns how many blocks are open at each place; `None` if they cannot be told apart, as where a column has the name of a
/// keyword.
pub(super) fn depths(body: &[Piece]) -> Option<Vec<usize>> {
    let (mut open, mut depths) = (vec![], Vec::with_capacity(body.len()));
    for (at, piece) in body.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &body[at]);
        depths.push(open.len());
        if piece.is("end") {
            closes(open.pop()?, body.get(at + 1)).then_some(())?;
            continue;
        }
        if before.is_some_and(|before| before.is("end")) {
            continue;
        }
        match piece {
            word if word.is("begin") => open.push(OpenBlock::Begin),
            word if word.is("case") => open.push(OpenBlock::Case),
            word if word.is("loop") => open.push(OpenBlock::Loop),
            word if word.is("if") && before.is_some_and(begins) => open.push(OpenBlock::If),
            _ => {}
        }
    }
    open.is_empty().then_some(depths)
}

/// Returns `true` if the word behind an `END` fits what it closes.
fn closes(block: OpenBlock, next: Option<&Piece>) -> bool {
    let is = |word: &str| next.is_some_and(|next| next.is(word));
    match block {
        OpenBlock::If => is("if"),
        OpenBlock::Loop => is("loop"),
        OpenBlock::Begin => {
            next.is_none_or(|next| *next == Piece::Symbol(b';') || matches!(next, Piece::Word { .. }))
                && !is("if")
                && !is("loop")
        }
        OpenBlock::Case => !is("if") && !is("loop"),
    }
}

/// Returns the places at which a variable or an argument may get a value, its declaration included; `None` if another block may
/// have a variable of the name.
pub(super) fn writes(body: &[Piece], variable: &str) -> Option<Vec<usize>> {
    let declares = body.iter().filter(|piece| piece.is("declare")).count();
    let is_first = body.first().is_some_and(|piece| piece.is("declare"));
    if declares > usize::from(is_first) {
        return None;
    }
    let is_it = |at: &usize| matches!(&body[*at], Piece::Word { text, .. } if text == variable);
    Some((0..body.len()).filter(is_it).filter(|at| may_write(body, *at)).collect())
}

/// Returns `true` unless the name at this place only gives its value.
fn may_write(body: &[Piece], at: usize) -> bool {
    let is = |at: usize, byte: u8| body.get(at) == Some(&Piece::Symbol(byte));
    let before = at.checked_sub(1).map(|at| &body[at]);
    let starts = before.is_none_or(|before| begins(before) || is_label(before));
    let assigns = is(at + 1, b':') && is(at + 2, b'=') || starts && !is(at + 1, b'(');
    assigns || is_declared(body, at) || is_filled(body, at)
}

/// Returns `true` for the end of a label, and for the dot behind one.
fn is_label(before: &Piece) -> bool {
    *before == Piece::Symbol(b'>') || *before == Piece::Symbol(b'.') || before.is("declare")
}

fn is_declared(body: &[Piece], at: usize) -> bool {
    let begin = body.iter().position(|piece| piece.is("begin")).unwrap_or(0);
    at < begin && at > 0 && (body[at - 1] == Piece::Symbol(b';') || body[at - 1].is("declare"))
}

/// Returns `true` for a name in the list behind an `INTO`, before the `IN` of a loop, and in `GET DIAGNOSTICS`.
fn is_filled(body: &[Piece], at: usize) -> bool {
    let in_list = |piece: &Piece| matches!(piece, Piece::Word { .. } | Piece::Symbol(b',' | b'.'));
    let ends = |piece: &Piece| piece.is_any(&["in", "from", "where", "using", "set", "values", "select"]);
    let back = body[..at].iter().rev().take_while(|piece| in_list(piece) && !ends(piece));
    let fills = |piece: &Piece| piece.is_any(&["into", "for", "foreach"]);
    let mut back = back;
    let statement = body[..at].iter().rev().take_while(|piece| **piece != Piece::Symbol(b';'));
    back.any(fills) || statement.filter(|piece| piece.is("diagnostics")).count() > 0
}

/// Returns `true` for a piece behind which a statement begins.
pub(super) fn begins(before: &Piece) -> bool {
    *before == Piece::Symbol(b';') || before.is_any(&["begin", "then", "else", "loop"])
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn the_blocks_of_a_body_are_counted() {
        for (text, expected) in [
            ("BEGIN NULL; END", true),
            ("BEGIN IF a THEN b := CASE WHEN c THEN 1 END; END IF; LOOP EXIT; END LOOP; END;", true),
            ("BEGIN CASE a WHEN 1 THEN NULL; ELSE NULL; END CASE; END", true),
            ("BEGIN IF EXISTS (SELECT 1) THEN RETURN; END IF; END f", true),
            ("BEGIN IF a THEN PERFORM 1 AS end; END IF; END", false),
            ("BEGIN BEGIN x := CASE WHEN (SELECT 1 end) = 1 THEN 2 END; END; END", false),
            ("BEGIN LOOP NULL; END; END", false),
        ] {
            assert_eq!(depths(&pieces(text)).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_is_written_where_a_statement_may_fill_it() {
        for (text, count) in [
            ("BEGIN RETURN lower(p) || p; END", 0),
            ("BEGIN IF p = 'a' OR p IN ('b') THEN RETURN p; END IF; END", 0),
            ("BEGIN p := 'x'; f.p = 'y'; p[1] := 'z'; END", 3),
            ("BEGIN SELECT a, b INTO STRICT q, p FROM t WHERE c = p; END", 1),
            ("BEGIN FOR p IN 1..3 LOOP NULL; END LOOP; FOREACH p IN ARRAY q LOOP NULL; END LOOP; END", 2),
            ("BEGIN GET DIAGNOSTICS p = ROW_COUNT; END", 1),
            ("DECLARE q text; p text := q; BEGIN NULL; END", 1),
            ("BEGIN EXECUTE 'x' INTO p USING p; END", 1),
        ] {
            assert_eq!(writes(&pieces(text), "p").map(|all| all.len()), Some(count), "{text}");
        }
        assert_eq!(writes(&pieces("BEGIN DECLARE p text := q; BEGIN EXECUTE p; END; END"), "p"), None);
    }
}
