//! The schema of a database as statements, for review. The text is ordered by name, not by dependency, and is
//! not meant for a restore.

use martydb_model::error::Result;
use martydb_model::sql::{Statement, stmt, with_members};
use martydb_pg::server::{Connection, query_each};

/// Reads a database whose migrator is the session's login. `head` is the first line of the text.
pub(crate) async fn schema_text(connection: &mut Connection, head: &str) -> Result<String> {
    let texts = Statement::from_program(with_members!(", ", include_str!("sql/schema.sql")));
    let query = Statement::join([stmt!("SET search_path = pg_catalog, pg_temp"), texts]);
    let results = query_each(connection, &query).await?;
    let blocks = results.iter().flatten().map(|row| row.try_get::<Option<String>>(2));
    let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
    let block =
        |text: Option<String>| Some(text?.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
    Ok([head.to_owned()]
        .into_iter()
        .chain(blocks.into_iter().filter_map(block))
        .collect::<Vec<_>>()
        .join("\n\n")
        + "\n")
}
