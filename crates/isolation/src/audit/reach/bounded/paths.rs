//! Names that a body writes without a schema, as its search path finds them:
//! <https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH>.

use std::collections::BTreeSet;

use super::super::body_text::is_target;
use super::super::pieces::{Piece, name_at};
use super::with_queries::with_queries;

/// Types whose names are keywords: no type of another schema is meant.
const KEYWORDS: &[&str] = &[
    "bigint", "bit", "boolean", "char", "character", "dec", "decimal", "double", "float", "int", "integer",
    "interval", "numeric", "real", "smallint", "time", "timestamp", "varchar",
];

/// Words before a literal that are no type of it.
const BEFORE_LITERALS: &[&str] = &[
    "and", "as", "between", "by", "case", "default", "else", "escape", "exception", "execute", "from",
    "ilike", "in", "info", "interval", "is", "like", "log", "notice", "not", "notify", "or", "password",
    "raise", "return", "select", "similar", "then", "time", "timestamp", "to", "warning", "when", "where",
];

/// Writes the schemas of relations, and of the tables of types of variables, before their names.
pub(super) fn qualified(pieces: &[Piece], find: &dyn Fn(&str) -> Option<String>) -> Vec<Piece> {
    let queries: BTreeSet<&str> = with_queries(pieces).iter().map(|query| query.name).collect();
    let mut all = Vec::with_capacity(pieces.len());
    for (at, piece) in pieces.iter().enumerate() {
        if let Piece::Word { text, .. } = piece
            && is_relation(pieces, at)
            && !queries.contains(text.as_str())
            && let Some(schema) = find(text)
        {
            all.extend([Piece::Word { text: schema, quoted: true }, Piece::Symbol(b'.')]);
        }
        all.push(piece.clone());
    }
    all
}

/// Returns `true` for a name without a schema that is one of a relation.
fn is_relation(pieces: &[Piece], at: usize) -> bool {
    let Some((name, next)) = name_at(pieces, at) else { return false };
    let is_column = at > 0 && pieces[at - 1] == Piece::Symbol(b'.');
    let before = |words: &[&str]| at > 0 && pieces[at - 1].is_any(words);
    let is_called = pieces.get(next) == Some(&Piece::Symbol(b'(')) && !is_target(pieces, at);
    let of = |place: usize, word: &str| {
        pieces.get(place) == Some(&Piece::Symbol(b'%'))
            && pieces.get(place + 1).is_some_and(|piece| piece.is(word))
    };
    if is_column || is_called {
        return false;
    }
    match name.schema {
        None => before(&["from", "join"]) || is_target(pieces, at) || of(next, "rowtype"),
        Some(_) => next == at + 3 && of(next, "type"),
    }
}

/// Returns `true` if no relation and no type is found by its name alone: where `pg_temp` is not the last schema, it is the first for
/// these, and the caller may have made one there.
pub(super) fn names_no_temporary(pieces: &[Piece]) -> bool {
    let queries: BTreeSet<&str> = with_queries(pieces).iter().map(|query| query.name).collect();
    let is_written_out = |at: usize| match &pieces[at] {
        Piece::Word { text, quoted } => {
            let next = pieces.get(at + 1);
            let is_type = is_type(pieces, at) && (*quoted || !KEYWORDS.contains(&text.as_str()));
            let is_typed = matches!(next, Some(Piece::Text(_)))
                && (*quoted || !BEFORE_LITERALS.contains(&text.as_str()));
            // A list of columns with types.
            let is_listed = next == Some(&Piece::Symbol(b'('))
                && at > 0
                && pieces[at - 1].is("as")
                && matches!(pieces.get(at + 3), Some(Piece::Word { .. }));
            let is_found = is_relation(pieces, at) && !queries.contains(text.as_str());
            !is_type && !is_typed && !is_listed && !is_found
        }
        _ => true,
    };
    (0..pieces.len()).all(is_written_out)
}

/// Returns `true` for the first word of a name of a type without a schema.
fn is_type(pieces: &[Piece], at: usize) -> bool {
    let is_qualified = pieces.get(at + 1) == Some(&Piece::Symbol(b'.'));
    let is_cast = at > 1 && pieces[at - 1] == Piece::Symbol(b':') && pieces[at - 2] == Piece::Symbol(b':');
    let is_in_cast = at > 0 && pieces[at - 1].is("as") && has_open_cast(pieces, at);
    (is_cast || is_in_cast || is_declared(pieces, at)) && !is_qualified
}

/// Returns `true` behind `CAST (`.
fn has_open_cast(pieces: &[Piece], at: usize) -> bool {
    let mut depth = 0i32;
    let opens = (0..at).rev().find(|place| {
        depth += match pieces[*place] {
            Piece::Symbol(b')') => 1,
            Piece::Symbol(b'(') => -1,
            _ => 0,
        };
        depth < 0
    });
    opens.is_some_and(|open| open > 0 && pieces[open - 1].is("cast"))
}

/// Returns `true` for the type of a variable.
fn is_declared(pieces: &[Piece], at: usize) -> bool {
    let begin = pieces.iter().position(|piece| piece.is("begin")).unwrap_or(0);
    let declares = pieces.first().is_some_and(|piece| piece.is("declare")) && at < begin;
    let name = if at > 1 && pieces[at - 1].is("constant") { at - 2 } else { at.saturating_sub(1) };
    let starts = name > 0 && (pieces[name - 1].is("declare") || pieces[name - 1] == Piece::Symbol(b';'));
    declares && starts && !pieces[at].is("record")
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn a_relation_gets_the_schema_in_which_it_is() {
        let find = |name: &str| ["job", "log"].contains(&name).then(|| "ops".to_owned());
        for (text, expected) in [
            ("SELECT job.id FROM job JOIN log l ON l.job = job.id", 2),
            ("WITH job AS (SELECT 1) SELECT * FROM job", 0),
            ("INSERT INTO log (job) SELECT 1 FROM public.job", 1),
            ("DECLARE v job%ROWTYPE; w log.id%TYPE; BEGIN UPDATE log SET job = 1; END", 3),
        ] {
            let all = qualified(&pieces(text), &find);
            let found = all.windows(2).filter(|two| {
                matches!(&two[0], Piece::Word { text, quoted: true } if text == "ops")
                    && two[1] == Piece::Symbol(b'.')
            });
            assert_eq!(found.count(), expected, "{text}");
        }
    }

    #[test]
    fn a_temporary_object_of_the_caller_is_found_by_a_name_alone() {
        for (text, expected) in [
            ("INSERT INTO ops.n (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = 'x' RETURNING a", true),
            ("DECLARE n int; v ops.job; BEGIN SELECT a INTO n FROM ops.n WHERE b LIKE 'x%'; END", true),
            ("SELECT $1::integer, interval '1 day', CAST(a AS timestamp) FROM ops.n", true),
            ("INSERT INTO ops.n AS m (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = m.b", true),
            ("SELECT $1::text", false),
            ("SELECT $1::\"integer\"", false),
            ("SELECT CAST($1 AS jsonb)", false),
            ("SELECT date '2026-01-01'", false),
            ("DECLARE v text; BEGIN NULL; END", false),
            ("SELECT a FROM n", false),
            ("SELECT a FROM pg_class", false),
            ("SELECT a FROM jsonb_to_recordset($1) AS x(a text)", false),
        ] {
            assert_eq!(names_no_temporary(&pieces(text)), expected, "{text}");
        }
    }
}
