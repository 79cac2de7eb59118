//! The history and a few more results in one message, for commands that read many databases and write to none.
//!
//! The first query of a new session causes most of its cost, and another round trip costs as much again.
//! Therefore the history is queried at its usual place before it is known to exist; if it does not, the server
//! rejects the message, and the tables are looked up first.

use std::time::{Duration, Instant};

use super::{Intent, MigrationSession, NoSession};
use crate::files::MigrationFolder;
use crate::history::tables::OverviewEvents;
use crate::history::{ExistingTables, HistoryRows, tables};
use crate::report::EventSender;
use crate::target::MigrationTarget;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_pg::server::sessions::{OpenSession, SessionList};
use martydb_pg::server::{Row, Unreadable};

/// Measurement of the database's size: the server reads the size of every file of the database, which takes
/// longer than all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    Measured,
    Skipped,
}

/// Scope of the queries of a database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverviewScope {
    pub sizes: Sizes,
    events: OverviewEvents,
}

impl OverviewScope {
    /// Returns the scope for a folder. A history has about as many events as the folder has files. Runs of
    /// repeatable migrations are in a separate table, read only if the folder has any.
    pub(crate) fn for_folder(folder: &MigrationFolder, sizes: Sizes) -> OverviewScope {
        let are_few = folder.migrations.len() < FEW as usize / 2 && folder.repeatables.is_empty();
        let events = if are_few { OverviewEvents::Few(FEW) } else { OverviewEvents::Newest };
        OverviewScope { sizes, events }
    }
}

/// Results of a session's first queries.
pub(crate) struct SessionOverview<'a> {
    pub session: MigrationSession<'a>,
    pub history: Result<HistoryRows>,
    /// Number of other sessions connected to the database.
    pub connections: Option<i64>,
    pub size_bytes: Option<i64>,
    /// Columns of the newest event of martydb's history.
    pub newest: Option<Row>,
    /// Set if another session in the database is, or may be, the migrator's; it may hold the lock, or only read.
    pub company: bool,
}

impl<'a> SessionOverview<'a> {
    /// # Errors
    /// If there is no session, or its database is not provisioned.
    #[martydb_pg::boxed]
    pub(crate) async fn read(
        target: &'a MigrationTarget,
        scope: OverviewScope,
        wait: Duration,
        sessions: &SessionList,
    ) -> Result<SessionOverview<'a>, NoSession> {
        let deadline = Instant::now() + wait;
        let mut session =
            MigrationSession::log_in(target, Intent::Read, deadline, &EventSender::ignored()).await?;
        let (history, newest, size) = match guess(&mut session, scope, sessions).await {
            Some(SpeculativeResults { applied, lost, newest, size }) => {
                (session.history_with(&applied, &lost).await, Some(newest), size)
            }
            None => ask(&mut session, scope.sizes).await?,
        };
        let size_bytes = size.map(|row| row.read()).transpose().map_err(Error::from)?;
        let (mut connections, mut company) = (None, true);
        // If reading the list fails, so does reading the history, and its error has the reason.
        if let Ok(list) = sessions.get(&mut session.connection).await {
            let others = others(&list, &session);
            company = others.iter().any(|other| other.login.as_ref() == Some(&target.login.role));
            connections = i64::try_from(others.len()).ok();
        }
        Ok(SessionOverview { session, history, connections, size_bytes, newest, company })
    }
}

/// Returns the other sessions of logins in the database.
fn others<'l>(list: &'l [OpenSession], session: &MigrationSession<'_>) -> Vec<&'l OpenSession> {
    let database = session.target.database.as_str();
    let is_other = |one: &&OpenSession| {
        one.database.as_deref() == Some(database)
            && one.login.is_some()
            && one.pid != session.connection.backend()
    };
    list.iter().filter(is_other).collect()
}

/// Results of queries on tables that were not known to exist.
struct SpeculativeResults {
    /// Rows of refinery's table at its place.
    applied: Vec<Row>,
    /// Rows that it has lost.
    lost: Vec<Row>,
    newest: Row,
    size: Option<Row>,
}

/// Number of events read to find the newest among them, if the number of files suggests fewer.
const FEW: u32 = 200;

/// Queries the usual tables. `None` if one of them is missing or empty, or on any other error. The first
/// session on the server reads the list of sessions as well.
async fn guess(
    session: &mut MigrationSession<'_>,
    scope: OverviewScope,
    sessions: &SessionList,
) -> Option<SpeculativeResults> {
    let places = session.places();
    let (schema, others) = places.split_first()?;
    let mut which = scope.events;
    let claim = sessions.claim();
    let tables =
        [tables::read_refinery(schema), tables::read_lost(Some(schema)), tables::overview_sql(which, others)];
    let list = claim.iter().map(|_| SessionList::query());
    let queries: Vec<_> = [session.act_as_owner()]
        .into_iter()
        .chain(tables)
        .chain(list)
        .chain(measure(session, scope.sizes))
        .collect();
    let mut results = session.query(queries).await.ok()?.into_iter().skip(1);
    let (applied, lost, mut events) = (results.next()?, results.next()?, results.next()?);
    if let Some(claim) = claim {
        claim.keep(&results.next()?).ok()?;
    }
    let size = size(&mut results);
    if events.len() >= FEW as usize {
        which = OverviewEvents::Newest;
        events = session.query([tables::overview_sql(which, others)]).await.ok()?.pop()?;
    }
    let present = ExistingTables::from_overview(which, &events, schema).ok()??;
    let newest = newest_of(events)?;
    // Behind a pooler the results may come from another session; the usual path reports that.
    if tables::number_and_process(&newest).ok()?.1 != session.connection.backend() {
        return None;
    }
    session.present = present;
    Some(SpeculativeResults { applied, lost, newest, size })
}

fn newest_of(events: Vec<Row>) -> Option<Row> {
    let numbered: Result<Vec<_>, Unreadable> =
        events.into_iter().map(|event| Ok((tables::number_and_process(&event)?.0, event))).collect();
    let newest = numbered.ok()?.into_iter().max_by_key(|(number, _)| *number);
    newest.map(|(_, event)| event)
}

/// Reads in the usual order: the existing tables, then the history, its newest event and the size.
async fn ask(
    session: &mut MigrationSession<'_>,
    sizes: Sizes,
) -> Result<(Result<HistoryRows>, Option<Row>, Option<Row>), NoSession> {
    session.start(None).await?;
    let history = session.rows().await;
    let newest = session.present.history.then(tables::read_newest);
    let queries: Vec<_> = newest.iter().cloned().chain(measure(session, sizes)).collect();
    // If these queries fail, so does reading the history, and its error has the reason.
    let results = if queries.is_empty() { vec![] } else { session.query(queries).await.unwrap_or_default() };
    let mut results = results.into_iter();
    let newest = newest.and_then(|_| first_row(results.next()));
    Ok((history, newest, size(&mut results)))
}

fn first_row(rows: Option<Vec<Row>>) -> Option<Row> {
    rows?.into_iter().next()
}

/// Returns statements that measure the size. It requires CONNECT, which the login has and the owner may lack.
fn measure(session: &MigrationSession<'_>, sizes: Sizes) -> Vec<Statement> {
    if sizes == Sizes::Skipped {
        return vec![];
    }
    let size = stmt!("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())");
    vec![stmt!("SET ROLE NONE"), size, session.act_as_owner()]
}

/// Returns the second result of [`measure`].
fn size(results: &mut impl Iterator<Item = Vec<Row>>) -> Option<Row> {
    first_row(results.nth(1))
}
