//! Bodies of superusers' functions that give a caller nothing: they compute from their arguments, read what everybody
//! reads, maintain relations, and use rows of a superuser's table as a privilege on it would let their callers do.
//!
//! Every word counts: a statement, a function or a relation that is not listed here makes a body one that may do anything. What
//! `EXECUTE` runs is judged as a statement of the body.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

mod activity;
mod blocks;
mod changes;
mod clauses;
mod dynamic;
mod fixed_calls;
mod from_lists;
mod guards;
mod names;
mod own_sessions;
mod partitions;
mod paths;
mod placeholders;
mod settings;
#[cfg(test)]
mod tests;
mod upkeep;
mod used;
mod variables;
mod with_queries;
pub(super) mod words;

use super::pieces::{Piece, UsedName, name_at};
use activity::shows_work;
use blocks::begins;
use changes::{conflict_words, emptied, returned, update_words};
use clauses::{is_word, lock_words, merges};
use dynamic::{MAX_DEPTH, executed, expression_end};
pub(crate) use fixed_calls::is_of_kernel;
use from_lists::{aliases, is_list};
use own_sessions::ends_own_sessions;
use partitions::{PartitionChange, partition_change};
use paths::{names_no_temporary, qualified};
use upkeep::is_upkeep;
pub(crate) use used::{BodyLimits, BodyTables, Returned};
use variables::{assigned_at, declarations, type_end};
use with_queries::with_queries;
pub(crate) use words::computes;

/// First words of a statement.
const STATEMENTS: &[&str] = &[
    "begin", "case", "continue", "else", "elseif", "elsif", "end", "exception", "exit", "get", "if",
    "insert", "loop", "null", "perform", "raise", "return", "select", "when", "while",
];

/// First words of a statement that is judged as a whole.
const UPKEEP: &[&str] = &["alter", "analyze", "comment", "notify", "refresh", "reindex", "set"];

/// Words of statements, clauses and bodies that are not judged.
const REFUSED: &[&str] = &[
    "alter", "atomic", "call", "comment", "conflict", "copy", "create", "cursor", "declare", "delete", "do",
    "drop", "except", "execute", "fetch", "for", "foreach", "grant", "import", "listen", "load", "lock",
    "merge", "notify", "only", "open", "overriding", "query", "reset", "revoke", "security", "set", "table",
    "tablesample", "truncate", "update", "using", "vacuum", "with",
];

/// Words of statements by which a body shows more than the figure that it returns.
const TELLS: &[&str] = &["insert", "notify", "pg_notify", "raise", "set", "set_config", "update"];

/// Returns what a bounded body uses; `None` if it may do anything else.
pub(crate) fn used_by(pieces: &[Piece], body: BodyLimits<'_>) -> Option<BodyTables> {
    let pieces = &qualified(pieces, body.find);
    let mut statements: BTreeMap<usize, Vec<Vec<Piece>>> = BTreeMap::new();
    for at in (0..pieces.len()).filter(|at| body.is_plpgsql && pieces[*at].is("execute")) {
        let all = executed(pieces, at, MAX_DEPTH)?;
        statements.insert(at, all.iter().map(|one| qualified(one, body.find)).collect());
    }
    let mut texts = statements.values().flatten().map(Vec::as_slice).chain([pieces.as_slice()]);
    if !body.ends_with_temp && !texts.all(names_no_temporary) {
        return None;
    }
    let has = |words: &[&str]| {
        let inner = statements.values().flatten().flatten();
        pieces.iter().chain(inner).any(|piece| piece.is_any(words))
    };
    // A message or a row would carry more than the figure.
    let figure = body.returned == Returned::Figure && !has(TELLS);
    let fixed = body.returned != Returned::Anything && !has(&["returning", "raise"]);
    let BodyLimits { function, alone, is_plpgsql, computes, .. } = body;
    let scope = BodyScope { function, figure, fixed, alone, is_plpgsql, computes };
    let mut tables = scope.judge(pieces, &statements)?;
    let inside = BodyScope { is_plpgsql: false, ..scope };
    for statement in statements.values().flatten() {
        tables.extend(inside.judge(statement, &BTreeMap::new())?);
    }
    Some(tables)
}

/// Limits of the statements of a body.
#[derive(Clone, Copy)]
struct BodyScope<'a> {
    function: &'a str,
    figure: bool,
    /// Set if the function has no argument and tells nothing of the rows that it changes.
    fixed: bool,
    alone: bool,
    is_plpgsql: bool,
    /// Returns `true` for a function of an extension that only computes.
    computes: &'a dyn Fn(&UsedName) -> bool,
}

impl<'a> BodyScope<'a> {
    fn judge(
        self,
        pieces: &'a [Piece],
        executed: &'a BTreeMap<usize, Vec<Vec<Piece>>>,
    ) -> Option<BodyTables> {
        if (0..pieces.len()).any(|at| pieces[at].is("from") && is_list(&pieces[at + 1..])) {
            return None;
        }
        let queries = with_queries(pieces);
        let mut body = BoundedBody {
            pieces,
            scope: self,
            executed,
            aliases: aliases(pieces).into_iter().chain([self.function]).collect(),
            queries: queries.iter().map(|query| query.name).collect(),
            starts: queries
                .iter()
                .flat_map(|query| [query.start, query.end])
                .filter(|at| pieces.get(*at) != Some(&Piece::Symbol(b',')))
                .collect(),
            sessions: ends_own_sessions(pieces) || shows_work(pieces),
            ends: ends_own_sessions(pieces),
            merges: merges(pieces),
            judged: queries.iter().map(|query| query.with).collect(),
            tables: BodyTables::default(),
        };
        body.walk(0, pieces.len())?;
        (body.merges.is_empty() || self.may_change()).then_some(body.tables)
    }

    /// Returns `true` if it decides nothing of another service which rows a statement changes.
    fn may_change(self) -> bool {
        self.fixed || self.alone
    }
}

struct BoundedBody<'a> {
    pieces: &'a [Piece],
    scope: BodyScope<'a>,
    /// Statements of each `EXECUTE`, by its place.
    executed: &'a BTreeMap<usize, Vec<Vec<Piece>>>,
    aliases: BTreeSet<&'a str>,
    /// Names of the queries of a WITH, and the places of their first words.
    queries: BTreeSet<&'a str>,
    starts: BTreeSet<usize>,
    /// Set if it sees of sessions what its caller may see.
    sessions: bool,
    /// Set if it ends only the sessions of the login that calls it.
    ends: bool,
    merges: Vec<Range<usize>>,
    /// Places of words that are part of a statement judged as a whole.
    judged: BTreeSet<usize>,
    tables: BodyTables,
}

impl<'a> BoundedBody<'a> {
    fn walk(&mut self, from: usize, to: usize) -> Option<()> {
        let mut at = from;
        while at < to {
            at = self.step(at)?;
        }
        Some(())
    }

    /// Returns the place behind the part at this place, or `None` if that is not bounded.
    fn step(&mut self, at: usize) -> Option<usize> {
        if self.executed.contains_key(&at) {
            return self.execute(at);
        }
        if is_word(&self.merges, self.pieces, at) {
            return Some(at + 1);
        }
        if self.begins_statement(at)
            && let Some(next) = self.statement(at)?
        {
            return Some(next);
        }
        if self.pieces[at].is("lateral") {
            return Some(at + 1);
        }
        if let Some(words) = lock_words(self.pieces, at) {
            return Some(words.end);
        }
        if self.pieces[at..].starts_with(&[Piece::Symbol(b':'), Piece::Symbol(b':')]) {
            return type_end(self.pieces, at + 2);
        }
        let Some((name, next)) = name_at(self.pieces, at) else { return Some(at + 1) };
        if self.pieces[at].is_any(REFUSED) && !self.judged.contains(&at) {
            return None;
        }
        self.name(at, next, name).then_some(next)
    }

    /// Judges the expression of an `EXECUTE` and returns the place behind it.
    fn execute(&mut self, at: usize) -> Option<usize> {
        let end = expression_end(self.pieces, at);
        self.walk(at + 1, end)?;
        self.judge_using(end);
        Some(end)
    }

    /// Lets the `USING` of an `EXECUTE` or a `RAISE` pass: values follow.
    fn judge_using(&mut self, from: usize) {
        let end = self.statement_end(from);
        self.judged.extend((from..end).find(|at| self.pieces[*at].is("using")));
    }

    fn statement_end(&self, from: usize) -> usize {
        let ends = |piece: &Piece| *piece == Piece::Symbol(b';');
        self.pieces[from..].iter().position(ends).map_or(self.pieces.len(), |end| from + end)
    }

    /// Returns the place behind what is judged here; `Some(None)` if the words of the statement are judged one by one.
    fn statement(&mut self, at: usize) -> Option<Option<usize>> {
        let pieces = self.pieces;
        let first = &pieces[at];
        let is_first = |words: &[&str]| first.is_any(words);
        if *first == Piece::Symbol(b';') {
            return Some(Some(at + 1));
        }
        if is_first(UPKEEP) {
            let end = self.statement_end(at);
            self.tables.refreshes |= first.is("refresh");
            return is_upkeep(&pieces[at..end]).then_some(Some(end));
        }
        if let Some((change, end)) = partition_change(pieces, at, self.statement_end(at)) {
            self.change_partition(change)?;
            return Some(Some(end));
        }
        if first.is("with") {
            return self.judged.contains(&at).then_some(None);
        }
        if is_first(&["delete", "insert", "update"]) {
            self.tables.read.extend(returned(pieces, at));
        }
        if let Some(table) = emptied(&pieces[at..self.statement_end(at)]).filter(|_| self.scope.may_change())
        {
            self.tables.written.insert(table);
            return Some(Some(self.statement_end(at)));
        }
        if first.is("delete") {
            return self.removes_some(at).then_some(Some(at + 1));
        }
        if first.is("update") {
            self.judged.extend(update_words(pieces, at, self.scope.may_change())?);
            return Some(None);
        }
        if first.is("insert") {
            self.judged.extend(conflict_words(pieces, at, self.scope.may_change())?);
        }
        if is_first(STATEMENTS) && !self.scope.is_plpgsql {
            return Some(None);
        }
        self.block_statement(at)
    }

    /// Notes a table that is made or dropped; one that an argument names is dropped only where each caller is of one service.
    fn change_partition(&mut self, change: PartitionChange) -> Option<()> {
        if change.parent.is_none() && !self.scope.may_change() {
            return None;
        }
        self.tables.schemas.insert(change.schema);
        self.tables.parents.extend(change.parent);
        Some(())
    }

    /// Judges a statement of PL/pgSQL.
    fn block_statement(&mut self, at: usize) -> Option<Option<usize>> {
        let pieces = self.pieces;
        let next_is = |word: &str| pieces.get(at + 1).is_some_and(|piece| piece.is(word));
        let first = &pieces[at];
        if !self.scope.is_plpgsql {
            return None;
        }
        if first.is("declare") {
            return self.declare(at).map(Some);
        }
        if first.is_any(&["for", "foreach"]) {
            return self.loop_values(at).map(Some);
        }
        if first.is("raise") {
            self.judge_using(at);
        }
        if first.is("return") && next_is("query") {
            return Some(Some(at + 2));
        }
        if first.is_any(STATEMENTS) {
            return Some(None);
        }
        assigned_at(pieces, at).map(Some)
    }

    /// Judges the values of a `DECLARE` and returns the place of the `BEGIN`.
    fn declare(&mut self, at: usize) -> Option<usize> {
        let mut begin = at + 1;
        for one in declarations(self.pieces, at)? {
            self.aliases.insert(one.name);
            self.tables.read.extend(one.of);
            self.walk(one.value, one.end)?;
            begin = one.end + 1;
        }
        Some(begin)
    }

    /// Returns the place of what a loop goes through.
    fn loop_values(&mut self, at: usize) -> Option<usize> {
        let pieces = self.pieces;
        let length = pieces[at..].iter().position(|piece| piece.is("in"))?;
        for piece in &pieces[at + 1..at + length] {
            match piece {
                Piece::Word { text, .. } => drop(self.aliases.insert(text)),
                Piece::Symbol(b',') => {}
                _ => return None,
            }
        }
        Some(at + length + 1)
    }

    /// Returns `true` for a DELETE with a condition.
    fn removes_some(&self, at: usize) -> bool {
        let statement = &self.pieces[at..self.statement_end(at)];
        self.scope.may_change() && statement.iter().any(|piece| piece.is("where"))
    }

    fn begins_statement(&self, at: usize) -> bool {
        let returns = at > 1 && self.pieces[at - 1].is("query") && self.pieces[at - 2].is("return");
        if returns && self.pieces[at].is_any(&["delete", "insert", "update"]) {
            return true;
        }
        let is_branch = self.merges.iter().any(|merge| merge.contains(&at));
        at == 0
            || self.starts.contains(&at)
            || !is_branch && begins(&self.pieces[at - 1]) && self.case_is_closed(at)
    }

    /// Returns `true` unless the place is inside a CASE, whose THEN and ELSE begin no statement.
    fn case_is_closed(&self, at: usize) -> bool {
        let statement = &self.pieces[..at];
        let from = statement.iter().rposition(|piece| *piece == Piece::Symbol(b';')).map_or(0, |at| at + 1);
        let count = |word: &str| statement[from..].iter().filter(|piece| piece.is(word)).count();
        count("case") <= count("end")
    }
}
