//! FROM clauses: the relations that they name, and the names that they give.

use std::collections::BTreeSet;

use super::super::pieces::{Piece, name_at};
use super::words::CATALOGS;

/// Returns `true` if a FROM has a comma: what follows it is a relation without a word that says so.
pub(super) fn is_list(from: &[Piece]) -> bool {
    let mut depth = 0i32;
    for piece in from {
        match piece {
            Piece::Symbol(b'(') => depth += 1,
            Piece::Symbol(b')') if depth == 0 => return false,
            Piece::Symbol(b')') => depth -= 1,
            Piece::Symbol(b';') => return false,
            Piece::Symbol(b',') if depth == 0 => return true,
            word if depth == 0
                && word.is_any(&["where", "group", "order", "limit", "loop", "union", "intersect"]) =>
            {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// Returns the names that a FROM, a JOIN, an INSERT and an UPDATE give to their relations, and those behind an AS or a parenthesis.
pub(super) fn aliases(pieces: &[Piece]) -> BTreeSet<&str> {
    let relations = (0..pieces.len()).filter(|at| pieces[*at].is_any(&["from", "into", "join", "update"]));
    let behind = relations.filter_map(|at| Some(name_at(pieces, at + 1)?.1));
    let word = |at: usize| match pieces.get(at) {
        Some(Piece::Word { text, .. }) => Some(text.as_str()),
        _ => None,
    };
    let alias = behind.flat_map(|at| {
        let has_as = pieces.get(at).is_some_and(|piece| piece.is("as"));
        // The last part of its own name, and the one behind that.
        [word(at - 1), word(at + usize::from(has_as))].into_iter().flatten()
    });
    let renamed = pieces.windows(2).filter_map(|two| match two {
        [before, Piece::Word { text, .. }] if before.is("as") || *before == Piece::Symbol(b')') => {
            Some(text.as_str())
        }
        _ => None,
    });
    alias.chain(renamed).chain(CATALOGS.iter().copied()).chain(["excluded", "pg_stat_activity"]).collect()
}
