//! Columns of `pg_stat_activity` that a body shows. Which role is connected where, everybody sees; what a session is doing only roles with
//! `pg_read_all_stats`: <https://www.postgresql.org/docs/current/monitoring-stats.html>.

use super::super::pieces::{Piece, name_at};
use super::own_sessions::{compares, condition, looks_at_sessions};

/// Columns that tell of the work in a database, and not what it is about or where it comes from. Those in neither list everybody
/// sees.
const WORK: &[&str] = &[
    "backend_start", "backend_type", "backend_xid", "backend_xmin", "leader_pid", "query_start", "state",
    "state_change", "wait_event", "wait_event_type", "xact_start",
];

/// Columns with the text of statements and the addresses of clients.
const HIDDEN: &[&str] = &["client_addr", "client_hostname", "client_port", "query", "query_id"];

/// Returns `true` if each look at the sessions shows what everybody sees, or the work in the caller's own database.
pub(super) fn shows_work(pieces: &[Piece]) -> bool {
    let looks: Vec<usize> = (0..pieces.len()).filter(|at| looks_at_sessions(pieces, *at)).collect();
    let names = |columns: &[&str]| {
        pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Word { text, .. } if columns.contains(&text.as_str())))
    };
    let inside = |from: &usize| {
        let here = |column: &str, value: &[Piece]| compares(condition(pieces, *from), column, value);
        here("datname", &words("current_database()")) || here("usename", &words("session_user"))
    };
    !looks.is_empty()
        && !names(HIDDEN)
        && !takes_whole_rows(pieces, &looks)
        && (!names(WORK) || looks.iter().all(inside))
}

fn words(text: &str) -> Vec<Piece> {
    super::super::pieces::pieces(text)
}

/// Returns `true` if all columns may be among the result, or under other names.
fn takes_whole_rows(pieces: &[Piece], looks: &[usize]) -> bool {
    let counts = |at: usize| {
        at > 0 && pieces[at - 1] == Piece::Symbol(b'(') && pieces.get(at + 1) == Some(&Piece::Symbol(b')'))
    };
    let is_all = |at: usize| pieces[at] == Piece::Symbol(b'*') && !counts(at);
    let whole = |look: &usize| {
        let Some((name, end)) = name_at(pieces, look + 1) else { return true };
        let end = end + usize::from(pieces.get(end).is_some_and(|piece| piece.is("as")));
        let alias = match pieces.get(end) {
            Some(Piece::Word { text, quoted }) if *quoted || !is_clause(&pieces[end]) => text.as_str(),
            _ => name.name.as_str(),
        };
        let has_alias = alias != name.name;
        let renames = has_alias && pieces.get(end + 1) == Some(&Piece::Symbol(b'('));
        let own = *look..=if has_alias { end } else { end - 1 };
        renames || [alias, &name.name].iter().any(|name| uses_alone(pieces, name, &own))
    };
    (0..pieces.len()).any(is_all) || looks.iter().any(whole)
}

fn is_clause(piece: &Piece) -> bool {
    piece.is_any(&[
        "cross", "group", "having", "inner", "into", "join", "left", "limit", "loop", "natural", "order",
        "right", "then", "union", "where",
    ])
}

/// Returns `true` if a name of the relation stands where a value does: it is the whole row.
fn uses_alone(pieces: &[Piece], name: &str, own: &std::ops::RangeInclusive<usize>) -> bool {
    (0..pieces.len()).any(|at| {
        matches!(&pieces[at], Piece::Word { text, .. } if text == name)
            && pieces.get(at + 1) != Some(&Piece::Symbol(b'.'))
            && !own.contains(&at)
            && !looks_at_sessions(pieces, at.saturating_sub(1))
            && !looks_at_sessions(pieces, at.saturating_sub(3))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn the_work_in_the_own_database_is_shown_without_its_statements() {
        for (text, expected) in [
            ("SELECT pid, usename FROM pg_stat_activity", true),
            ("SELECT a.pid, a.state FROM pg_stat_activity a WHERE a.datname = current_database()", true),
            ("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = 'red_app'", true),
            ("SELECT pid, wait_event FROM pg_stat_activity WHERE usename = session_user", true),
            ("SELECT pid, state FROM pg_stat_activity", false),
            ("SELECT pid, state FROM pg_stat_activity WHERE datname = current_database() OR true", false),
            ("SELECT pid, state FROM pg_stat_activity WHERE datname = $1", false),
            ("SELECT * FROM pg_stat_activity WHERE datname = current_database()", false),
            ("SELECT a.* FROM pg_stat_activity a WHERE a.datname = current_database()", false),
            ("SELECT a FROM pg_stat_activity a WHERE a.datname = current_database()", false),
            ("SELECT to_jsonb(pg_stat_activity) FROM pg_stat_activity", false),
            ("SELECT query FROM pg_stat_activity WHERE datname = current_database()", false),
            ("SELECT \"query\" FROM pg_stat_activity WHERE datname = current_database()", false),
            ("SELECT v FROM pg_stat_activity AS a(p, q, r, s, t, u, v)", false),
        ] {
            assert_eq!(shows_work(&pieces(text)), expected, "{text}");
        }
    }
}
