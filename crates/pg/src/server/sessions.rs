//! Sessions of a server, by database, and its limit of connections, queried once for all its databases: every session gets
//! the same list. One list per database would be a million rows for a thousand databases.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Connection, Row, Unreadable, query};
use martydb_model::Capacity;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};

/// A session of the server. Background workers have no database, no login, or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    pub pid: i32,
    pub database: Option<String>,
    pub login: Option<String>,
}

type Sessions = Arc<[OpenSession]>;

#[derive(Debug)]
struct ServerSessions {
    sessions: Sessions,
    capacity: Capacity,
}

/// A server's sessions at one moment. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct SessionList(Arc<Mutex<Option<ServerSessions>>>);

impl SessionList {
    /// Returns the query. Names are visible to every login; a session's state and query only to members of its login.
    pub fn query() -> Statement {
        stmt!(
            "SELECT pid, datname, usename, pg_catalog.current_setting('max_connections')::int,
               pg_catalog.current_setting('superuser_reserved_connections')::int
               + coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0)
             FROM pg_catalog.pg_stat_activity"
        )
    }

    /// Returns how many connections the server has; `None` before its answer.
    pub fn capacity(&self) -> Option<Capacity> {
        self.0.try_lock().ok()?.as_ref().map(|answer| answer.capacity)
    }

    /// Claims the query of the list, to be sent with other queries; `None` if another session has claimed it.
    pub fn claim(&self) -> Option<ListClaim> {
        self.0.clone().try_lock_owned().ok().filter(|list| list.is_none()).map(ListClaim)
    }

    /// Returns the list; queries it if no session has.
    ///
    /// # Errors
    /// If the server does not answer.
    #[crate::boxed]
    pub async fn get(&self, connection: &mut Connection) -> Result<Sessions> {
        let mut list = self.0.lock().await;
        if let Some(answer) = list.as_ref() {
            return Ok(answer.sessions.clone());
        }
        let rows = query(connection, &SessionList::query()).await?;
        let read =
            read(&rows).map_err(|error| Error::operation("cannot read the list of sessions").cause(error))?;
        Ok(list.insert(read).sessions.clone())
    }
}

/// Dropped without an answer, it leaves the query to the next session.
pub struct ListClaim(OwnedMutexGuard<Option<ServerSessions>>);

impl ListClaim {
    /// Stores the answer.
    ///
    /// # Errors
    /// If the rows are not those of [`SessionList::query`].
    pub fn keep(mut self, rows: &[Row]) -> std::result::Result<(), Unreadable> {
        *self.0 = Some(read(rows)?);
        Ok(())
    }
}

fn read(rows: &[Row]) -> std::result::Result<ServerSessions, Unreadable> {
    let mut sessions = vec![];
    let mut capacity = Capacity::default();
    for row in rows {
        let (pid, database, login, max_connections, reserved): (_, _, _, i32, i32) = row.read()?;
        (capacity.max_connections, capacity.reserved) = (count(max_connections), count(reserved));
        sessions.push(OpenSession { pid, database, login });
    }
    let is_client = |one: &&OpenSession| one.database.is_some() && one.login.is_some();
    capacity.in_use = sessions.iter().filter(is_client).count();
    Ok(ServerSessions { sessions: sessions.into(), capacity })
}

fn count(number: i32) -> usize {
    usize::try_from(number).unwrap_or_default()
}
