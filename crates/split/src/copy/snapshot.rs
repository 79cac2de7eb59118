//! Snapshot of the source, held by a session.

use crate::database::sessions::{ReadLock, ReadTable, open_reading};
use martydb_model::error::Result;
use martydb_model::sql::stmt;
use martydb_pg::server::{Access, Connection, query_one};

/// Exported snapshot, which other sessions can import while this session is open.
pub(super) struct ExportedSnapshot {
    session: Connection,
    pub snapshot: String,
}

impl ExportedSnapshot {
    /// Creates a snapshot, or imports that of another session.
    ///
    /// # Errors
    /// As [`open_reading`].
    pub(super) async fn hold(
        access: &Access,
        database: &str,
        snapshot: Option<&str>,
        tables: &[ReadTable],
    ) -> Result<ExportedSnapshot> {
        let mut session = open_reading(access, database, snapshot, tables, ReadLock::AgainstIndexes).await?;
        let snapshot = query_one(&mut session, &stmt!("SELECT pg_catalog.pg_export_snapshot()")).await?;
        Ok(ExportedSnapshot { session, snapshot })
    }

    pub(super) async fn close(self) {
        self.session.close().await;
    }
}
