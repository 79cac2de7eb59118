//! Statements of maintenance, whose effect is the same for each role that runs them.
//!
//! REFRESH, ANALYZE and REINDEX evaluate the expressions of a relation as its owner:
//! <https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html>. A superuser's relation with code of another role
//! is a path of its own in the model of reach.

use super::super::pieces::{Piece, name_at};
use super::placeholders::{is_caller, is_unknown};
use super::settings::is_harmless;

/// Schemas whose indexes all sessions need.
const SERVERS: &[&str] = &["pg_catalog", "pg_toast", "information_schema"];

/// Returns `true` for a statement of maintenance, a notification, a setting of the session, or the caller's own password.
pub(super) fn is_upkeep(statement: &[Piece]) -> bool {
    let [first, rest @ ..] = statement else { return false };
    let rest = match rest {
        [word, rest @ ..] if word.is_any(&["verbose", "local", "session"]) => rest,
        rest => rest,
    };
    match first {
        word if word.is("refresh") => refreshes(rest),
        word if word.is("analyze") => {
            rest.is_empty() || relation_end(rest).is_some_and(|end| is_columns(&rest[end..]))
        }
        word if word.is("reindex") => reindexes(rest),
        word if word.is("comment") => comments(rest),
        word if word.is("notify") => notifies(rest),
        word if word.is("set") => sets(rest),
        word if word.is("alter") => changes_own_password(rest),
        _ => false,
    }
}

/// Returns the place behind a name with its schema.
fn relation_end(pieces: &[Piece]) -> Option<usize> {
    name_at(pieces, 0).filter(|(name, _)| name.schema.is_some()).map(|(_, end)| end)
}

fn is_columns(rest: &[Piece]) -> bool {
    let is_part = |piece: &Piece| matches!(piece, Piece::Word { .. } | Piece::Symbol(b'(' | b')' | b','));
    rest.is_empty() || rest[0] == Piece::Symbol(b'(') && rest.iter().all(is_part)
}

fn refreshes(rest: &[Piece]) -> bool {
    let [materialized, view, rest @ ..] = rest else { return false };
    let rest = match rest {
        [word, rest @ ..] if word.is("concurrently") => rest,
        rest => rest,
    };
    let with_data = |rest: &[Piece]| match rest {
        [] => true,
        [with, data] => with.is("with") && data.is("data"),
        _ => false,
    };
    materialized.is("materialized")
        && view.is("view")
        && relation_end(rest).is_some_and(|end| with_data(&rest[end..]))
}

/// Returns `true` for a known table or index of a user: a session that waits for one of the server's stops others.
fn reindexes(rest: &[Piece]) -> bool {
    let [kind, rest @ ..] = rest else { return false };
    let rest = match rest {
        [word, rest @ ..] if word.is("concurrently") => rest,
        rest => rest,
    };
    let Some((name, end)) = name_at(rest, 0) else { return false };
    let of_user = name.schema.as_deref().is_some_and(|of| !SERVERS.contains(&of) && !is_unknown(of));
    kind.is_any(&["table", "index"]) && of_user && !is_unknown(&name.name) && end == rest.len()
}

/// Returns `true` for a comment on a table or a column of users.
fn comments(rest: &[Piece]) -> bool {
    let [on, kind, rest @ ..] = rest else { return false };
    let Some((first, end)) = name_at(rest, 0) else { return false };
    let of_user = first.schema.as_deref().is_some_and(|of| !SERVERS.contains(&of));
    let rest = match &rest[end..] {
        [Piece::Symbol(b'.'), Piece::Word { .. }, rest @ ..] if kind.is("column") => rest,
        rest => rest,
    };
    let is_text = matches!(rest, [is, Piece::Text(_)] if is.is("is"));
    on.is("on") && kind.is_any(&["column", "table"]) && of_user && is_text
}

fn notifies(rest: &[Piece]) -> bool {
    matches!(rest, [Piece::Word { .. }] | [Piece::Word { .. }, Piece::Symbol(b','), Piece::Text(_)])
}

fn sets(rest: &[Piece]) -> bool {
    let Some((name, sign)) = name_at(rest, 0) else { return false };
    let full = name.schema.map_or(String::new(), |schema| schema + ".") + &name.name;
    let is_value = |piece: &Piece| {
        matches!(piece, Piece::Text(_) | Piece::Symbol(b'0'..=b'9'))
            || piece.is_any(&["on", "off", "true", "false"])
    };
    let is_sign = rest.get(sign).is_some_and(|piece| *piece == Piece::Symbol(b'=') || piece.is("to"));
    let value = rest.get(sign + 1..).unwrap_or_default();
    is_harmless(&full) && is_sign && !value.is_empty() && value.iter().all(is_value)
}

/// Returns `true` for the password of the login that calls, which may change it anyway.
fn changes_own_password(rest: &[Piece]) -> bool {
    let [role, login, rest @ ..] = rest else { return false };
    let rest = match rest {
        [word, rest @ ..] if word.is("with") => rest,
        rest => rest,
    };
    let [password, Piece::Text(_)] = rest else { return false };
    role.is_any(&["role", "user"]) && is_caller(login) && password.is("password")
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn maintenance_of_a_users_relation_gives_nothing() {
        for text in [
            "REFRESH MATERIALIZED VIEW app.daily",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY app.daily WITH DATA",
            "ANALYZE",
            "ANALYZE VERBOSE app.item (id, name)",
            "REINDEX TABLE app.item",
            "NOTIFY jobs, 'new'",
            "COMMENT ON TABLE app.item IS 'x'",
            "COMMENT ON COLUMN app.item.name IS 'x'",
            "SET LOCAL statement_timeout = '5s'",
            "SET LOCAL app.login TO 'x'",
            "ALTER ROLE SESSION_USER PASSWORD 'x'",
        ] {
            assert!(is_upkeep(&pieces(text)), "{text}");
        }
        for text in [
            "REFRESH MATERIALIZED VIEW app.daily WITH NO DATA",
            "REFRESH MATERIALIZED VIEW daily",
            "REINDEX TABLE pg_catalog.pg_authid",
            "REINDEX DATABASE red_db",
            "COMMENT ON TABLE item IS 'x'",
            "COMMENT ON ROLE red_app IS 'x'",
            "COMMENT ON TABLE pg_catalog.pg_class IS 'x'",
            "REINDEX SYSTEM app.item",
            "ANALYZE app.item; DROP TABLE app.item",
            "SET LOCAL role = 'postgres'",
            "SET search_path TO app",
            "SET temp_file_limit = -1",
            "SET LOCAL statement_timeout = (SELECT 1)",
            "ALTER ROLE CURRENT_USER PASSWORD 'x'",
            "ALTER ROLE red_app PASSWORD 'x'",
            "ALTER ROLE SESSION_USER SUPERUSER PASSWORD 'x'",
            "CHECKPOINT",
            "LISTEN jobs",
        ] {
            assert!(!is_upkeep(&pieces(text)), "{text}");
        }
    }
}
