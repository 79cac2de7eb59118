//! The lock that makes it one run per database at a time, and who holds it.
//!
//! It is a session's: it dies with the connection, so a killed run leaves none behind. It is taken by polling,
//! because a waiter inside `pg_advisory_lock` holds a snapshot that `CREATE INDEX CONCURRENTLY` waits for, and the
//! two would wait for each other.

use std::time::Duration;

use super::session::query;
use super::target::Target;
use crate::error::{Error, Kind, Result};
use crate::server::Connection;
use crate::sql::Statement;
use crate::stmt;

/// The two halves of the lock's key; "mart" and "ydb" in ASCII. Advisory locks are per database already.
const LOCK: (i32, i32) = (0x6d61_7274, 0x0079_6462);

/// Takes the lock if nobody has it, and says whether it did.
pub fn try_lock() -> Statement {
    stmt!("SELECT pg_try_advisory_lock({a}, {b})", a = LOCK.0, b = LOCK.1)
}

/// Who holds the lock, in words. The holder may be gone by now.
pub async fn holder(connection: &mut Connection) -> Result<String> {
    let statement = stmt!(
        "SELECT a.pid::text, a.usename::text, a.application_name,
                to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = {a}::bigint::oid
           AND l.objid = {b}::bigint::oid AND a.datname = current_database()",
        a = LOCK.0,
        b = LOCK.1
    );
    // As itself: the owner is no member of the migrator and would not be told about its sessions.
    let all = Statement::join([stmt!("SET ROLE NONE"), statement]);
    let results = query(connection, &all).await?;
    let Some(row) = results.last().and_then(|rows| rows.first()) else {
        return Ok("another run, which has just ended".into());
    };
    let column = |at: usize| row.try_get::<Option<String>>(at).ok().flatten().unwrap_or_else(|| "?".into());
    let (pid, role, application, since) = (column(0), column(1), column(2), column(3));
    Ok(format!("another run: pid {pid}, role {role}, application \"{application}\", connected since {since}"))
}

/// The time is up, and another run still holds it.
pub fn locked_out(target: &Target, holder: &str, waited: Duration) -> Error {
    Error::new(
        Kind::Locked,
        format!("{}: another run holds the lock of database \"{}\"", target.service, target.database),
    )
    .cause(format!("{holder}; waited {:.1} s for it", waited.as_secs_f64()))
    .hint("wait for it to end, or give more time with --lock-wait")
}
