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

/// Returns the names that a FROM gives to the server's relations, and those behind an AS.
pub(super) fn aliases(pieces: &[Piece]) -> BTreeSet<&str> {
    let relations = (0..pieces.len()).filter(|at| pieces[*at].is_any(&["from", "join"]));
    let behind = relations.filter_map(|at| Some(name_at(pieces, at + 1)?.1));
    let alias = behind.filter_map(|at| {
        match pieces.get(at + usize::from(pieces.get(at).is_some_and(|piece| piece.is("as")))) {
            Some(Piece::Word { text, .. }) => Some(text.as_str()),
            _ => None,
        }
    });
    let renamed = pieces.windows(2).filter_map(|two| match two {
        [before, Piece::Word { text, .. }] if before.is("as") => Some(text.as_str()),
        _ => None,
    });
    alias.chain(renamed).chain(CATALOGS.iter().copied()).chain(["excluded", "pg_stat_activity"]).collect()
}
