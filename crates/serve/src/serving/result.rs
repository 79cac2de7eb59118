//! Results of statements, as their columns have them.

use super::answer::StatementResult;
use super::override_headers;
use crate::fault::Served;

impl StatementResult {
    /// Reads the one row of a statement: total, rows, body, location, inserted rows, headers, status.
    pub fn of(rows: &[tokio_postgres::Row]) -> Served<StatementResult> {
        let Some(row) = rows.first() else { return Ok(StatementResult::default()) };
        Ok(StatementResult {
            total: row.get(0),
            rows: row.get(1),
            body: row.get::<_, Option<String>>(2).unwrap_or_default().into_bytes(),
            location: row.get(3),
            inserted: row.get(4),
            headers: override_headers::headers(row.get(5))?,
            status: override_headers::status(row.get(6))?,
        })
    }
}
