//! Values of a statement's parameters, and whether code of the service may run in the statement.

use martydb_model::sql::Parameter;

/// The values collected so far, and the properties that the fragments of the statement reported.
#[derive(Debug, Default)]
pub(super) struct StatementValues {
    pub texts: Vec<String>,
    /// Numbers, from 0, of the values that a unique column equals.
    of_keys: Vec<usize>,
    /// `true` if a fragment joins a relation by columns that are no key of it: the planner carries a value over to them.
    joins_by_value: bool,
    /// `true` if code of the service may run in a fragment so far.
    pub runs_code: bool,
    /// `true` if a parameter may have a type that is not PostgreSQL's own.
    pub has_own_types: bool,
}

impl StatementValues {
    /// Adds a value; the server derives its type from its place.
    pub(super) fn add(&mut self, value: impl Into<String>) -> Parameter {
        self.texts.push(value.into());
        Parameter(self.texts.len())
    }

    /// Adds a value that a unique column of one row equals.
    pub(super) fn add_of_key(&mut self, value: impl Into<String>) -> Parameter {
        self.of_keys.push(self.texts.len());
        self.add(value)
    }

    /// Adds an array in PostgreSQL's text format
    /// (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).
    pub(super) fn add_array(&mut self, values: &[String]) -> Parameter {
        let quote = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        self.add(format!("{{{}}}", values.iter().map(quote).collect::<Vec<_>>().join(",")))
    }

    /// Tells that a fragment joins a relation by columns that are no key of it.
    pub(super) fn note_join(&mut self) {
        self.joins_by_value = true;
    }

    /// Returns the numbers, from 0, of the values on which the planner's cost does not depend; none if the text of a view, a policy or a
    /// function may be part of the plan.
    pub(super) fn of_keys(&mut self) -> Vec<usize> {
        let is_sure = !self.joins_by_value && !self.runs_code && !self.has_own_types;
        if is_sure { std::mem::take(&mut self.of_keys) } else { vec![] }
    }

    /// Records that code of the service may run in a fragment, if it `may`.
    pub(super) fn note_code(&mut self, may: bool) {
        self.runs_code |= may;
    }

    /// Tells that a parameter may have a type that is not PostgreSQL's own.
    pub(super) fn note_own_type(&mut self, has: bool) {
        self.has_own_types |= has;
    }
}
