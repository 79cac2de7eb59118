//! One connection as the migrator, acting as the owner, holding the database's lock.
//!
//! The lock is a session's: it dies with the connection, so a killed run leaves none behind. It is taken by
//! polling, because a waiter inside `pg_advisory_lock` holds a snapshot that `CREATE INDEX CONCURRENTLY` waits
//! for, and the two would wait for each other.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{Connection, Either, Executor, PgConnection, Row};

use super::checksum::Width;
use super::compare::{AppliedRow, Unfinished};
use super::outcome::{Event, OnEvent};
use super::tables::{self, Found, Tables};
use super::target::{Presence, Target};
use crate::error::{Error, Kind, Result};
use crate::server::{Fault, connect_with, describe};
use crate::sql::{Idents, Statement};
use crate::stmt;

/// The two halves of the lock's key; "mart" and "ydb" in ASCII. Advisory locks are per database already.
const LOCK: (i32, i32) = (0x6d61_7274, 0x0079_6462);

/// The shortest and the longest pause between two looks at a lock or a full server.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(1000));

/// Whether a session means to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// It reads, and takes no lock.
    Read,
    /// It writes, and holds the lock until it ends.
    Write,
}

/// An open session.
pub struct Session {
    /// The connection, as the owner.
    pub connection: PgConnection,
    /// Which of the two tables exist.
    pub tables: Tables,
}

/// The rows of both tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// refinery's.
    pub applied: Vec<AppliedRow>,
    /// The versions of these rows in the order in which they were applied.
    pub order: Vec<i64>,
    /// Migrations that were begun and have no good end.
    pub unfinished: Vec<Unfinished>,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSession {
    /// The database or one of its roles is not there, or not finished.
    NotProvisioned(Error),
    /// Anything else.
    Error(Error),
}

impl From<Error> for NoSession {
    fn from(error: Error) -> Self {
        NoSession::Error(error)
    }
}

impl NoSession {
    /// As an error of the service.
    pub fn into_error(self) -> Error {
        match self {
            NoSession::NotProvisioned(error) | NoSession::Error(error) => error,
        }
    }
}

impl Session {
    /// Logs in, becomes the owner, and takes the lock if it means to write.
    pub async fn open(
        target: &Target,
        intent: Intent,
        lock_wait: Duration,
        on_event: OnEvent<'_>,
    ) -> Result<Session, NoSession> {
        if target.presence == Presence::Absent {
            return Err(not_provisioned(target, Error::operation("the database or a role does not exist")));
        }
        let deadline = Instant::now() + lock_wait;
        let mut connection = log_in(target, deadline, on_event).await?;
        let tables = greet(&mut connection, target, intent, deadline, on_event).await?;
        Ok(Session { connection, tables })
    }

    /// Reads both tables.
    pub async fn rows(&mut self) -> Result<Rows> {
        Ok(self.rows_after(&[]).await?.0)
    }

    /// Runs other statements and then reads both tables, in one round trip; answers what the others gave.
    pub async fn rows_after(&mut self, others: &[Statement]) -> Result<(Rows, Vec<Vec<PgRow>>)> {
        let refinery = self.tables.refinery.as_ref().map(|(schema, _)| tables::read_refinery(schema));
        let history = self.tables.history.as_ref().map(|_| tables::read_unfinished());
        let asked: Vec<_> = others.iter().chain(&refinery).chain(&history).cloned().collect();
        let mut results = match asked.is_empty() {
            true => vec![],
            false => query(&mut self.connection, &Statement::join(asked)).await?,
        };
        let mut answer = |asked: bool| if asked { results.pop().unwrap_or_default() } else { vec![] };
        let unfinished = answer(history.is_some()).iter().map(unfinished).collect::<Result<_, _>>();
        let applied = answer(refinery.is_some()).iter().map(applied).collect::<Result<Vec<_>, _>>();
        let mut ranked = applied.map_err(unreadable)?;
        let applied = ranked.iter().map(|(_, row)| row.clone()).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let order = ranked.into_iter().map(|(_, row)| row.version).collect();
        let rows = Rows { applied, order, unfinished: unfinished.map_err(unreadable)? };
        Ok((rows, results))
    }

    /// Says goodbye, so that the server's log shows no lost connection. Failing at that harms nothing.
    pub async fn close(self) {
        drop(self.connection.close().await);
    }
}

fn applied(row: &PgRow) -> Result<(i64, AppliedRow), sqlx::Error> {
    Ok((row.try_get(4)?, tables::applied(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
}

fn unfinished(row: &PgRow) -> Result<Unfinished, sqlx::Error> {
    Ok(tables::unfinished(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

/// A row that is not of the form that our own query gives it.
pub fn unreadable(error: sqlx::Error) -> Error {
    Error::operation("the history cannot be read").cause(describe(&error))
}

/// Runs statements that return rows; one list of rows for each statement.
pub async fn query(connection: &mut PgConnection, statement: &Statement) -> Result<Vec<Vec<PgRow>>> {
    tracing::debug!(target: "martydb::sql", "{}", statement.shown());
    let (mut results, mut rows) = (vec![], vec![]);
    let mut stream = connection.fetch_many(sqlx::raw_sql(statement));
    loop {
        match stream.try_next().await {
            Ok(Some(Either::Left(_))) => results.push(std::mem::take(&mut rows)),
            Ok(Some(Either::Right(row))) => rows.push(row),
            Ok(None) => return Ok(results),
            Err(error) => return Err(describe(&error).into_error(statement)),
        }
    }
}

/// Logs in, and waits while the server has no connection to spare.
async fn log_in(
    target: &Target,
    deadline: Instant,
    on_event: OnEvent<'_>,
) -> Result<PgConnection, NoSession> {
    let path = stmt!("{all}", all = Idents(target.schemas.clone()));
    let settings = [("search_path", path.shown()), ("standard_conforming_strings", "on")];
    let mut pause = Pause::new(deadline);
    loop {
        let attempt =
            connect_with(&target.endpoint, &target.login, target.database.as_str(), &settings).await;
        match attempt {
            Ok(connection) => return Ok(connection),
            Err(error) if error.sqlstate.as_deref() == Some("53300") => {
                on_event(Event::Waiting(format!(
                    "the server has no connection to spare: {}",
                    error.causes[0]
                )));
                if !pause.again().await {
                    return Err(NoSession::Error(error));
                }
            }
            Err(error) => return Err(refused_login(target, error)),
        }
    }
}

/// What a refused login says about the database. 55000 is a database that is still closed: `apply` opens it last.
fn refused_login(target: &Target, error: Error) -> NoSession {
    match error.sqlstate.as_deref() {
        Some("3D000" | "55000") => not_provisioned(target, error),
        Some("28P01") if target.presence == Presence::Unknown => NoSession::Error(error.hint(format!(
            "a role that does not exist is refused in the same words: if {} was never applied, run `{}`",
            target.service,
            apply(target)
        ))),
        _ => NoSession::Error(error),
    }
}

fn apply(target: &Target) -> String {
    format!("martydb apply --service {}", target.service)
}

fn not_provisioned(target: &Target, error: Error) -> NoSession {
    let mut out = Error::operation(format!("{} is not provisioned", target.service));
    out.causes.push(error.message);
    out.causes.extend(error.causes);
    out.sqlstate = error.sqlstate;
    NoSession::NotProvisioned(out.hint(format!("run `{}`", apply(target))))
}

/// Becomes the owner, takes the lock and looks for the tables: one round trip where nobody is in the way.
async fn greet(
    connection: &mut PgConnection,
    target: &Target,
    intent: Intent,
    deadline: Instant,
    on_event: OnEvent<'_>,
) -> Result<Tables, NoSession> {
    let role = stmt!("SET ROLE {owner}", owner = target.owner);
    let mut asked = vec![role, stmt!("SELECT current_user::text"), tables::find(&target.schemas)];
    if intent == Intent::Write {
        asked.insert(2, try_lock());
    }
    let mut pause = Pause::new(deadline);
    loop {
        let results = query(connection, &Statement::join(asked.clone()))
            .await
            .map_err(|error| no_owner(target, error))?;
        let user: String = results[1][0].try_get(0).map_err(unreadable)?;
        if user != target.owner.as_str() {
            return Err(Error::operation(format!("the session acts as \"{user}\", not as the owner")).into());
        }
        let locked = intent == Intent::Read || results[2][0].try_get(0).map_err(unreadable)?;
        if locked {
            return Ok(found(target, results.last().map_or(&[], Vec::as_slice))?);
        }
        let holder = holder(connection).await?;
        on_event(Event::Waiting(holder.clone()));
        if !pause.again().await {
            return Err(locked_out(target, &holder, pause.waited()).into());
        }
    }
}

fn try_lock() -> Statement {
    stmt!("SELECT pg_try_advisory_lock({a}, {b})", a = LOCK.0, b = LOCK.1)
}

/// 22023: the role does not exist. 42501: the migrator is no member of it. Both are `apply`'s to mend.
fn no_owner(target: &Target, error: Error) -> NoSession {
    match error.sqlstate.as_deref() {
        Some("22023") => not_provisioned(target, error),
        Some("42501") => NoSession::Error(error.hint(format!("run `{}`", apply(target)))),
        _ => NoSession::Error(error),
    }
}

fn found(target: &Target, rows: &[PgRow]) -> Result<Tables> {
    let mut tables = Tables::default();
    for row in rows {
        let read = || -> Result<(i32, Found), sqlx::Error> {
            let width = if row.try_get(2)? { Width::Int8 } else { Width::Int4 };
            Ok((row.try_get(0)?, Found { owner: row.try_get(1)?, width, shared: row.try_get(3)? }))
        };
        let (ordinal, found) = read().map_err(unreadable)?;
        tables.take(&target.schemas, ordinal, found);
    }
    Ok(tables)
}

/// Who holds the lock, in words. The holder may be gone by now.
async fn holder(connection: &mut PgConnection) -> Result<String> {
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
    let column =
        |at: usize| row.try_get::<Option<String>, _>(at).ok().flatten().unwrap_or_else(|| "?".into());
    let (pid, role, application, since) = (column(0), column(1), column(2), column(3));
    Ok(format!("another run: pid {pid}, role {role}, application \"{application}\", connected since {since}"))
}

fn locked_out(target: &Target, holder: &str, waited: Duration) -> Error {
    Error::new(
        Kind::Locked,
        format!("{}: another run holds the lock of database \"{}\"", target.service, target.database),
    )
    .cause(format!("{holder}; waited {:.1} s for it", waited.as_secs_f64()))
    .hint("wait for it to end, or give more time with --lock-wait")
}

/// Growing pauses until a deadline, each a little off, so that many waiters do not look at the same moment.
pub struct Pause {
    started: Instant,
    deadline: Instant,
    next: Duration,
}

impl Pause {
    /// Starts with the shortest pause.
    pub fn new(deadline: Instant) -> Pause {
        Pause { started: Instant::now(), deadline, next: PAUSES.0 }
    }

    /// How long it has been.
    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits, and says whether another attempt is due; not after the deadline.
    pub async fn again(&mut self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let mut random = [0u8; 1];
        let jitter = getrandom::fill(&mut random).map_or(0, |()| u32::from(random[0]));
        let pause = self.next.mul_f64(0.75 + f64::from(jitter) / 512.0);
        tokio::time::sleep(pause.min(left)).await;
        self.next = (self.next * 3 / 2).min(PAUSES.1);
        true
    }
}

/// A fault that goes away by itself once others have let go of their locks: `lock_timeout` or NOWAIT (55P03), a
/// deadlock (40P01), a serialization failure (40001).
pub fn is_passing(fault: &Fault) -> bool {
    matches!(fault.sqlstate.as_deref(), Some("55P03" | "40P01" | "40001"))
}
