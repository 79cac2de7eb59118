//! Functions of superusers that programs of an operator call by name in databases of no service: the look-up of a pooler,
//! and the statistics of a monitor. Every word counts, as in `bounded`.

use crate::audit::context::Database;
use crate::audit::reach::{Piece, UsedName, computes, name_at, parts, pieces, read_body};
use crate::audit::roles::RoleClass;
use martydb_catalog::CatalogObject;

/// Catalogs with verifiers, and their columns of names.
const VERIFIERS: &[(&str, &str)] = &[("pg_shadow", "usename"), ("pg_authid", "rolname")];

/// Columns of these catalogs, which are no arguments.
const COLUMNS: &[&str] = &["passwd", "rolname", "rolpassword", "usename"];

/// Words of a body with one SELECT that changes nothing and locks nothing.
const REFUSED: &[&str] = &[
    "alter", "call", "copy", "create", "declare", "delete", "do", "drop", "except", "execute", "for",
    "grant", "if", "insert", "intersect", "lock", "loop", "merge", "or", "perform", "revoke", "set", "table",
    "truncate", "union", "update", "while", "with",
];

/// Beginnings of the names of statistics, as functions and as relations.
const STATISTICS: &[&str] =
    &["pg_stat_", "pg_statio_", "pg_locks", "pg_current_wal_", "pg_last_wal_", "pg_wal_lsn_diff"];

/// Functions with such a name that change statistics, or look at a file.
const NO_STATISTICS: &[&str] =
    &["pg_stat_reset", "pg_stat_force", "pg_stat_clear", "pg_stat_statements_reset", "pg_stat_file"];

/// Returns what such a function does, in words; `None` if it may do anything else.
pub(crate) fn purpose(db: &Database<'_>, item: &CatalogObject) -> Option<&'static str> {
    let body = db.catalog.privileged.body_of(&item.display)?;
    let is_plpgsql = body.language == "plpgsql";
    let words = pieces(&body.text);
    let text = read_body(&body.text, is_plpgsql);
    let selects = words.iter().filter(|word| word.is("select")).count();
    let is_one_select = selects == 1 && !text.executes && !words.iter().any(|word| word.is_any(REFUSED));
    // INTO sets variables in PL/pgSQL, and makes a table in SQL.
    let changes = !is_plpgsql && (body.language != "sql" || !text.writes.is_empty());
    // A list after FROM may name any relation.
    let from = words.iter().skip_while(|word| !word.is("from"));
    let mut from = from.take_while(|word| !word.is_any(&["into", "order", "where"]));
    if !is_one_select || changes || from.any(|word| *word == Piece::Symbol(b',')) {
        return None;
    }
    let is_servers = |name: &UsedName| is_servers(name) || is_of_extension(db, name);
    if !text.reads.iter().all(is_servers)
        || !text.calls.iter().all(|name| is_servers(name) && is_harmless(name))
    {
        return None;
    }
    let relations = relations(&words);
    match relations.as_slice() {
        [one] if is_lookup(&words, &one.name) => Some("looks up the verifier of one role"),
        [] => None,
        all if item.display.ends_with("()") && is_count(&words) && all.iter().all(is_servers) => {
            Some("counts rows of a catalog")
        }
        all if all.iter().all(|name| is_servers(name) && is_statistic(&name.name)) => {
            Some("reads statistics")
        }
        _ => None,
    }
}

fn is_servers(name: &UsedName) -> bool {
    name.schema.as_deref().is_none_or(|of| of == "pg_catalog")
}

/// Returns `true` for statistics of an extension of a superuser: no other object has their name.
fn is_of_extension(db: &Database<'_>, name: &UsedName) -> bool {
    let trusted = |owner: &str| db.audit.class_of(owner) == RoleClass::Trusted;
    let mut installed = db.catalog.extensions.iter();
    let shown = format!("{}.{}", name.schema.as_deref().unwrap_or_default(), name.name);
    is_statistic(&name.name)
        && installed.any(|one| name.name.starts_with(&one.name) && trusted(&one.owner))
        && !db
            .catalog
            .objects
            .iter()
            .any(|item| item.is_users() && item.column.is_none() && item.display == shown)
}

fn is_statistic(name: &str) -> bool {
    STATISTICS.iter().any(|start| name.starts_with(start))
        && !NO_STATISTICS.iter().any(|start| name.starts_with(start))
}

fn is_harmless(name: &UsedName) -> bool {
    computes(name) || is_statistic(&name.name)
}

/// Returns the relations of the FROM clause, which is no list.
fn relations(words: &[Piece]) -> Vec<UsedName> {
    let after = |at: usize| words[at].is_any(&["from", "join"]).then(|| name_at(words, at + 1)).flatten();
    (0..words.len()).filter_map(after).map(|(name, _)| name).collect()
}

/// Returns `true` for `SELECT count(*) FROM`.
fn is_count(words: &[Piece]) -> bool {
    let [select, count, rest @ ..] = words else { return false };
    let [Piece::Symbol(b'('), Piece::Symbol(b'*'), Piece::Symbol(b')'), from, ..] = rest else {
        return false;
    };
    select.is("select") && count.is("count") && from.is("from")
}

/// Returns `true` if one of the conditions of the text compares the name of the role with an argument; the others, all joined by
/// AND, leave fewer rows.
fn is_lookup(words: &[Piece], relation: &str) -> bool {
    let Some((_, column)) = VERIFIERS.iter().find(|(of, _)| *of == relation) else { return false };
    let Some(from) = words.iter().position(|word| word.is("where")) else { return false };
    let condition = &words[from + 1..];
    let ends = |word: &Piece| *word == Piece::Symbol(b';') || word.is("into");
    let condition = &condition[..condition.iter().position(ends).unwrap_or(condition.len())];
    parts(condition, "and").into_iter().any(|part| names_role(part, column))
}

/// Returns `true` for `column = argument`.
fn names_role(condition: &[Piece], column: &str) -> bool {
    let condition = match condition {
        [Piece::Word { .. }, Piece::Symbol(b'.'), rest @ ..] => rest,
        rest => rest,
    };
    let [name, Piece::Symbol(b'='), argument @ ..] = condition else { return false };
    let is_argument = match argument {
        [Piece::Symbol(b'$'), digits @ ..] => {
            !digits.is_empty() && digits.iter().all(|digit| matches!(digit, Piece::Symbol(b'0'..=b'9')))
        }
        [Piece::Word { text, .. }] => !COLUMNS.contains(&text.as_str()),
        _ => false,
    };
    name.is(column) && is_argument
}
