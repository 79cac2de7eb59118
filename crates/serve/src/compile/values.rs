//! Values of a statement's parameters.

use martydb_model::sql::Parameter;

/// The values collected so far.
#[derive(Debug, Default)]
pub(super) struct StatementValues(Vec<String>);

impl StatementValues {
    /// Adds a value; the server derives its type from its place.
    pub(super) fn add(&mut self, value: impl Into<String>) -> Parameter {
        self.0.push(value.into());
        Parameter(self.0.len())
    }

    /// Adds an array in PostgreSQL's text format
    /// (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).
    pub(super) fn add_array(&mut self, values: &[String]) -> Parameter {
        let quote = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        self.add(format!("{{{}}}", values.iter().map(quote).collect::<Vec<_>>().join(",")))
    }

    /// Returns the values in the order of their parameters.
    pub(super) fn into_values(self) -> Vec<String> {
        self.0
    }
}
