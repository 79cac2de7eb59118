//! Tables of a database that was loaded.

use martydb_model::SchemaName;
use martydb_model::error::Result;
use martydb_model::sql::stmt;
use martydb_pg::server::{Connection, query_as};

/// Returns the tables in schemas that a service can have, that have rows of their own.
pub(crate) async fn tables_there(session: &mut Connection) -> Result<Vec<(SchemaName, String)>> {
    let query = stmt!(
        "SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.oid >= 16384"
    );
    let all: Vec<(String, String)> = query_as(session, &query).await?.into_iter().collect();
    Ok(all.into_iter().filter_map(|(schema, table)| Some((SchemaName::found(schema).ok()?, table))).collect())
}
