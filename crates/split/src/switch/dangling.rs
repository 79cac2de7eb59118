//! Foreign keys that a rollback restores, and that rows written at the source meanwhile violate.

use crate::state::notes::SplitNote;
use martydb_model::error::Error;
use martydb_model::sql::{Literal, ServerText, Statement, stmt};
use martydb_model::sqlstate::FOREIGN_KEY_VIOLATION;
use martydb_model::text::printable;
use martydb_model::units::counted;
use martydb_pg::server::{Connection, query_first};

/// Returns the reason of a failed validation, with the number of rows to correct and the statement that validates;
/// `None` for a note of another kind.
pub(super) async fn unvalidated(session: &mut Connection, note: &SplitNote, error: &Error) -> Option<String> {
    let query = stmt!(
        "WITH asked (note) AS (VALUES ({name}::pg_catalog.text)) {keys}",
        name = Literal(note.name.clone()),
        keys = Statement::from_program(include_str!("../sql/dangling.sql"))
    );
    type Columns = (String, String, String, String);
    let (table, key, referred, count) = query_first::<Columns>(session, &query).await.ok()??;
    let count = ServerText::quoted_by_server(count);
    let rows = match error.sqlstate.as_deref() {
        Some(FOREIGN_KEY_VIOLATION) => query_first::<i64>(session, &stmt!("{count}")).await.ok().flatten(),
        _ => None,
    };
    let [table, key, referred] = [table, key, referred].map(|name| printable(&name));
    // Policies may hide the rows.
    let why = match rows.filter(|rows| *rows > 0) {
        Some(rows) => {
            let rows = counted(usize::try_from(rows).unwrap_or(usize::MAX), "row");
            format!("{table} has {rows} without a match in {referred}; correct them, then run")
        }
        None => format!("{error}; its owner runs"),
    };
    Some(format!(
        "foreign key {key} is restored, but not validated: {why} `ALTER TABLE {table} VALIDATE CONSTRAINT {key}`, or roll back again"
    ))
}
