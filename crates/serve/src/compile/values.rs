//! Values of a statement's parameters, and whether code of the service may run in the statement.

use martydb_model::sql::Parameter;

/// The values collected so far, and the properties that the fragments of the statement reported.
#[derive(Debug, Default)]
pub(super) struct StatementValues {
    pub texts: Vec<String>,
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

    /// Adds an array in PostgreSQL's text format
    /// (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).
    pub(super) fn add_array(&mut self, values: &[String]) -> Parameter {
        let quote = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        self.add(format!("{{{}}}", values.iter().map(quote).collect::<Vec<_>>().join(",")))
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
