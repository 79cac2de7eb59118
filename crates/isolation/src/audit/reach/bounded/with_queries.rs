//! Queries of a WITH: <https://www.postgresql.org/docs/current/queries-with.html>.

use super::super::executed_text::closing;
use super::super::pieces::Piece;

/// A query of a WITH.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WithQuery<'a> {
    pub name: &'a str,
    /// Place of the WITH.
    pub with: usize,
    /// Place of the first word of the query.
    pub start: usize,
    /// Place behind it: of the next one, or of the statement of the WITH.
    pub end: usize,
}

pub(super) fn with_queries(pieces: &[Piece]) -> Vec<WithQuery<'_>> {
    let all = (0..pieces.len()).filter(|at| pieces[*at].is("with"));
    all.flat_map(|with| queries(pieces, with).unwrap_or_default()).collect()
}

/// Returns the queries of one WITH; `None` if one of them has another form.
fn queries(pieces: &[Piece], with: usize) -> Option<Vec<WithQuery<'_>>> {
    let is = |at: usize, word: &str| pieces.get(at).is_some_and(|piece| piece.is(word));
    let (mut found, mut at) = (vec![], with + 1 + usize::from(is(with + 1, "recursive")));
    loop {
        let Piece::Word { text: name, .. } = pieces.get(at)? else { return None };
        at += 1;
        if pieces.get(at) == Some(&Piece::Symbol(b'(')) {
            at = closing(pieces, at)? + 1;
        }
        at += usize::from(is(at, "as"));
        at += usize::from(is(at, "not")) + usize::from(is(at + usize::from(is(at, "not")), "materialized"));
        if !matches!(pieces.get(at - 1), Some(word) if word.is_any(&["as", "materialized"]))
            || pieces.get(at) != Some(&Piece::Symbol(b'('))
        {
            return None;
        }
        let (start, end) = (at + 1, closing(pieces, at)? + 1);
        found.push(WithQuery { name, with, start, end });
        at = end;
        if pieces.get(at) != Some(&Piece::Symbol(b',')) {
            return Some(found);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn the_queries_of_a_with_have_names() {
        for (text, names) in [
            ("WITH a AS (SELECT 1) SELECT * FROM a", "a"),
            (
                "WITH RECURSIVE a (n) AS NOT MATERIALIZED (SELECT 1), b AS MATERIALIZED (SELECT 2) SELECT 1",
                "a b",
            ),
            ("SELECT 1 FROM t WITH ORDINALITY", ""),
            ("REFRESH MATERIALIZED VIEW v WITH DATA", ""),
        ] {
            let words = pieces(text);
            let found: Vec<&str> = with_queries(&words).iter().map(|query| query.name).collect();
            assert_eq!(found.join(" "), names, "{text}");
        }
    }
}
