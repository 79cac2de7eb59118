//! The lock that makes it one run per database at a time, and who holds it.
//!
//! It is a session's: it dies with the connection, so a killed run leaves none behind. It is taken by polling,
//! because a waiter inside `pg_advisory_lock` holds a snapshot that `CREATE INDEX CONCURRENTLY` waits for, and the
//! two would wait for each other. Only logins that are members of the owner can hold it against a run: every login
//! of the service may take an advisory lock (see `advisory`).

use std::time::Duration;

use super::session::query;
use super::target::Target;
use crate::error::{Error, Kind, Result};
use crate::server::Connection;
use crate::server::advisory::{self, Holder, Lock};
use crate::sql::{Literal, Statement};
use crate::stmt;

/// "mart" and "ydb" in ASCII.
pub const LOCK: Lock = Lock(0x6d61_7274, 0x0079_6462);

/// Who else holds a key of the lock. Ends the session's role: the owner is no member of the migrator and would not be
/// told since when its sessions are there.
pub async fn holders(connection: &mut Connection, target: &Target) -> Result<Vec<Holder>> {
    let owner = Literal(target.owner.as_str().into());
    let member =
        stmt!("pg_catalog.pg_has_role(a.usesysid, {owner}::pg_catalog.name, 'MEMBER')", owner = owner);
    let all = Statement::join([stmt!("SET ROLE NONE"), LOCK.holders(&member)]);
    let results = query(connection, &all).await?;
    Ok(results.iter().flatten().map(advisory::holder).collect())
}

/// The time is up, and another run still holds it.
pub fn locked_out(target: &Target, holder: Option<&Holder>, waited: Duration) -> Error {
    let holder = holder.map_or_else(|| "another run, which has just ended".into(), waiting_for);
    Error::new(
        Kind::Locked,
        format!("{}: another run holds the lock of database \"{}\"", target.service, target.database),
    )
    .cause(format!("{holder}; waited {:.1} s for it", waited.as_secs_f64()))
    .hint("wait for it to end, or give more time with --lock-wait")
}

/// The other run in words.
pub fn waiting_for(holder: &Holder) -> String {
    format!("another run: {holder}")
}
