//! The lock that makes it one run per database at a time, and who holds it.
//!
//! It is a session's: it dies with the connection, so a killed run leaves none behind. It is taken by polling,
//! because a waiter inside `pg_advisory_lock` holds a snapshot that `CREATE INDEX CONCURRENTLY` waits for, and the
//! two would wait for each other. Only logins that are members of the owner can hold it against a run: every login
//! of the service may take an advisory lock (see `advisory`).

use std::time::Duration;

use crate::error::{Error, Kind};
use crate::migrate::target::MigrationTarget;
use crate::server::advisory::{AdvisoryLock, LockHolder};
use crate::sql::{Literal, Statement, stmt};

/// "mart" and "ydb" in ASCII.
pub const LOCK: AdvisoryLock = AdvisoryLock(0x6d61_7274, 0x0079_6462);

/// The query for who else holds a key. Ends the session's role: the owner is no member of the migrator and would not be
/// told since when its sessions are there.
pub fn holders(target: &MigrationTarget) -> Statement {
    let owner = Literal(target.owner.as_str().into());
    let member =
        stmt!("pg_catalog.pg_has_role(a.usesysid, {owner}::pg_catalog.name, 'MEMBER')", owner = owner);
    Statement::join([stmt!("SET ROLE NONE"), LOCK.holders(&member)])
}

pub fn locked_out(target: &MigrationTarget, holder: Option<&LockHolder>, waited: Duration) -> Error {
    let holder = holder.map_or_else(|| "another run, which has just ended".into(), waiting_for);
    Error::new(
        Kind::Locked,
        format!("{}: another run holds the lock of database \"{}\"", target.service, target.database),
    )
    .cause(format!("{holder}; waited {:.1} s for it", waited.as_secs_f64()))
    .hint("wait for it to end, or give more time with --lock-wait")
}

pub fn waiting_for(holder: &LockHolder) -> String {
    format!("another run: {holder}")
}
