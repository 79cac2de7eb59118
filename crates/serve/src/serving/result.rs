//! Results of statements, as their columns have them.

use super::answer::StatementResult;
use super::override_headers;
use crate::fault::Served;
use crate::request::BodyForm;

impl StatementResult {
    /// Reads the one row of a statement: total, rows, body, location, inserted rows, headers, status.
    pub fn of(rows: &[tokio_postgres::Row], form: BodyForm) -> Served<StatementResult> {
        let Some(row) = rows.first() else { return Ok(StatementResult::default()) };
        Ok(StatementResult {
            total: row.get(0),
            rows: row.get(1),
            body: bytes(row.get::<_, Option<String>>(2).unwrap_or_default(), form.is_binary()),
            location: row.get(3),
            inserted: row.get(4),
            headers: override_headers::headers(row.get(5))?,
            status: override_headers::status(row.get(6))?,
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
