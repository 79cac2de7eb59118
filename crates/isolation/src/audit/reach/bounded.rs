//! Bodies of superusers' functions that give a caller nothing: they compute from their arguments, read what everybody
//! reads, and add rows to a superuser's table.
//!
//! Every word counts: a statement, a function or a relation that is not listed here makes a body one that may do anything.

use std::collections::BTreeSet;

mod own_sessions;
pub(super) mod words;

use super::body_text::{NO_FUNCTION, is_target};
use super::pieces::{Piece, UsedName, name_at};
use own_sessions::{ENDS, ends_own_sessions};
pub(crate) use words::computes;
use words::{CATALOGS, FIGURES, FUNCTIONS, KERNEL_FILES};

/// First words of a statement.
const STATEMENTS: &[&str] = &[
    "begin", "else", "elsif", "end", "exception", "if", "insert", "null", "perform", "raise", "return",
    "select", "when",
];

/// Words of statements, clauses and bodies that are not judged.
const REFUSED: &[&str] = &[
    "alter", "atomic", "call", "comment", "conflict", "copy", "create", "cursor", "declare", "delete", "do",
    "drop", "except", "execute", "fetch", "for", "foreach", "grant", "import", "lateral", "listen", "load",
    "lock", "loop", "merge", "notify", "only", "open", "overriding", "query", "reset", "revoke", "security",
    "set", "table", "tablesample", "truncate", "update", "using", "vacuum", "while", "with",
];

/// Functions that read a file, where its name is a constant.
const READERS: &[&str] = &["pg_read_file", "pg_read_binary_file"];

/// Returns `true` for a file that shows nothing of a service or the server.
pub(crate) fn is_of_kernel(file: &str) -> bool {
    KERNEL_FILES.contains(&file)
}

/// Result of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    /// A single number, time or truth value, or nothing; the function has no argument.
    Figure,
    Nothing,
    Anything,
}

/// Returns the tables, with their schemas, to which a bounded body adds rows, of which it removes those that a constant condition
/// selects, or whose rows it counts; `None` if it may do anything else.
pub(crate) fn added_to(pieces: &[Piece], returned: Returned) -> Option<BTreeSet<UsedName>> {
    // A message or a row would carry more than the figure.
    let figure =
        returned == Returned::Figure && !pieces.iter().any(|piece| piece.is_any(&["insert", "raise"]));
    let removes =
        returned != Returned::Anything && !pieces.iter().any(|piece| piece.is_any(&["returning", "raise"]));
    let counts = figure && is_count(pieces);
    let (aliases, ends) = (aliases(pieces), ends_own_sessions(pieces));
    let mut body = BoundedBody { pieces, aliases, figure, removes, counts, ends, tables: BTreeSet::new() };
    if (0..pieces.len()).any(|at| pieces[at].is("from") && is_list(&pieces[at + 1..])) {
        return None;
    }
    let mut at = 0;
    while at < pieces.len() {
        at = body.step(at)?;
    }
    Some(body.tables)
}

struct BoundedBody<'a> {
    pieces: &'a [Piece],
    aliases: BTreeSet<&'a str>,
    figure: bool,
    /// Set if the function has no argument and tells nothing of the rows that it removes.
    removes: bool,
    /// Set if it is one `SELECT count(*)`.
    counts: bool,
    /// Set if it sees and ends only the sessions of the login that calls it.
    ends: bool,
    tables: BTreeSet<UsedName>,
}

impl BoundedBody<'_> {
    /// Returns the place behind the part at this place, or `None` if that is not bounded.
    fn step(&mut self, at: usize) -> Option<usize> {
        if self.begins_statement(at) && self.removes_some(at) {
            return Some(at + 1);
        }
        if self.begins_statement(at) && !self.pieces[at].is_any(STATEMENTS) {
            return None;
        }
        let Some((name, next)) = name_at(self.pieces, at) else { return Some(at + 1) };
        if self.pieces[at].is_any(REFUSED) {
            return None;
        }
        self.name(at, next, name).then_some(next)
    }

    /// Returns `true` for a DELETE with a condition.
    fn removes_some(&self, at: usize) -> bool {
        let mut rest = self.pieces[at..].iter().take_while(|piece| **piece != Piece::Symbol(b';'));
        self.removes && self.pieces[at].is("delete") && rest.any(|piece| piece.is("where"))
    }

    fn begins_statement(&self, at: usize) -> bool {
        let starts =
            |before: &Piece| *before == Piece::Symbol(b';') || before.is_any(&["begin", "then", "else"]);
        at == 0 || starts(&self.pieces[at - 1]) && self.case_is_closed(at)
    }

    /// Returns `true` unless the place is inside a CASE, whose THEN and ELSE begin no statement.
    fn case_is_closed(&self, at: usize) -> bool {
        let statement = &self.pieces[..at];
        let from = statement.iter().rposition(|piece| *piece == Piece::Symbol(b';')).map_or(0, |at| at + 1);
        let count = |word: &str| statement[from..].iter().filter(|piece| piece.is(word)).count();
        count("case") <= count("end")
    }

    fn name(&mut self, at: usize, next: usize, name: UsedName) -> bool {
        if is_target(self.pieces, at) {
            // A name without a schema may be the caller's temporary table.
            return name.schema.is_some() && self.tables.insert(name);
        }
        let server = name.schema.as_deref() == Some("pg_catalog");
        let listed = |names: &[&str]| names.contains(&name.name.as_str());
        let figure = self.figure && listed(FIGURES) || self.ends && name.name == "pg_stat_activity";
        if self.pieces.get(next) == Some(&Piece::Symbol(b'(')) {
            let word = !server && self.pieces[at].is_any(NO_FUNCTION);
            return word
                || (server || name.schema.is_none())
                    && (figure
                        || self.ends && listed(ENDS)
                        || listed(FUNCTIONS)
                        || listed(READERS) && self.is_fixed(next));
        }
        let relation = at > 0 && self.pieces[at - 1].is_any(&["from", "join"]);
        match name.schema.as_deref() {
            Some("pg_catalog") => figure || listed(CATALOGS) || !relation && !name.name.starts_with("pg_"),
            Some(_) if relation && self.counts => self.tables.insert(name),
            Some(of) => !relation && self.aliases.contains(of),
            None if relation => figure || listed(CATALOGS),
            // The server's own relations may follow a comma.
            None => figure || !name.name.starts_with("pg_"),
        }
    }

    /// Returns `true` if the call at this parenthesis has one argument, a file of the kernel.
    fn is_fixed(&self, open: usize) -> bool {
        let [Some(Piece::Text(file)), Some(Piece::Symbol(b')'))] =
            [self.pieces.get(open + 1), self.pieces.get(open + 2)]
        else {
            return false;
        };
        is_of_kernel(file)
    }
}

/// Returns `true` for `SELECT count(*) FROM` and no other SELECT.
fn is_count(pieces: &[Piece]) -> bool {
    let selects = pieces.iter().filter(|piece| piece.is("select")).count();
    let [select, count, Piece::Symbol(b'('), Piece::Symbol(b'*'), Piece::Symbol(b')'), from, ..] = pieces
    else {
        return false;
    };
    selects == 1 && select.is("select") && count.is("count") && from.is("from")
}

/// Returns `true` if a FROM has a comma: what follows it is a relation without a word that says so.
fn is_list(from: &[Piece]) -> bool {
    let mut depth = 0i32;
    for piece in from {
        match piece {
            Piece::Symbol(b'(') => depth += 1,
            Piece::Symbol(b')') if depth == 0 => return false,
            Piece::Symbol(b')') => depth -= 1,
            Piece::Symbol(b';') => return false,
            Piece::Symbol(b',') if depth == 0 => return true,
            word if depth == 0
                && word.is_any(&["where", "group", "order", "limit", "union", "intersect"]) =>
            {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// Returns the names that a FROM gives to the server's relations.
fn aliases(pieces: &[Piece]) -> BTreeSet<&str> {
    let relations = (0..pieces.len()).filter(|at| pieces[*at].is_any(&["from", "join"]));
    let behind = relations.filter_map(|at| Some(name_at(pieces, at + 1)?.1));
    let alias = behind.filter_map(|at| {
        match pieces.get(at + usize::from(pieces.get(at).is_some_and(|piece| piece.is("as")))) {
            Some(Piece::Word { text, .. }) => Some(text.as_str()),
            _ => None,
        }
    });
    alias.chain(CATALOGS.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::pieces::pieces;
    use super::*;

    fn tables(body: &str) -> Option<String> {
        let found = added_to(&pieces(body), Returned::Anything)?;
        let shown = |name: UsedName| format!("{}.{}", name.schema.unwrap_or_default(), name.name);
        Some(found.into_iter().map(shown).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_body_of_listed_words_is_bounded() {
        for (body, added) in [
            ("SELECT pg_catalog.pg_read_file('/proc/loadavg')", ""),
            ("BEGIN INSERT INTO ops.notes (what) VALUES (pg_catalog.left(x, 200)); END", "ops.notes"),
            (
                "BEGIN IF length(x) > 9 THEN RAISE EXCEPTION 'too long: %', x; END IF; INSERT INTO ops.n VALUES (x, now()) RETURNING id; RETURN; END",
                "ops.n",
            ),
            ("SELECT CASE WHEN $1 > 0 THEN upper($2) ELSE lower($2) END", ""),
            (
                "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = $1",
                "",
            ),
        ] {
            assert_eq!(tables(body).as_deref(), Some(added), "{body}");
        }
    }

    #[test]
    fn a_single_number_may_tell_of_the_servers_work() {
        let lag = "SELECT coalesce(max(pg_catalog.pg_wal_lsn_diff(sent_lsn, replay_lsn)), 0) FROM pg_catalog.pg_stat_replication";
        assert!(added_to(&pieces(lag), Returned::Figure).is_some());
        assert_eq!(added_to(&pieces(lag), Returned::Anything), None);
        let told = "BEGIN RAISE NOTICE '%', (SELECT max(query) FROM pg_stat_activity); RETURN 1; END";
        assert_eq!(added_to(&pieces(told), Returned::Figure), None);
        assert_eq!(added_to(&pieces("SELECT ascii(rolpassword) FROM pg_authid"), Returned::Figure), None);
    }

    #[test]
    fn rows_of_a_table_are_counted_or_removed_by_age_without_an_argument() {
        let named = |body: &str, returned| added_to(&pieces(body), returned).map(|tables| tables.len());
        let old = "DELETE FROM ops.log WHERE at < now() - interval '30 days'";
        assert_eq!(named("SELECT count(*) FROM ops.log", Returned::Figure), Some(1));
        assert_eq!(named(old, Returned::Nothing), Some(1));
        assert_eq!(named(&format!("BEGIN {old}; END"), Returned::Figure), Some(1));
        for (body, returned) in [
            ("SELECT count(*) FROM ops.log", Returned::Anything),
            ("SELECT max(secret) FROM ops.log", Returned::Figure),
            ("SELECT count(*) FROM ops.log WHERE id = (SELECT max(id) FROM ops.other)", Returned::Figure),
            ("DELETE FROM ops.log", Returned::Nothing),
            ("DELETE FROM log WHERE at < now()", Returned::Nothing),
            ("DELETE FROM ops.log WHERE app.f(at)", Returned::Nothing),
            ("DELETE FROM ops.log WHERE true RETURNING secret", Returned::Figure),
            (old, Returned::Anything),
        ] {
            assert_eq!(named(body, returned), None, "{body}");
        }
    }

    #[test]
    fn a_body_with_anything_else_is_not() {
        for body in [
            "SELECT pg_read_file($1)",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT pg_read_file('/proc/loadavg', $1)",
            "SELECT app.f($1)",
            "SELECT s FROM app.secret",
            "SELECT 1 FROM pg_class, pg_authid",
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, planted",
            "SELECT rolpassword FROM pg_authid",
            "SELECT 1 FROM pg_class c, LATERAL (SELECT 1) x",
            "INSERT INTO notes VALUES ($1)",
            "INSERT INTO ops.n VALUES ($1) ON CONFLICT (id) DO UPDATE SET what = $1",
            "INSERT INTO ops.n WITH x AS (DELETE FROM ops.m RETURNING id) SELECT id FROM x",
            "BEGIN EXECUTE x; END",
            "BEGIN PERFORM set_config('role', x, false); END",
            "BEGIN UPDATE ops.n SET what = x; END",
            "BEGIN RETURN QUERY SELECT 1; END",
            "DECLARE v app.evil; BEGIN v := x; END",
            "SELECT x::app.email",
            "SELECT query_to_xml($1, true, true, '')",
            "SELECT current_setting('primary_conninfo')",
            "SELECT pg_sleep(100)",
            "SELECT 1; DROP TABLE ops.n",
            "BEGIN IF true THEN DROP TABLE ops.n; END IF; END",
            "SELECT * FROM (SELECT usename FROM pg_stat_activity) x",
            "SELECT \"pg_shadow\" FROM \"pg_shadow\"",
            "TABLE pg_authid",
        ] {
            assert_eq!(tables(body), None, "{body}");
        }
    }
}
