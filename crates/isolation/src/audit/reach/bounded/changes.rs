//! Statements that change rows of a superuser's table: what an argument decides may not be which rows of others.

use super::super::condition::parts;
use super::super::executed_text::{closing, split_arguments};
use super::super::pieces::{Piece, UsedName, name_at};
use super::own_sessions::{condition, session_user, unaliased};
use super::placeholders::is_unknown;

/// Returns the places of the words of an `UPDATE` that changes the caller's own rows, or all with `free`.
pub(super) fn update_words(pieces: &[Piece], at: usize, free: bool) -> Option<Vec<usize>> {
    let statement = statement(pieces, at);
    let (_, end) = name_at(statement, 1)?;
    let set = statement[end..].iter().take(3).position(|piece| piece.is("set"))? + end;
    let own = || parts(condition(statement, 0), "and").into_iter().any(is_of_caller);
    (free || !has(statement, "returning") && own()).then(|| vec![at, at + set])
}

/// Returns the places of the words of `ON CONFLICT` behind the `INSERT` at this place: `DO NOTHING`, and an update of the row that
/// the caller's login has, or of any with `free`.
pub(super) fn conflict_words(pieces: &[Piece], at: usize, free: bool) -> Option<Vec<usize>> {
    let statement = statement(pieces, at);
    let Some(conflict) = statement.iter().position(|piece| piece.is("conflict")) else { return Some(vec![]) };
    let act = conflict + statement[conflict..].iter().position(|piece| piece.is("do"))?;
    let mut words = vec![conflict, act];
    if !statement.get(act + 1)?.is("nothing") {
        let is_update = statement.get(act + 1)?.is("update") && statement.get(act + 2)?.is("set");
        let own = || !has(statement, "returning") && is_own_row(statement, conflict) == Some(true);
        let may = is_update && (free || own());
        words.extend(may.then_some([act + 1, act + 2])?);
    }
    Some(words.into_iter().map(|word| at + word).collect())
}

/// Returns `true` if a column of the conflict has the caller's login as its value.
fn is_own_row(statement: &[Piece], conflict: usize) -> Option<bool> {
    let list = |open: usize| Some(split_arguments(statement.get(open + 1..closing(statement, open)?)?));
    let (_, columns_at) = name_at(statement, 2)?;
    let columns = list(columns_at)?;
    let values_at = closing(statement, columns_at)? + 1;
    let values = list(values_at + 1).filter(|_| statement[values_at].is("values"))?;
    // One row, and nothing between it and the conflict.
    let is_one = statement.get(closing(statement, values_at + 1)? + 1)?.is("on");
    let target = list(conflict + 1)?;
    let is_login = |column: &&[Piece]| {
        let at = columns.iter().position(|one| one == column);
        at.and_then(|at| values.get(at)).is_some_and(|value| *value == [session_user()])
    };
    Some(is_one && target.iter().any(is_login))
}

/// Returns the one table that a `TRUNCATE` empties, or a `LOCK` keeps from others, and no table that depends on it.
pub(super) fn emptied(statement: &[Piece]) -> Option<UsedName> {
    let rest = statement.split_first().filter(|(first, _)| first.is_any(&["lock", "truncate"]))?.1;
    let from = usize::from(rest.first()?.is("table"));
    let (table, end) = name_at(rest, from).filter(|(table, _)| table.schema.is_some())?;
    let is_unknown =
        [table.schema.as_deref(), Some(table.name.as_str())].into_iter().flatten().any(is_unknown);
    let ends = &[
        "access", "continue", "exclusive", "identity", "in", "mode", "nowait", "restart", "row", "share",
        "update",
    ];
    (!is_unknown && rest[end..].iter().all(|piece| piece.is_any(ends))).then_some(table)
}

/// Returns the table whose old rows a statement returns; of those that an INSERT adds its caller knows what it wrote.
pub(super) fn returned(pieces: &[Piece], at: usize) -> Option<UsedName> {
    let statement = statement(pieces, at);
    let adds = pieces[at].is("insert") && !has(statement, "update");
    let from = 1 + usize::from(statement.get(1)?.is_any(&["from", "into"]));
    let (table, _) = name_at(statement, from)?;
    (has(statement, "returning") && !adds).then_some(table)
}

/// Returns the pieces of one statement.
fn statement(pieces: &[Piece], at: usize) -> &[Piece] {
    let rest = &pieces[at..];
    &rest[..rest.iter().position(|piece| *piece == Piece::Symbol(b';')).unwrap_or(rest.len())]
}

fn has(statement: &[Piece], word: &str) -> bool {
    statement.iter().any(|piece| piece.is(word))
}

/// Returns `true` for `column = session_user`.
fn is_of_caller(part: &[Piece]) -> bool {
    let Some(sign) = part.iter().position(|piece| *piece == Piece::Symbol(b'=')) else { return false };
    let (left, right) = (unaliased(&part[..sign]), unaliased(&part[sign + 1..]));
    let is_column = |side: &[Piece]| matches!(side, [Piece::Word { .. }]) && side != [session_user()];
    let is_login = |side: &[Piece]| match side {
        [login, Piece::Symbol(b':'), Piece::Symbol(b':'), of] => {
            *login == session_user() && of.is_any(&["name", "text"])
        }
        side => side == [session_user()],
    };
    is_column(left) && is_login(right) || is_column(right) && is_login(left)
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn rows_of_others_are_changed_only_without_an_argument() {
        for (text, expected) in [
            ("UPDATE ops.beat SET at = now() WHERE login = session_user", [true, true]),
            ("UPDATE ops.beat b SET at = now() WHERE session_user = b.login AND n > 1", [true, true]),
            ("UPDATE ops.beat SET at = now() WHERE login = session_user OR true", [false, true]),
            ("UPDATE ops.beat SET at = now() WHERE login = current_user", [false, true]),
            ("UPDATE ops.beat SET at = $1 WHERE id = $2", [false, true]),
            ("UPDATE ops.beat SET at = now() RETURNING secret", [false, true]),
        ] {
            let found = [false, true].map(|free| update_words(&pieces(text), 0, free).is_some());
            assert_eq!(found, expected, "{text}");
        }
        for (text, expected) in [
            ("INSERT INTO ops.beat VALUES ($1) ON CONFLICT DO NOTHING", [true, true]),
            (
                "INSERT INTO ops.beat (login, v) VALUES (session_user, $1) ON CONFLICT (login) DO UPDATE SET v = excluded.v",
                [true, true],
            ),
            (
                "INSERT INTO ops.beat (login, v) VALUES ($1, $2) ON CONFLICT (login) DO UPDATE SET v = excluded.v",
                [false, true],
            ),
            (
                "INSERT INTO ops.beat (login, v) VALUES (session_user, $1) ON CONFLICT (v) DO UPDATE SET login = 'x'",
                [false, true],
            ),
        ] {
            let found = [false, true].map(|free| conflict_words(&pieces(text), 0, free).is_some());
            assert_eq!(found, expected, "{text}");
        }
    }
}
