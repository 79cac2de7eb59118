//! Error answers: PostgREST's body and codes, and the `MDB` codes of martydb. Text of the server reaches the caller only
//! for classes 22, 23 and P0001; for others the answer has the class and no text of a row. What code of the service raises as `PT…` or
//! `PGRST` reaches every caller.

pub(crate) mod raised_errors;
pub(crate) mod service_headers;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Value, json};

/// Levels of JSON that its reader takes.
const JSON_DEPTH: usize = 127;

/// Code of the answer where no connection was free in time.
pub(crate) const NO_CONNECTION: &str = "PGRST003";

/// SQLSTATE of a violated foreign key.
const FOREIGN_KEY: &str = "23503";

/// An error response.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpError {
    pub status: u16,
    pub code: String,
    pub message: String,
    pub(crate) details: Option<Box<Value>>,
    pub hint: Option<Box<str>>,
    /// Further headers, such as `Retry-After`.
    pub headers: Vec<AnswerHeader>,
}

/// A header of an answer.
pub(crate) type AnswerHeader = (Cow<'static, str>, String);

/// Result of a step of a request.
pub(crate) type HttpResult<T> = Result<T, HttpError>;

impl HttpError {
    /// Makes an error without details.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> HttpError {
        let (code, message) = (code.into(), message.into());
        HttpError { status, code, message, details: None, hint: None, headers: vec![] }
    }

    /// Adds the key `details`.
    #[must_use]
    pub(crate) fn details(mut self, details: impl Into<Value>) -> HttpError {
        self.details = Some(Box::new(details.into()));
        self
    }

    /// Adds the key `hint`.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Box<str>>) -> HttpError {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> HttpError {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Returns the body.
    pub fn body(&self) -> String {
        json!({ "code": self.code, "details": self.details, "hint": self.hint, "message": self.message })
            .to_string()
    }

    /// A request that no rule of the grammar accepts, at a column counted from 1.
    pub(crate) fn unparsed(what: &str, text: &str, column: usize, details: String) -> HttpError {
        let message = format!("\"failed to parse {what} ({text})\" (line 1, column {column})");
        HttpError::new(400, "PGRST100", message).details(details)
    }

    /// A body that does not consist of rows.
    pub(crate) fn invalid_body(message: impl Into<String>) -> HttpError {
        HttpError::new(400, "PGRST102", message)
    }

    /// A range without rows.
    pub fn range(details: impl Into<String>) -> HttpError {
        HttpError::new(416, "PGRST103", "Requested range not satisfiable").details(details.into())
    }

    /// A limit of the data service that the request exceeds.
    pub fn limit(message: impl Into<String>) -> HttpError {
        HttpError::new(400, "MDB009", message)
    }

    /// JSON that cannot be read: too deep, with a number that is too large, or none.
    pub(crate) fn of_json(error: &serde_json::Error) -> HttpError {
        let text = error.to_string();
        if text.contains("recursion limit") {
            return HttpError::limit(format!("the JSON has more than {JSON_DEPTH} levels"));
        }
        match text.contains("number out of range") {
            true => HttpError::invalid_body("a number of the JSON is too large: send it as a text"),
            false => HttpError::invalid_body("Empty or invalid json"),
        }
    }

    /// Tells the limit of the time that was over.
    #[must_use]
    pub(crate) fn of_time_limit(mut self, limit: Duration) -> HttpError {
        self.message = format!("the statement took longer than {limit:?}, and was cancelled");
        self.hint("`limits: { timeout }` of the service")
    }

    /// Leaves out what the server says of a foreign key, if it names a table that is not exposed.
    #[must_use]
    pub(crate) fn without_hidden(mut self, is_exposed: impl Fn(&str) -> bool) -> HttpError {
        if self.code != FOREIGN_KEY {
            return self;
        }
        let details = self.details.as_deref().and_then(Value::as_str).unwrap_or_default();
        let texts = format!("{} {details}", self.message);
        let mut tables = texts.split("table \"").skip(1).filter_map(|rest| rest.split('"').next()).peekable();
        if tables.peek().is_none() || !tables.all(is_exposed) {
            self.message = "a row of another table is missing, or refers to this one".into();
            self.details = None;
        }
        self
    }

    /// An answer with more bytes than the service sends.
    pub(crate) fn too_large(most: usize) -> HttpError {
        HttpError::limit(format!("the answer has more than {most} bytes: select less, or a range"))
    }

    /// A write of more rows than its caller expects.
    pub(crate) fn too_many_affected(rows: i64) -> HttpError {
        let message = "Query result exceeds max-affected preference constraint";
        HttpError::new(400, "PGRST124", message).details(format!("The query affects {rows} rows"))
    }

    /// A relation that is not exposed, or does not exist: one answer for both.
    pub(crate) fn no_table(schema: &str, name: &str) -> HttpError {
        let message = format!("Could not find the table '{schema}.{name}' in the schema cache");
        HttpError::new(404, "PGRST205", message)
    }

    /// A column that the relation does not have.
    pub(crate) fn no_column(relation: &str, name: &str) -> HttpError {
        HttpError::new(400, "42703", format!("column {relation}.{name} does not exist"))
    }

    /// A result that had to be one row.
    pub(crate) fn not_single(rows: i64) -> HttpError {
        HttpError::new(406, "PGRST116", "Cannot coerce the result to a single JSON object")
            .details(format!("The result contains {rows} rows"))
    }
}

/// Report of the server about a statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct DatabaseReport {
    pub(crate) sqlstate: String,
    pub message: String,
    pub(crate) detail: Option<String>,
    pub hint: Option<String>,
}

/// Statuses by the beginning of the SQLSTATE; the first row that fits counts. As PostgREST's table
/// (<https://docs.postgrest.org/en/stable/references/errors.html>), but 40001, 40P01 and 55P03 are 409 and 57014 is 504.
const STATUSES: &[(&str, u16)] = &[
    ("08", 503),
    ("09", 500),
    ("0L", 403),
    ("0P", 403),
    ("23503", 409),
    ("23505", 409),
    ("25006", 405),
    ("21000", 500),
    ("25", 500),
    ("28", 403),
    ("2D", 500),
    ("38", 500),
    ("39", 500),
    ("3B", 500),
    ("40001", 409),
    ("40P01", 409),
    ("40", 500),
    ("53400", 500),
    ("53", 503),
    ("54", 500),
    ("55P03", 409),
    ("55", 500),
    ("57P01", 503),
    // Nothing was done either: another backend crashed, or the server starts.
    ("57P02", 503),
    ("57P03", 503),
    ("57014", 504),
    ("57", 500),
    ("58", 500),
    ("F0", 500),
    ("HV", 500),
    ("P0001", 400),
    ("P0", 500),
    ("XX", 500),
    ("42883", 404),
    ("42P01", 404),
    ("42P17", 500),
    ("42501", 403),
];

/// Beginnings of SQLSTATEs whose text the caller may read: its own values, and what a service's code raises for it.
const PUBLIC_STATES: &[&str] =
    &["22", "23", "P0001", "42703", "42704", "42883", "42P17", "428C9", "42804", "21000", "42501", "42P10"];

/// Returns the answer to an error of the server. `authenticated` is `false` for the anonymous caller.
pub(crate) fn of_server(report: &DatabaseReport, authenticated: bool, may_read_rows: bool) -> HttpError {
    let state = report.sqlstate.as_str();
    let row = STATUSES.iter().find(|(start, _)| state.starts_with(start));
    let status = row.map_or(400, |(_, status)| *status);
    let status = if state == "42501" && !authenticated { 401 } else { status };
    let shown = PUBLIC_STATES.iter().any(|start| state.starts_with(start));
    let message = if shown { report.message.clone() } else { withheld(state).to_owned() };
    let mut error = HttpError::new(status, state, message);
    // DETAIL of a unique violation names another row's values.
    let detail = report.detail.clone().filter(|_| shown && (may_read_rows || !state.starts_with("23")));
    error.details = detail.map(|detail| Box::new(Value::from(detail)));
    error.hint = report.hint.clone().filter(|_| shown).map(String::into_boxed_str);
    match status {
        401 => error.header("WWW-Authenticate", "Bearer"),
        409 if state.starts_with("40") => error.header("Retry-After", "0"),
        503 => error.header("Retry-After", "1"),
        _ => error,
    }
}

/// Returns a sentence in place of the server's.
fn withheld(state: &str) -> &'static str {
    match state.get(..2).unwrap_or_default() {
        // Such as a view without rows, or a foreign table without a working wrapper.
        "55" if state == "55000" => "the relation cannot be used in its present state",
        "57" if state == "57014" => "the statement was cancelled",
        "54" => "the request is too large or too complex for the database",
        "08" | "53" | "57" => "the database is not available",
        "40" => "the transaction conflicts with another one",
        "55" => "the rows are locked",
        "25" => "the login may not write",
        _ => "the database rejected the request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sqlstate: &str) -> DatabaseReport {
        let detail = Some("Key (id)=(7) already exists.".to_owned());
        DatabaseReport {
            sqlstate: sqlstate.into(),
            message: "secret of the server".into(),
            detail,
            hint: None,
        }
    }

    #[test]
    fn text_of_the_server_is_shown_only_where_it_is_the_callers() {
        for (state, status, shown) in [
            ("22P02", 400, true),
            ("23505", 409, true),
            ("P0001", 400, true),
            ("40001", 409, false),
            ("57014", 504, false),
            ("53300", 503, false),
            ("XX000", 500, false),
            ("58P01", 500, false),
        ] {
            let error = of_server(&report(state), true, true);
            assert_eq!((error.status, error.message.contains("secret")), (status, shown), "{state}");
        }
    }

    #[test]
    fn a_foreign_key_names_only_tables_that_are_exposed() {
        let violated = |message: &str, detail: &str| {
            let report = DatabaseReport {
                sqlstate: FOREIGN_KEY.into(),
                message: message.into(),
                detail: Some(detail.into()),
                hint: None,
            };
            of_server(&report, true, true).without_hidden(|name| ["invoice", "customer"].contains(&name))
        };
        let insert = r#"insert or update on table "invoice" violates foreign key constraint "k""#;
        let delete =
            r#"update or delete on table "customer" violates foreign key constraint "k" on table "secret""#;
        for (message, detail, shown) in [
            (insert, r#"Key (c)=(1) is not present in table "customer"."#, true),
            (insert, r#"Key (c)=(1) is not present in table "secret"."#, false),
            (delete, r#"Key (id)=(1) is still referenced from table "secret"."#, false),
            ("une clé étrangère", "la clé", false),
        ] {
            let found = violated(message, detail);
            assert_eq!((found.message == message, found.details.is_some()), (shown, shown), "{detail}");
        }
    }

    #[test]
    fn json_that_is_too_deep_or_too_large_is_told_from_none() {
        for (text, code, words) in [
            ("[".repeat(200) + &"]".repeat(200), "MDB009", "127 levels"),
            ("1e400".into(), "PGRST102", "too large"),
            ("{".into(), "PGRST102", "invalid json"),
        ] {
            let error = serde_json::from_str::<Value>(&text).unwrap_err();
            let found = HttpError::of_json(&error);
            assert!(found.code == code && found.message.contains(words), "{found:?}");
        }
    }

    #[test]
    fn values_of_other_rows_go_only_to_logins_that_read_them() {
        assert!(of_server(&report("23505"), true, true).details.is_some());
        assert!(of_server(&report("23505"), true, false).details.is_none());
        assert_eq!(of_server(&report("42501"), false, true).status, 401);
    }
}
