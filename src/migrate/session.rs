//! One connection as the migrator, acting as the owner, holding the database's lock.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::checksum::Width;
use super::compare::{AppliedRow, Unfinished};
use super::lock;
use super::outcome::{Event, OnEvent};
use super::pause::Pause;
use super::tables::{self, Present};
use super::target::Target;
use crate::error::{Error, Result};
use crate::model::SchemaName;
use crate::server::advisory::{self, Key, Verdict};
use crate::server::{
    Connection, Limits, Row, Unreadable, connect_watched, connect_with, presence, query_each,
};
use crate::sql::{Idents, Statement};
use crate::stmt;

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
    pub connection: Connection,
    /// Which tables there are.
    pub present: Present,
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
    /// How wide refinery's versions are, where it has a table.
    pub width: Option<Width>,
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
        let deadline = Instant::now() + lock_wait;
        let path = stmt!("{all}", all = Idents(target.schemas.clone()));
        let settings = [("search_path", path.shown()), ("standard_conforming_strings", "on")];
        let mut connection = log_in(target, intent, &settings, deadline, on_event).await?;
        let present = greet(&mut connection, target, intent, deadline, on_event).await?;
        Ok(Session { connection, present })
    }

    /// Reads both tables.
    pub async fn rows(&mut self) -> Result<Rows> {
        Ok(self.rows_and(&[]).await?.0)
    }

    /// Reads both tables and then runs other statements, in one round trip; answers what the others gave.
    pub async fn rows_and(&mut self, others: &[Statement]) -> Result<(Rows, Vec<Vec<Row>>)> {
        let refinery = self.present.refinery.as_ref().map(tables::read_refinery);
        // Without the notes there was never a migration outside a transaction.
        let noted = self.present.history && self.present.progress;
        let unfinished = noted.then(tables::read_unfinished);
        let asked: Vec<_> = refinery.iter().chain(&unfinished).chain(others).cloned().collect();
        let mut results = match asked.is_empty() {
            true => vec![],
            false => query(&mut self.connection, &Statement::join(asked)).await?,
        }
        .into_iter();
        let mut answer = |asked: bool| if asked { results.next().unwrap_or_default() } else { vec![] };
        let (applied, unfinished) = (answer(refinery.is_some()), answer(noted));
        let mut rows = read(&applied, &unfinished).map_err(unreadable)?;
        if let (None, Some(schema)) = (rows.width, &self.present.refinery) {
            rows.width = Some(width(&mut self.connection, schema).await?);
        }
        Ok((rows, results.collect()))
    }

    /// Says goodbye, so that the server's log shows no lost connection. Failing at that harms nothing.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

fn read(applied: &[Row], begun: &[Row]) -> Result<Rows, Unreadable> {
    let mut all = applied.iter().map(ranked).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|(_, row)| row.version);
    let applied_rows: Vec<AppliedRow> = all.iter().map(|(_, row)| row.clone()).collect();
    all.sort_by_key(|(at, row)| (*at, row.version));
    Ok(Rows {
        applied: applied_rows,
        order: all.into_iter().map(|(_, row)| row.version).collect(),
        unfinished: begun.iter().map(unfinished).collect::<Result<_, _>>()?,
        width: applied.first().map(|row| width_of(row.type_of(0))),
    })
}

/// A row of refinery's table, and when it says that it was written; what is no time stands before all others.
fn ranked(row: &Row) -> Result<(Option<OffsetDateTime>, AppliedRow), Unreadable> {
    let at = text(row, 3)?;
    let version = tables::version(row)?;
    let row = AppliedRow { version, name: text(row, 1)?, checksum: text(row, 2)? };
    Ok((OffsetDateTime::parse(&at, &Rfc3339).ok(), row))
}

/// A column that refinery lets be NULL.
pub fn text(row: &Row, at: usize) -> Result<String, Unreadable> {
    Ok(row.try_get::<Option<String>>(at)?.unwrap_or_default())
}

/// `pg_type` has the number 20 for int8.
fn width_of(column: Option<u32>) -> Width {
    if column == Some(20) { Width::Int8 } else { Width::Int4 }
}

/// The width of a table without rows.
async fn width(connection: &mut Connection, schema: &SchemaName) -> Result<Width> {
    let results = query(connection, &tables::read_width(schema)).await?;
    let wide = results.iter().flatten().next().map_or(Ok(false), |row| row.try_get(0));
    Ok(if wide.map_err(unreadable)? { Width::Int8 } else { Width::Int4 })
}

fn unfinished(row: &Row) -> Result<Unfinished, Unreadable> {
    let (outcome, action): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    Ok(tables::unfinished(row.try_get(0)?, &outcome, &action))
}

/// A row that is not of the form that our own query gives it.
pub fn unreadable(error: Unreadable) -> Error {
    Error::operation("the history cannot be read").cause(error)
}

/// Runs statements that return rows; one list of rows for each statement.
pub async fn query(connection: &mut Connection, statement: &Statement) -> Result<Vec<Vec<Row>>> {
    query_each(connection, statement).await
}

/// Settings of a session that only reads catalogues. It acts as the login alone, which inherits nothing.
const READER: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("role", "none"),
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    // What the catalogue functions print must not depend on the login's settings.
    ("quote_all_identifiers", "off"),
    ("jit", "off"),
];

/// A second session of the migrator, for reading catalogues while another one migrates.
///
/// # Errors
/// As [`Session::open`].
pub async fn reader(target: &Target, wait: Duration) -> Result<Connection> {
    let session = log_in(target, Intent::Read, READER, Instant::now() + wait, &|_| {}).await;
    session.map_err(NoSession::into_error)
}

/// Logs in, and waits while the server has no connection to spare.
async fn log_in(
    target: &Target,
    intent: Intent,
    settings: &[(&str, &str)],
    deadline: Instant,
    on_event: OnEvent<'_>,
) -> Result<Connection, NoSession> {
    let mut pause = Pause::new(deadline);
    loop {
        let (endpoint, login, database) = (&target.endpoint, &target.login, target.database.as_str());
        let attempt = match intent {
            Intent::Read => connect_with(endpoint, login, database, settings, Limits::READ).await,
            Intent::Write => connect_watched(endpoint, login, database, settings).await,
        };
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
            Err(error) => return Err(refused_login(target, error).await),
        }
    }
}

/// What a refused login says about the database. 55000 is a database that is still closed: `apply` opens it last.
async fn refused_login(target: &Target, error: Error) -> NoSession {
    // Without a password the login ends at the server's question for it.
    let unasked = target.login.password.is_none().then_some("28P01");
    match error.sqlstate.as_deref().or(unasked) {
        Some("3D000" | "55000") => not_provisioned(target, error),
        // A role that is missing, and one that has another password, are refused in the same words.
        Some("28P01" | "28000") => match target
            .presence
            .look(&target.database, &target.owner, &target.login.role)
            .await
        {
            presence::Seen::Absent => {
                not_provisioned(target, Error::operation("the database or a role does not exist"))
            }
            presence::Seen::Present => NoSession::Error(error),
            presence::Seen::Unknown => NoSession::Error(error.hint(format!(
                "a role that does not exist is refused in the same words: if {} was never applied, run `{}`",
                target.service,
                apply(target)
            ))),
        },
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

/// Becomes the owner, takes the lock and looks for the tables: one round trip where no other session is in the way.
async fn greet(
    connection: &mut Connection,
    target: &Target,
    intent: Intent,
    deadline: Instant,
    on_event: OnEvent<'_>,
) -> Result<Present, NoSession> {
    let (mut key, mut pause) = (Key::Own, Pause::new(deadline));
    loop {
        let (taken, alone, present) = ask(connection, target, intent, key).await?;
        if taken && alone {
            return Ok(present);
        }
        let holders = lock::holders(connection, target).await?;
        let waited_for = match advisory::verdict(key, taken, &holders)? {
            Verdict::Ours => {
                advisory::passed_over(&holders).map(Event::Noticed).into_iter().for_each(on_event);
                // Another run may have ended between the first look at the tables and the look at the holders.
                return Ok(ask(connection, target, Intent::Read, key).await?.2);
            }
            Verdict::Try(next) if key == Key::Own && next != key => {
                key = next;
                continue;
            }
            Verdict::Try(next) => {
                key = next;
                None
            }
            Verdict::Wait(holder) => {
                if taken {
                    query(connection, &lock::LOCK.release(key)).await?;
                }
                key = Key::Own;
                on_event(Event::Waiting(lock::waiting_for(&holder)));
                Some(holder)
            }
        };
        if !pause.again().await {
            return Err(lock::locked_out(target, waited_for.as_ref(), pause.waited()).into());
        }
    }
}

/// One message: whether the key was taken, whether it is the only one, and the tables. A reader takes none.
async fn ask(
    connection: &mut Connection,
    target: &Target,
    intent: Intent,
    key: Key,
) -> Result<(bool, bool, Present), NoSession> {
    let mut asked = vec![stmt!("SET ROLE {owner}", owner = target.owner)];
    asked.extend((intent == Intent::Write).then(|| lock::LOCK.attempt(key)).into_iter().flatten());
    asked.push(tables::present(&target.schemas));
    let results =
        query(connection, &Statement::join(asked)).await.map_err(|error| no_owner(target, error))?;
    let (last, before) = results.split_last().ok_or(Unreadable::no_row()).map_err(unreadable)?;
    let present = last.first().ok_or(Unreadable::no_row());
    let present = present.and_then(|row| Present::read(row, &target.schemas)).map_err(unreadable)?;
    let (taken, alone) = match intent {
        Intent::Read => (true, true),
        Intent::Write => advisory::attempted(before.iter().flatten()),
    };
    Ok((taken, alone, present))
}

/// 22023: the role does not exist. 42501: the migrator is no member of it. Both are `apply`'s to mend.
fn no_owner(target: &Target, error: Error) -> NoSession {
    match error.sqlstate.as_deref() {
        Some("22023") => not_provisioned(target, error),
        Some("42501") => NoSession::Error(error.hint(format!("run `{}`", apply(target)))),
        _ => NoSession::Error(error),
    }
}
