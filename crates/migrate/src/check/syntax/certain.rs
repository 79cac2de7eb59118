//! Statements that PostgreSQL refuses for certain, whatever its major: by their first word, their brackets and their end.

use martydb_sql::{Token, TokenKind, bare, tokens};

/// First words of PostgreSQL's statements, `src/backend/parser/gram.y`.
const COMMANDS: &[&str] = &[
    "abort", "alter", "analyse", "analyze", "begin", "call", "checkpoint", "close", "cluster", "comment",
    "commit", "copy", "create", "deallocate", "declare", "delete", "discard", "do", "drop", "end", "execute",
    "explain", "fetch", "grant", "import", "insert", "listen", "load", "lock", "merge", "move", "notify",
    "prepare", "reassign", "refresh", "reindex", "release", "repack", "reset", "revoke", "rollback",
    "savepoint", "security", "select", "set", "show", "start", "table", "truncate", "unlisten", "update",
    "vacuum", "values", "wait", "with",
];

/// Words after CREATE, ALTER and DROP in PostgreSQL 13 to 18.
const OBJECTS: &[&str] = &[
    "access", "aggregate", "cast", "collation", "constraint", "conversion", "database", "default", "domain",
    "event", "extension", "foreign", "function", "global", "group", "index", "language", "large", "local",
    "materialized", "operator", "or", "owned", "policy", "procedural", "procedure", "property",
    "publication", "recursive", "role", "routine", "rule", "schema", "sequence", "server", "statistics",
    "subscription", "system", "table", "tablespace", "temp", "temporary", "text", "transform", "trigger",
    "trusted", "type", "unique", "unlogged", "user", "view",
];

/// Reserved words that end no statement, but as a label after AS.
const NEVER_LAST: &[&str] = &[
    "add", "alter", "and", "as", "between", "by", "column", "constraint", "create", "drop", "from", "grant",
    "having", "in", "into", "join", "like", "not", "or", "references", "rename", "set", "then", "to",
    "union", "using", "when", "where",
];

/// Returns `true` if no server accepts the statement.
pub(crate) fn is_refused(statement: &str) -> bool {
    let all: Vec<Token> =
        tokens(statement).into_iter().filter(|token| token.kind != TokenKind::Symbol(b';')).collect();
    let word = |token: &Token| match token.kind {
        TokenKind::Word => bare(&statement[token.start..token.end]),
        _ => String::new(),
    };
    let Some((first, last)) = all.first().zip(all.last()) else { return false };
    let is_command = first.kind == TokenKind::Symbol(b'(') || COMMANDS.contains(&word(first).as_str());
    let has_object = !matches!(word(first).as_str(), "create" | "alter" | "drop")
        || all.get(1).is_some_and(|second| OBJECTS.contains(&word(second).as_str()));
    let before = all.len().checked_sub(2).map(|at| word(&all[at])).unwrap_or_default();
    let is_cut =
        NEVER_LAST.contains(&word(last).as_str()) && before != "as" || last.kind == TokenKind::Symbol(b',');
    !is_command || !has_object || is_cut || has_wrong_brackets(&all)
}

/// Returns `true` for brackets that do not match, and for an empty element of a list.
fn has_wrong_brackets(all: &[Token]) -> bool {
    let mut open = vec![];
    for token in all {
        let TokenKind::Symbol(symbol) = token.kind else { continue };
        match symbol {
            b'(' | b'[' => open.push(symbol),
            b')' if open.pop() != Some(b'(') => return true,
            b']' if open.pop() != Some(b'[') => return true,
            _ => {}
        }
    }
    let empty = [(b',', b','), (b'(', b','), (b',', b')')];
    let is_empty = |pair: &[Token]| {
        empty.iter().any(|(one, two)| {
            pair[0].kind == TokenKind::Symbol(*one) && pair[1].kind == TokenKind::Symbol(*two)
        })
    };
    !open.is_empty() || all.windows(2).any(is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_of_a_newer_grammar_is_not_refused_for_certain() {
        for sql in [
            "SELEC 1",
            "DROP TABEL t",
            "CREATE TABLE t (a int",
            "CREATE TABLE t (a int,, b int)",
            "ALTER TABLE t ADD COLUMN",
            "SELECT 1,",
            "$$ x $$",
        ] {
            assert!(is_refused(sql), "{sql}");
        }
        for sql in [
            "ALTER TABLE t FROBNICATE",
            "CREATE TABLE t (a int) FROBNICATED",
            "SELECT 1 AS column",
            "(SELECT 1)",
            "SELECT a[1:2]",
            "SELECT $1",
        ] {
            assert!(!is_refused(sql), "{sql}");
        }
    }
}
