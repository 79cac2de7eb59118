//! Bodies that end only sessions of the login that calls them, which the server lets each login do anyway:
//! <https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL>.

use super::super::condition::parts;
use super::super::executed_text::closing;
use super::super::pieces::{Piece, name_at};

/// Functions that end a session, or what it does.
pub(crate) const ENDS: &[&str] = &["pg_cancel_backend", "pg_terminate_backend"];

/// Returns `true` if a body looks at sessions of its caller's login alone, and ends none but these.
pub(crate) fn ends_own_sessions(pieces: &[Piece]) -> bool {
    let looks: Vec<usize> = (0..pieces.len()).filter(|at| looks_at_sessions(pieces, *at)).collect();
    !looks.is_empty()
        && looks.iter().all(|at| is_compared(pieces, *at, "usename", &[session_user()]))
        && (0..pieces.len()).filter(|at| pieces[*at].is_any(ENDS)).all(|at| ends_own(pieces, at))
}

pub(super) fn session_user() -> Piece {
    Piece::Word { text: "session_user".into(), quoted: false }
}

/// Returns `true` for `FROM pg_stat_activity`.
pub(super) fn looks_at_sessions(pieces: &[Piece], at: usize) -> bool {
    let names = |at: usize| name_at(pieces, at).is_some_and(|(name, _)| name.name == "pg_stat_activity");
    pieces[at].is_any(&["from", "join"]) && names(at + 1)
}

/// Returns `true` if the WHERE behind a FROM compares a column with this value by AND.
fn is_compared(pieces: &[Piece], from: usize, column: &str, value: &[Piece]) -> bool {
    compares(condition(pieces, from), column, value)
}

/// Returns `true` if one of the conjuncts compares a column with this value.
pub(super) fn compares(condition: &[Piece], column: &str, value: &[Piece]) -> bool {
    parts(condition, "and").into_iter().any(|part| {
        let Some(sign) = part.iter().position(|piece| *piece == Piece::Symbol(b'=')) else { return false };
        let (left, right) = (unaliased(&part[..sign]), unaliased(&part[sign + 1..]));
        let is_column = |side: &[Piece]| matches!(side, [one] if one.is(column));
        is_column(left) && right == value || is_column(right) && left == value
    })
}

/// Returns the condition of the statement or the subquery at this place.
pub(super) fn condition(pieces: &[Piece], from: usize) -> &[Piece] {
    let ends = |piece: &Piece| {
        *piece == Piece::Symbol(b';') || piece.is_any(&["group", "limit", "loop", "order", "then", "union"])
    };
    let rest = &pieces[from..];
    let rest = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
    let Some(start) = rest.iter().position(|piece| piece.is("where")) else { return &[] };
    let rest = &rest[start + 1..];
    let mut depth = 0i32;
    let closes = rest.iter().position(|piece| {
        depth += match piece {
            Piece::Symbol(b'(') => 1,
            Piece::Symbol(b')') => -1,
            _ => 0,
        };
        depth < 0
    });
    &rest[..closes.unwrap_or(rest.len())]
}

pub(super) fn unaliased(side: &[Piece]) -> &[Piece] {
    match side {
        [Piece::Word { .. }, Piece::Symbol(b'.'), rest @ ..] => rest,
        side => side,
    }
}

/// Returns `true` if the call ends the sessions of the rows of its own SELECT, or one that was found to be the caller's before.
fn ends_own(pieces: &[Piece], call: usize) -> bool {
    let Some(close) = closing(pieces, call + 1) else { return false };
    let argument = unaliased(&pieces[call + 2..close]);
    let rest = pieces[close..]
        .iter()
        .take_while(|piece| **piece != Piece::Symbol(b';') && !piece.is("from"))
        .count();
    let from = close + rest;
    if pieces.get(from).is_some_and(|piece| piece.is("from")) && looks_at_sessions(pieces, from) {
        return matches!(argument, [one] if one.is("pid"));
    }
    let mut guards =
        (0..call).filter(|at| looks_at_sessions(pieces, *at) && is_compared(pieces, *at, "pid", argument));
    let is_set = |at: usize| {
        pieces[at..].starts_with(argument) && pieces.get(at + argument.len()) == Some(&Piece::Symbol(b':'))
    };
    guards.any(|at| guards_call(pieces, at, call)) && !(0..call).any(is_set)
}

/// Returns `true` for `IF EXISTS (…) THEN` just before the call, and for `IF NOT EXISTS (…) THEN RAISE EXCEPTION …; END IF` before it.
fn guards_call(pieces: &[Piece], look: usize, call: usize) -> bool {
    let Some(open) = (0..look).rev().find(|at| pieces[*at].is("exists")).map(|at| at + 1) else {
        return false;
    };
    let Some(close) = closing(pieces, open) else { return false };
    let is = |at: usize, word: &str| pieces.get(at).is_some_and(|piece| piece.is(word));
    let before = |back: usize| (open - 1).checked_sub(back);
    let negated = before(1).is_some_and(|at| is(at, "not"));
    let begins = before(if negated { 2 } else { 1 }).is_some_and(|at| is(at, "if"));
    let raises = is(close + 2, "raise") && is(close + 3, "exception");
    let between = pieces.get(close + 2..call).unwrap_or_default();
    let leaves = between.iter().any(|piece| piece.is_any(&["else", "elsif", "elseif", "end"]));
    begins && is(close + 1, "then") && close < call && if negated { raises } else { !leaves }
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::super::{BodyLimits, used_by};

    #[test]
    fn sessions_of_the_callers_login_may_be_ended() {
        let limits = BodyLimits::of_text(true);
        let bounded = |body: &str| used_by(&pieces(body), limits).is_some();
        for body in [
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = session_user AND state = 'active'",
            "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a WHERE a.pid = $1 AND a.usename = session_user",
            "BEGIN IF EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = p AND usename = session_user) THEN RETURN pg_cancel_backend(p); END IF; RETURN false; END",
            "BEGIN IF NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = p AND usename = session_user) THEN RAISE EXCEPTION 'not yours'; END IF; RETURN pg_terminate_backend(p); END",
        ] {
            assert!(bounded(body), "{body}");
        }
        for body in [
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = current_user",
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = session_user OR true",
            "SELECT pg_cancel_backend($1) FROM pg_stat_activity WHERE usename = session_user",
            "SELECT pg_terminate_backend($1)",
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database()",
            "BEGIN IF EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = session_user) THEN RETURN pg_cancel_backend(p); END IF; END",
            "BEGIN IF NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = p AND usename = session_user) THEN RETURN pg_cancel_backend(p); END IF; END",
            "BEGIN IF EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = p AND usename = session_user) THEN RETURN true; ELSE RETURN pg_cancel_backend(p); END IF; END",
            "SELECT query FROM pg_stat_activity WHERE usename = session_user UNION SELECT query FROM pg_stat_activity",
        ] {
            assert!(!bounded(body), "{body}");
        }
    }
}
