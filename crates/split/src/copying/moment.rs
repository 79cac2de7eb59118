//! One moment of the source, for as long as a session holds it.

use crate::sessions::{ReadLock, ReadTable, reading};
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_pg::server::{Access, Connection, Unreadable, query};

/// A snapshot that other sessions see too, while this one lives.
pub struct HeldMoment {
    session: Connection,
    pub snapshot: String,
}

impl HeldMoment {
    /// Takes a moment, or takes over the one that another session holds.
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
        let rows = query(&mut session, &stmt!("SELECT pg_catalog.pg_export_snapshot()")).await?;
        let failed = |error| Error::operation("the source exports no snapshot").cause(error);
        let name = rows.first().ok_or_else(Unreadable::no_row).and_then(|row| row.try_get(0));
        Ok(HeldMoment { session, snapshot: name.map_err(failed)? })
    }

    /// The session, to read in.
    pub fn session(&mut self) -> &mut Connection {
        &mut self.session
    }

    pub async fn close(self) {
        self.session.close().await;
    }
}
