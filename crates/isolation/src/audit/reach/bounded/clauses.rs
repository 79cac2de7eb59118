//! Clauses with words of other statements: those of MERGE, and locks of rows.
//!
//! <https://www.postgresql.org/docs/current/sql-merge.html>, and <https://www.postgresql.org/docs/current/sql-select.html>, "The
//! Locking Clause": a privilege to change the rows of a table gives these locks too.

use std::ops::Range;

use super::super::pieces::Piece;

/// Words of its clauses and branches that name nothing.
const WORDS: &[&str] = &["delete", "do", "insert", "merge", "set", "update", "using"];

/// Returns the places of each MERGE of a text.
pub(super) fn merges(pieces: &[Piece]) -> Vec<Range<usize>> {
    let starts = (0..pieces.len())
        .filter(|at| pieces[*at].is("merge") && pieces.get(at + 1).is_some_and(|next| next.is("into")));
    let end = |at: usize| pieces[at..].iter().position(|piece| *piece == Piece::Symbol(b';'));
    starts.map(|at| at..end(at).map_or(pieces.len(), |end| at + end)).collect()
}

/// Returns `true` for a word of a MERGE itself.
pub(super) fn is_word(merges: &[Range<usize>], pieces: &[Piece], at: usize) -> bool {
    pieces[at].is_any(WORDS) && merges.iter().any(|merge| merge.contains(&at))
}

/// Returns the places of the words of `FOR UPDATE` and its like at this place.
pub(super) fn lock_words(pieces: &[Piece], at: usize) -> Option<std::ops::Range<usize>> {
    let words = |words: &[&str]| {
        words.iter().enumerate().all(|(next, word)| pieces.get(at + 1 + next).is_some_and(|one| one.is(word)))
    };
    let forms: [&[&str]; 4] = [&["update"], &["no", "key", "update"], &["share"], &["key", "share"]];
    let form = forms.into_iter().find(|form| pieces[at].is("for") && words(form))?;
    Some(at..at + 1 + form.len())
}
