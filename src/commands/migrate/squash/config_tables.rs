//! Tables of extensions whose rows a dump holds: those that the owner may not read have none of the service's, since the
//! database was made from the files alone.

use martydb_migrate::{MigrationTarget, connect_as_owner};
use martydb_model::error::Result;
use martydb_model::sql::stmt;
use martydb_pg::server::query_as;
use std::time::Duration;

/// Returns schema and name of the tables that would fail a dump of the owner.
pub(super) async fn unreadable(target: &MigrationTarget, wait: Duration) -> Result<Vec<(String, String)>> {
    let mut session = connect_as_owner(target, wait).await?;
    let query = stmt!(
        "SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text FROM pg_catalog.pg_extension e, pg_catalog.unnest(e.extconfig) config
         JOIN pg_catalog.pg_class c ON c.oid = config JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT (CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT') ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END
                    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'))"
    );
    let found = query_as(&mut session, &query).await;
    session.close().await;
    found
}
