//! One run at a time: an advisory lock that is asked for again and again, and that dies with its connection.
//!
//! Never the blocking `pg_advisory_lock`: its waiter holds a snapshot, `CREATE INDEX CONCURRENTLY` waits for that
//! snapshot, and the two deadlock.

use std::time::{Duration, Instant};

use super::{Access, Connection, query};
use crate::error::{Error, Kind, Result};
use crate::sql::Statement;
use crate::stmt;

/// Advisory locks are per database, so all runs must agree on one; this one exists nearly everywhere.
pub(super) const AGREED_DATABASE: &str = "postgres";

/// The first half of every advisory lock key of martydb: "mrty".
pub const LOCK_CLASS: i32 = 0x6d72_7479;

/// The second half for the lock of a whole server.
const SERVER_LOCK: i32 = 1;

const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A held lock; dropping it closes the connection, which releases it.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "kept for its drop")] Connection);

/// Takes the lock of a server, waiting at most `wait`.
///
/// # Errors
/// [`Kind::Locked`], naming who holds it.
pub async fn server(access: &Access, wait: Duration) -> Result<Lock> {
    let mut connection = match access.read(AGREED_DATABASE).await {
        Ok(connection) => connection,
        // Gone, or closed to this admin: all its runs meet the same refusal and agree on the other one.
        Err(error) if matches!(error.sqlstate.as_deref(), Some("3D000" | "42501" | "55000")) => {
            access.read(&access.maintenance).await?
        }
        Err(error) => return Err(error),
    };
    poll(&mut connection, SERVER_LOCK, wait, &format!("server \"{}\"", access.server)).await?;
    Ok(Lock(connection))
}

/// Asks for the lock until it is free or the time is over.
pub async fn poll(connection: &mut Connection, key: i32, wait: Duration, what: &str) -> Result<()> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        if try_lock(connection, key).await? {
            return Ok(());
        }
        if started.elapsed() + pause > wait {
            return Err(held(connection, key, what).await);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn try_lock(connection: &mut Connection, key: i32) -> Result<bool> {
    let ask =
        stmt!("SELECT pg_catalog.pg_try_advisory_lock({class}, {key})::text", class = LOCK_CLASS, key = key);
    Ok(one(connection, &ask).await?.is_some_and(|answer| answer == "true"))
}

async fn held(connection: &mut Connection, key: i32, what: &str) -> Error {
    let holder = stmt!(
        "SELECT pg_catalog.format('process %s, role %s, application %s, connected since %s', a.pid, a.usename,
           a.application_name, a.backend_start)
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {class}::oid AND l.objid = {key}::oid
           AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
         LIMIT 1",
        class = LOCK_CLASS,
        key = key,
    );
    let error = Error::new(Kind::Locked, format!("another run of martydb works on {what}"));
    match one(connection, &holder).await {
        Ok(Some(holder)) => error.cause(format!("the lock is held by {holder}")),
        _ => error,
    }
    .hint("wait for it to end, or allow more time with --lock-wait")
}

async fn one(connection: &mut Connection, statement: &Statement) -> Result<Option<String>> {
    let rows = query(connection, statement).await?;
    Ok(rows.first().and_then(|row| row.try_get(0).ok()))
}
