//! Answers of a server to a test's statements, as text.

use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};

/// The SQLSTATE of what the server refused.
pub(crate) fn state(error: sqlx::Error) -> String {
    match error.as_database_error().and_then(|error| error.code()) {
        Some(code) => code.into_owned(),
        None => error.to_string(),
    }
}

/// The rows as text.
pub(crate) async fn ask(connection: &mut PgConnection, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.map_err(state)?;
    let text = |row: &sqlx::postgres::PgRow| {
        (0..row.columns().len())
            .map(|column| row.try_get_unchecked::<Option<String>, _>(column).unwrap().unwrap_or_default())
            .collect()
    };
    Ok(rows.iter().map(text).collect())
}

/// Waits for `future` on this thread.
pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
