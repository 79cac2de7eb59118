//! Snapshot of the source, held by a session.

use crate::sessions::{ReadLock, ReadTable, open_reading};
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_pg::server::{Access, Connection, Unreadable, query};

/// Exported snapshot, which other sessions can import while this session is open.
pub struct ExportedSnapshot {
    session: Connection,
    pub snapshot: String,
}

impl ExportedSnapshot {
    /// Creates a snapshot, or imports that of another session.
    ///
    /// # Errors
    /// As [`open_reading`].
    pub async fn hold(
        access: &Access,
        database: &str,
        snapshot: Option<&str>,
        tables: &[ReadTable],
    ) -> Result<ExportedSnapshot> {
        let mut session = open_reading(access, database, snapshot, tables, ReadLock::AgainstIndexes).await?;
        let rows = query(&mut session, &stmt!("SELECT pg_catalog.pg_export_snapshot()")).await?;
        let failed = |error| Error::operation("the source exports no snapshot").cause(error);
        let name = rows.first().ok_or_else(Unreadable::no_row).and_then(|row| row.try_get(0));
        Ok(ExportedSnapshot { session, snapshot: name.map_err(failed)? })
    }

    /// Returns the session for reading.
    pub fn session(&mut self) -> &mut Connection {
        &mut self.session
    }

    pub async fn close(self) {
        self.session.close().await;
    }
}
