//! Names in a bounded body: relations, columns and calls.

use super::super::body_text::{NO_FUNCTION, is_target};
use super::super::executed_text::closing;
use super::super::pieces::{Piece, UsedName};
use super::BoundedBody;
use super::clauses::is_word;
use super::fixed_calls::is_fixed_call;
use super::own_sessions::ENDS;
use super::placeholders::is_unknown;
use super::variables::type_end;
use super::words::{CATALOGS, EFFECTS, FIGURES, FUNCTIONS};

impl BoundedBody<'_> {
    /// Returns `true` for a name that gives nothing, and notes a relation.
    pub(super) fn name(&mut self, at: usize, next: usize, name: UsedName) -> bool {
        let relation = at > 0
            && (self.pieces[at - 1].is_any(&["from", "join"])
                || is_word(&self.merges, self.pieces, at - 1) && self.pieces[at - 1].is("using"));
        let target = is_target(self.pieces, at);
        if name.schema.as_deref().is_some_and(is_unknown) {
            return false;
        }
        if is_unknown(&name.name) {
            if !relation && !target {
                return self.is_column(at, next, name.schema.as_deref());
            }
            let of = name.schema.filter(|of| of != "pg_catalog");
            self.tables.any_of.extend(of.clone());
            return of.is_some();
        }
        if target {
            // A name without a schema may be the caller's temporary table.
            let is_qualified = name.schema.is_some();
            self.tables.written.extend(is_qualified.then_some(name));
            return is_qualified;
        }
        if self.pieces.get(next) == Some(&Piece::Symbol(b'(')) {
            return self.call(at, next, &name);
        }
        let listed = |names: &[&str]| names.contains(&name.name.as_str());
        let figure = self.scope.figure && listed(FIGURES) || self.sessions && name.name == "pg_stat_activity";
        if let Some(table) = table_of_column(self.pieces, at, next) {
            self.tables.read.insert(table);
            return true;
        }
        match name.schema.as_deref() {
            Some("pg_catalog") => figure || listed(CATALOGS) || !relation && !name.name.starts_with("pg_"),
            Some(_) if relation => {
                self.tables.read.insert(name);
                true
            }
            Some(of) => self.aliases.contains(of),
            None if relation => figure || listed(CATALOGS) || self.queries.contains(name.name.as_str()),
            // The server's own relations may follow a comma.
            None => figure || listed(CATALOGS) || !name.name.starts_with("pg_"),
        }
    }

    /// Returns `true` for a name that is not known and can only be a column of the relations that are read, all of whose columns
    /// show the same: behind it stands neither an argument nor a literal, of which it would be the function or the type.
    fn is_column(&self, at: usize, next: usize, of: Option<&str>) -> bool {
        let is_value = !matches!(self.pieces.get(next), Some(Piece::Symbol(b'(') | Piece::Text(_)));
        let before = at.checked_sub(1).map(|at| &self.pieces[at]);
        let is_type = before.is_some_and(|before| *before == Piece::Symbol(b':') || before.is("as"));
        let is_alias = of.is_none_or(|of| self.aliases.contains(of));
        is_value && !is_type && is_alias && !self.sessions && !self.scope.figure
    }

    /// Returns `true` for a call that gives nothing, and for a word before a parenthesis that calls nothing.
    fn call(&self, at: usize, open: usize, name: &UsedName) -> bool {
        let server = name.schema.as_deref() == Some("pg_catalog");
        let listed = |names: &[&str]| names.contains(&name.name.as_str());
        // A list of columns: no call follows a parenthesis.
        let renames = at > 0 && (self.pieces[at - 1].is("as") || self.pieces[at - 1] == Piece::Symbol(b')'));
        if !server && (self.pieces[at].is_any(NO_FUNCTION) || self.judged.contains(&at) || renames) {
            return name.schema.is_none();
        }
        if self.pieces[at].is("cast") {
            return self.casts(open);
        }
        (self.scope.computes)(name)
            || (server || name.schema.is_none())
                && (self.scope.figure && listed(FIGURES)
                    || self.ends && listed(ENDS)
                    || listed(FUNCTIONS)
                    || listed(EFFECTS)
                    || is_fixed_call(self.pieces, &name.name, open))
    }

    /// Returns `true` for `CAST (… AS …)` to a type of the server.
    fn casts(&self, open: usize) -> bool {
        let Some(close) = closing(self.pieces, open) else { return false };
        let of = self.pieces[..close].iter().rposition(|piece| piece.is("as"));
        of.is_some_and(|of| of > open && type_end(self.pieces, of + 1) == Some(close))
    }
}

/// Returns the table of `schema.table.column`.
fn table_of_column(pieces: &[Piece], at: usize, next: usize) -> Option<UsedName> {
    let ([Piece::Word { text: schema, .. }, _, Piece::Word { text: name, .. }, _, _], false) = (
        pieces.get(at..next)?,
        matches!(pieces.get(next), Some(Piece::Symbol(b'(' | b'.') | Piece::Text(_))),
    ) else {
        return None;
    };
    (schema != "pg_catalog").then(|| UsedName { schema: Some(schema.clone()), name: name.clone() })
}
