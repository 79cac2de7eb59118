//! Text of a function: the names that it uses, and whether it executes text that its author did not write.
//!
//! The text is split by PostgreSQL's lexical rules, and a name is judged by the words before it. Literals that
//! `EXECUTE` runs are read the same way: <https://www.postgresql.org/docs/current/plpgsql-statements.html>.

use std::collections::BTreeSet;

use super::executed_text::is_fixed;
use super::pieces::{Piece, UsedName, name_at, pieces};

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BodyText {
    pub calls: BTreeSet<UsedName>,
    pub writes: BTreeSet<UsedName>,
    pub reads: BTreeSet<UsedName>,
    /// Set if it executes text from a variable, a row or a parameter that it does not quote.
    pub executes: bool,
}

/// Deepest literal in a literal that is read.
const MAX_DEPTH: usize = 3;

/// Reads a text; `executes` tells if `EXECUTE` runs an expression, as in PL/pgSQL.
pub(crate) fn read_body(text: &str, executes: bool) -> BodyText {
    let mut found = BodyText::default();
    found.read(&pieces(text), executes, MAX_DEPTH);
    found
}

impl BodyText {
    fn read(&mut self, pieces: &[Piece], executes: bool, depth: usize) {
        let mut at = 0;
        while at < pieces.len() {
            if executes && is_execute(pieces, at) {
                let end = expression_end(pieces, at + 1);
                self.execute(pieces, &pieces[at + 1..end], depth);
            }
            if let Some(block) = block_of_do(pieces, at).filter(|_| depth > 0) {
                self.read(&self::pieces(block), true, depth - 1);
            }
            let Some((name, next)) = name_at(pieces, at) else {
                at += 1;
                continue;
            };
            self.record(pieces, at, next, name);
            at = next;
        }
    }

    /// Records a name as written, called or read, by the words around it.
    fn record(&mut self, pieces: &[Piece], at: usize, next: usize, name: UsedName) {
        let is_called = pieces.get(next) == Some(&Piece::Symbol(b'('));
        if pieces[at].is_any(&["only", "table"]) {
            // The name follows.
        } else if is_target(pieces, at) {
            self.writes.insert(name);
        } else if is_called {
            if !pieces[at].is_any(NO_FUNCTION) {
                self.calls.insert(name);
            }
        } else if name.schema.is_some()
            || is_read(pieces, at)
            || pieces.get(next) == Some(&Piece::Symbol(b'%'))
        {
            self.reads.insert(name);
        }
    }

    fn execute(&mut self, body: &[Piece], expression: &[Piece], depth: usize) {
        self.executes |= !is_fixed(body, expression, MAX_DEPTH);
        if depth == 0 {
            return;
        }
        for piece in expression {
            if let Piece::Text(text) = piece {
                self.read(&pieces(text), false, depth - 1);
            }
        }
    }
}

/// Returns `true` for the statement, and not for the privilege or a part of `CREATE TRIGGER`.
fn is_execute(pieces: &[Piece], at: usize) -> bool {
    let next = pieces.get(at + 1);
    pieces[at].is("execute") && !next.is_some_and(|next| next.is_any(&["on", "function", "procedure", "any"]))
}

/// Returns the block of a `DO` statement, `LANGUAGE` before it or not.
/// <https://www.postgresql.org/docs/current/sql-do.html>
fn block_of_do(pieces: &[Piece], at: usize) -> Option<&str> {
    let starts = at.checked_sub(1).is_none_or(|before| pieces[before] == Piece::Symbol(b';'));
    if !starts || !pieces[at].is("do") {
        return None;
    }
    match (pieces.get(at + 1)?, pieces.get(at + 3)) {
        (Piece::Text(block), _) => Some(block),
        (word, Some(Piece::Text(block))) if word.is("language") => Some(block),
        _ => None,
    }
}

/// Returns the place behind an expression of a PL/pgSQL statement.
fn expression_end(pieces: &[Piece], from: usize) -> usize {
    let mut depth = 0i32;
    for (at, piece) in pieces.iter().enumerate().skip(from) {
        match piece {
            Piece::Symbol(b'(') => depth += 1,
            Piece::Symbol(b')') => depth -= 1,
            Piece::Symbol(b';') => return at,
            word if depth == 0 && word.is_any(&["into", "using", "loop"]) => return at,
            _ => {}
        }
    }
    pieces.len()
}

/// Statements that write, by the words before the table; ONLY and TABLE may come between.
const WRITES: &[&[&str]] =
    &[&["insert", "into"], &["merge", "into"], &["delete", "from"], &["update"], &["copy"], &["truncate"]];

/// Keywords before a parenthesis that call nothing.
pub(crate) const NO_FUNCTION: &[&str] = &[
    "all", "and", "any", "as", "by", "case", "cube", "else", "exists", "filter", "from", "group", "if", "in",
    "not", "on", "or", "over", "return", "rollup", "select", "sets", "then", "using", "values", "when",
    "where", "with",
];

/// Words before an UPDATE that belongs to another clause, such as `FOR UPDATE` and `DO UPDATE`.
const NO_STATEMENT: &[&str] = &["for", "key", "on", "do", "or", "before", "after", "of"];

pub(crate) fn is_target(pieces: &[Piece], at: usize) -> bool {
    let mut end = at;
    while end > 0 && pieces[end - 1].is_any(&["only", "table"]) {
        end -= 1;
    }
    let before = |words: &&&[&str]| {
        let from = end.checked_sub(words.len());
        from.is_some_and(|from| pieces[from..end].iter().zip(**words).all(|(piece, word)| piece.is(word)))
    };
    let Some(words) = WRITES.iter().find(before) else { return false };
    let start = end - words.len();
    let clause = start > 0 && pieces[start - 1].is_any(NO_STATEMENT);
    !(clause && words.len() == 1)
}

/// Returns `true` for a name without a schema where a relation or a type is expected.
fn is_read(pieces: &[Piece], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|at| &pieces[at]) else { return false };
    before.is_any(&["from", "join", "only", "using", "as"])
        || *before == Piece::Symbol(b':')
        || *before == Piece::Symbol(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &BTreeSet<UsedName>) -> String {
        let shown = |name: &UsedName| match &name.schema {
            Some(schema) => format!("{schema}.{}", name.name),
            None => name.name.clone(),
        };
        names.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_are_distinguished_by_the_preceding_words() {
        for (text, calls, writes) in [
            ("BEGIN INSERT INTO app.news VALUES (NEW.x); RETURN NEW; END", "", "app.news"),
            ("INSERT INTO app.news (x) SELECT app.f(y) FROM app.v", "app.f", "app.news"),
            ("UPDATE ONLY app.\"News\" SET x = 1", "", "app.News"),
            ("PERFORM x FROM t FOR UPDATE OF t; /* app.g() */ -- app.h()", "", ""),
            (
                "INSERT INTO ops.t VALUES ('app.f()') ON CONFLICT DO UPDATE SET x = lower('a')",
                "lower",
                "ops.t",
            ),
            ("MERGE INTO app.t USING s ON true WHEN MATCHED THEN DELETE", "", "app.t"),
            ("EXECUTE 'DELETE FROM app.t WHERE app.f(x)'", "app.f", "app.t"),
            ("EXECUTE $q$TRUNCATE TABLE app.t$q$", "", "app.t"),
            ("PERFORM \"App\" . HOOK (); CALL app.run()", "App.hook app.run", ""),
        ] {
            let found = read_body(text, true);
            assert_eq!(names(&found.writes), writes, "{text}");
            assert_eq!(names(&found.calls), calls, "{text}");
        }
    }

    #[test]
    fn the_block_of_a_do_statement_is_read_as_plpgsql() {
        for (text, calls, writes, executes) in [
            ("DO $$ BEGIN PERFORM app.f(); END $$", "app.f", "", false),
            ("VACUUM app.t; DO LANGUAGE plpgsql 'BEGIN EXECUTE q; END'", "", "", true),
            ("DO 'BEGIN DELETE FROM app.t; END' LANGUAGE plpgsql", "", "app.t", false),
            ("INSERT INTO ops.t VALUES (1) ON CONFLICT DO NOTHING; SELECT 'app.f()'", "", "ops.t", false),
        ] {
            let found = read_body(text, false);
            assert_eq!(names(&found.calls), calls, "{text}");
            assert_eq!(names(&found.writes), writes, "{text}");
            assert_eq!(found.executes, executes, "{text}");
        }
    }

    #[test]
    fn only_a_relation_or_a_type_is_read_without_a_schema() {
        let found = read_body("SELECT a, name INTO b FROM jobs j JOIN app.v ON x::email", true);
        assert_eq!(names(&found.reads), "email jobs name app.v");
    }
}
