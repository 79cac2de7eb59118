//! The history and a few more answers in one message, for commands that look at many databases and write in none.
//!
//! A first question costs a new session most of what it costs at all, and another round trip costs as much again. So the
//! history is asked for where it usually is, before it is known to be there; if it is not, the server refuses the
//! message, and the way is the usual one.

use std::time::{Duration, Instant};

use super::{Intent, MigrationSession, NoSession};
use crate::error::Result;
use crate::migrate::history::{HistoryRows, Present, tables, unreadable};
use crate::migrate::report::EventSender;
use crate::migrate::target::MigrationTarget;
use crate::server::{APPLICATION_NAME, Row, Unreadable};
use crate::sql::{Statement, stmt};

/// Whether the size on disk is measured: the server looks at every file of the database for it, which takes longer than
/// all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    Measured,
    Skipped,
}

/// What a session was asked at its start.
pub struct Glance<'a> {
    pub session: MigrationSession<'a>,
    pub history: Result<HistoryRows>,
    /// How many other sessions are connected to the database.
    pub connections: Option<i64>,
    pub size_bytes: Option<i64>,
    /// The newest event of martydb's own history, as its columns.
    pub newest: Option<Row>,
    /// Whether another session of the migrator is martydb's; it may hold the lock, or look as we do.
    pub company: bool,
}

impl<'a> Glance<'a> {
    /// # Errors
    /// If there is no session, or its database is not provisioned.
    pub async fn take(
        target: &'a MigrationTarget,
        sizes: Sizes,
        wait: Duration,
    ) -> Result<Glance<'a>, NoSession> {
        let deadline = Instant::now() + wait;
        let mut session =
            MigrationSession::log_in(target, Intent::Read, deadline, &EventSender::ignored()).await?;
        let (history, newest, results) = match guess(&mut session, sizes).await {
            Some(Guess { applied, newest, others }) => (session.history_with(&applied).await, newest, others),
            None => {
                session.start(None).await?;
                let history = session.rows().await;
                let newest = session.present.history.then(tables::read_newest);
                let asked = [tables::beside()].into_iter().chain(measure(&session, sizes)).chain(newest);
                // If they cannot be had, neither can the history, and its error says why.
                let mut results = session.query(asked).await.unwrap_or_default();
                let newest = session
                    .present
                    .history
                    .then(|| results.pop())
                    .flatten()
                    .and_then(|rows| rows.into_iter().next());
                (history, newest, results)
            }
        };
        let process = session.connection.backend();
        let (connections, size_bytes) = measured(process, &results).map_err(unreadable)?;
        let company = has_company(process, &results).map_err(unreadable)?;
        Ok(Glance { session, history, connections, size_bytes, newest, company })
    }
}

/// The answers to questions about tables that were not known to be there.
struct Guess {
    applied: Vec<Row>,
    newest: Option<Row>,
    others: Vec<Vec<Row>>,
}

/// The rows of refinery's table in the first of the schemas, and the other answers. `None` where one of the tables is not
/// there, or anything else is wrong.
async fn guess(session: &mut MigrationSession<'_>, sizes: Sizes) -> Option<Guess> {
    let schema = session.target.schemas.first()?;
    let tables = [tables::read_refinery(schema), tables::read_newest(), tables::beside()];
    let asked = [session.act_as_owner()].into_iter().chain(tables).chain(measure(session, sizes));
    let mut results = session.query(asked).await.ok()?;
    let others = results.split_off(3);
    let newest = results.pop()?.into_iter().next();
    // Behind a pooler the answers are another session's; the usual way says so.
    let own = own_row(session.connection.backend(), others.first()?).ok()??;
    session.present = Present::beside(own, schema).ok()?;
    Some(Guess { applied: results.pop()?, newest, others })
}

/// Sizes are told to those who may connect, as the login may, and the owner may not.
fn measure(session: &MigrationSession<'_>, sizes: Sizes) -> Vec<Statement> {
    if sizes == Sizes::Skipped {
        return vec![];
    }
    let size = stmt!("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())");
    vec![stmt!("SET ROLE NONE"), size, session.act_as_owner()]
}

/// The row of our own session among all sessions.
fn own_row(process: i32, sessions: &[Row]) -> Result<Option<&Row>, Unreadable> {
    for row in sessions {
        if row.try_get::<i32>(0)? == process {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Whether another session in the database is the same login's and named as ours are.
fn has_company(process: i32, results: &[Vec<Row>]) -> Result<bool, Unreadable> {
    let sessions = results.first().map_or(&[][..], Vec::as_slice);
    let Some(own) = own_row(process, sessions)? else { return Ok(false) };
    let place = |row: &Row| Ok((row.try_get::<Option<u32>>(1)?, row.try_get::<Option<u32>>(2)?));
    let own = place(own)?;
    for row in sessions {
        let name: Option<String> = row.try_get(5)?;
        let is_ours = name.is_some_and(|name| name.starts_with(APPLICATION_NAME));
        if is_ours && place(row)? == own && row.try_get::<i32>(0)? != process {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many others are connected, and the size, from the answers to [`beside`](tables::beside()) and [`measure`].
fn measured(process: i32, results: &[Vec<Row>]) -> Result<(Option<i64>, Option<i64>), Unreadable> {
    let size = results.get(2).and_then(|rows| rows.first());
    let size = size.map(|row| row.try_get(0)).transpose()?;
    let sessions = results.first().map_or(&[][..], Vec::as_slice);
    let Some(own) = own_row(process, sessions)? else { return Ok((None, size)) };
    let database: Option<u32> = own.try_get(1)?;
    let mut others = 0;
    for row in sessions {
        // Sessions without a user are the server's own workers.
        let user = row.try_get::<Option<u32>>(2)?.unwrap_or(0);
        let same = row.try_get::<Option<u32>>(1)? == database && row.try_get::<i32>(0)? != process;
        others += i64::from(same && user != 0);
    }
    Ok((Some(others), size))
}
