//! Snapshot of the source, held by a session.

use crate::sessions::{ReadLock, ReadTable, reading};
use martydb_model::error::Result;
use martydb_model::sql::stmt;
use martydb_pg::server::{Access, Connection, query_one};

/// Exported snapshot, which other sessions can import while this session is open.
pub struct HeldMoment {
    session: Connection,
    pub snapshot: String,
}

impl HeldMoment {
    /// Creates a snapshot, or imports that of another session.
    ///
    /// # Errors
    /// As [`reading`].
    pub async fn hold(
        access: &Access,
        database: &str,
        snapshot: Option<&str>,
        tables: &[ReadTable],
    ) -> Result<HeldMoment> {
        let mut session = reading(access, database, snapshot, tables, ReadLock::AgainstIndexes).await?;
        let snapshot = query_one(&mut session, &stmt!("SELECT pg_catalog.pg_export_snapshot()")).await?;
        Ok(HeldMoment { session, snapshot })
    }

    /// Returns the session for reading.
    pub fn session(&mut self) -> &mut Connection {
        &mut self.session
    }

    pub async fn close(self) {
        self.session.close().await;
    }
}
