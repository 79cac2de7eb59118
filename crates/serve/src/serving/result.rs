//! Results of statements, as their columns have them.

use super::answer::StatementResult;
use super::override_headers;
use crate::fault::{RequestFault, Served};
use crate::request::BodyForm;

impl StatementResult {
    /// Reads the one row of a statement: total, rows, body, location, inserted rows, headers, status.
    pub fn of(rows: &[tokio_postgres::Row], form: BodyForm) -> Served<StatementResult> {
        let Some(row) = rows.first() else { return Ok(StatementResult::default()) };
        // Code of the service may have changed `client_encoding`; `get` would end the process.
        let wrong = |_: tokio_postgres::Error| RequestFault::new(500, "22021", "the answer is not UTF-8");
        let body: Option<String> = row.try_get(2).map_err(wrong)?;
        Ok(StatementResult {
            replica: None,
            kept: false,
            total: row.try_get(0).map_err(wrong)?,
            rows: row.try_get(1).map_err(wrong)?,
            body: bytes(body.unwrap_or_default(), form.is_binary()),
            location: row.try_get(3).map_err(wrong)?,
            inserted: row.try_get(4).map_err(wrong)?,
            headers: override_headers::headers(row.try_get(5).map_err(wrong)?)?,
            status: override_headers::status(row.try_get(6).map_err(wrong)?)?,
        })
    }
}

/// Returns the bytes of a body, which may be written in hexadecimal.
fn bytes(text: String, binary: bool) -> Vec<u8> {
    if !binary {
        return text.into_bytes();
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
