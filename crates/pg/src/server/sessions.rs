//! Who is connected to which database of a server, asked once for all its databases: every session gets the same list,
//! and a list for each of a thousand databases would be a million rows.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Connection, Row, Unreadable, query};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};

/// A session of the server. Its own workers have no database, no login, or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    pub pid: i32,
    pub database: Option<String>,
    pub login: Option<String>,
}

type Sessions = Arc<[OpenSession]>;

/// The list of one server's sessions, as of one moment. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct SessionList(Arc<Mutex<Option<Sessions>>>);

impl SessionList {
    /// Names are told to every login; what a session is called or does is told to members of its login alone.
    pub fn query() -> Statement {
        stmt!("SELECT pid, datname, usename FROM pg_catalog.pg_stat_activity")
    }

    /// The duty to ask, so that the list can come with other answers; `None` where another session has it, or has done it.
    pub fn claim(&self) -> Option<ListClaim> {
        self.0.clone().try_lock_owned().ok().filter(|list| list.is_none()).map(ListClaim)
    }

    /// The list; asks for it where no session has.
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn get(&self, connection: &mut Connection) -> Result<Sessions> {
        let mut list = self.0.lock().await;
        if let Some(list) = list.as_ref() {
            return Ok(list.clone());
        }
        let rows = query(connection, &SessionList::query()).await?;
        let read = read(&rows)
            .map_err(|error| Error::operation("the list of sessions cannot be read").cause(error))?;
        Ok(list.insert(read).clone())
    }
}

/// Dropped without an answer, it leaves the duty to the next session.
pub struct ListClaim(OwnedMutexGuard<Option<Sessions>>);

impl ListClaim {
    /// # Errors
    /// If the rows are not those of [`SessionList::query`].
    pub fn keep(mut self, rows: &[Row]) -> std::result::Result<(), Unreadable> {
        *self.0 = Some(read(rows)?);
        Ok(())
    }
}

fn read(rows: &[Row]) -> std::result::Result<Sessions, Unreadable> {
    rows.iter()
        .map(|row| {
            Ok(OpenSession { pid: row.try_get(0)?, database: row.try_get(1)?, login: row.try_get(2)? })
        })
        .collect()
}
