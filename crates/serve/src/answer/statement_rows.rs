//! Results of statements, as their columns have them.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::answer::StatementResult;
use crate::answer::override_headers;
use crate::error::{HttpError, HttpResult};
use crate::request::BodyForm;
use crate::session::{AnswerText, LoginSession};

impl StatementResult {
    /// Reads the one row of a statement: rows, body, total, location, inserted rows, headers, status. Those behind the last that it
    /// has are NULL.
    pub(crate) fn from_rows(rows: &[Row], form: BodyForm) -> HttpResult<StatementResult> {
        let Some(row) = rows.first() else { return Ok(StatementResult::default()) };
        // Code of the service may have changed `client_encoding`; `get` would end the process.
        let wrong = |_: tokio_postgres::Error| HttpError::new(500, "22021", "the answer is not UTF-8");
        let body: Option<AnswerText> = row.try_get(1).map_err(wrong)?;
        Ok(StatementResult {
            replica: None,
            kept: false,
            rows: row.try_get(0).map_err(wrong)?,
            body: bytes(body.map(|body| body.0).unwrap_or_default(), form.is_binary()),
            total: column(row, 2).map_err(wrong)?,
            location: column(row, 3).map_err(wrong)?,
            inserted: column(row, 4).map_err(wrong)?,
            headers: override_headers::headers(column(row, 5).map_err(wrong)?)?,
            status: override_headers::status(column(row, 6).map_err(wrong)?)?,
        })
    }
}

/// Form in which a statement has its result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StepForm {
    Body(BodyForm),
    /// A plan, with the planner's number of rows.
    Plan,
}

impl StepForm {
    /// Reads the rows of a statement.
    pub(crate) fn read(self, rows: &[Row]) -> HttpResult<StatementResult> {
        match self {
            StepForm::Body(form) => StatementResult::from_rows(rows, form),
            StepForm::Plan => Ok(StatementResult { total: planned_rows(rows), ..StatementResult::default() }),
        }
    }
}

/// Returns the planner's number of rows.
fn planned_rows(rows: &[Row]) -> Option<i64> {
    let text = rows.first().and_then(LoginSession::json).unwrap_or_default();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    plan.pointer("/0/Plan/Plan Rows").and_then(serde_json::Value::as_f64).map(|rows| rows as i64)
}

fn column<'r, T: FromSql<'r>>(row: &'r Row, number: usize) -> Result<Option<T>, tokio_postgres::Error> {
    if number < row.len() { row.try_get(number) } else { Ok(None) }
}

/// Returns the bytes of a body, which may be written in hexadecimal.
fn bytes(text: String, binary: bool) -> Vec<u8> {
    if !binary {
        return text.into_bytes();
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
