//! `status`, `current` and `history` of one service. They read and take no lock; nothing is ever written.

use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::compare::compare;
use super::folder::{self, Folder};
use super::foreign;
use super::outcome::{HistoryEvent, Item, ServiceStatus, State};
use super::session::{Intent, NoSession, Session, query, unreadable};
use super::tables;
use super::target::Target;
use crate::error::Result;
use crate::sql::Statement;
use crate::stmt;

/// Compares a service's folder with its database. `wait` bounds the time spent on a server that has no connection
/// to spare.
pub async fn status(target: &Target, wait: Duration) -> ServiceStatus {
    let folder = folder::load(&target.folder);
    let mut status = blank(target, &folder);
    if !folder.refused().is_empty() {
        let refused = folder.refused();
        status.error = Some(super::outcome::refused_files(target.service.as_str(), &refused));
    }
    match Session::open(target, Intent::Read, wait, &|_| {}).await {
        Ok(mut session) => {
            if let Err(error) = fill(&mut status, &mut session, target, &folder).await {
                (status.state, status.error) = (State::Unreachable, Some(error));
            }
            session.close().await;
        }
        Err(NoSession::NotProvisioned(error)) => {
            status.state = State::NotProvisioned;
            status.error.get_or_insert(error);
        }
        Err(NoSession::Error(error)) => {
            status.error.get_or_insert(error);
        }
    }
    status
}

fn blank(target: &Target, folder: &Folder) -> ServiceStatus {
    ServiceStatus {
        service: target.service.to_string(),
        server: target.server.clone(),
        database: target.database.to_string(),
        state: State::Unreachable,
        current: None,
        latest: folder.migrations.last().map(|migration| migration.version),
        pending: folder.migrations.iter().map(item).collect(),
        size_bytes: None,
        connections: None,
        divergences: vec![],
        foreign: vec![],
        unfinished: vec![],
        problems: folder.problems.clone(),
        error: None,
    }
}

fn item(migration: &folder::Migration) -> Item {
    Item { version: migration.version, name: migration.name.clone() }
}

async fn fill(
    status: &mut ServiceStatus,
    session: &mut Session,
    target: &Target,
    folder: &Folder,
) -> Result<()> {
    // Sizes are told to those who may connect: the migrator, not the owner.
    let role = stmt!("SET ROLE {owner}", owner = target.owner);
    let (rows, measures) = session.rows_after(&[stmt!("SET ROLE NONE"), measure(), role]).await?;
    let standing = compare(&folder.migrations, &rows.applied, &rows.unfinished);
    if let Some(row) = measures.get(1).and_then(|rows| rows.first()) {
        status.size_bytes = row.try_get(0).map_err(unreadable)?;
        status.connections = row.try_get(1).map_err(unreadable)?;
    }
    status.state = match (standing.divergences.is_empty(), standing.pending.is_empty()) {
        (false, _) => State::Divergent,
        (true, false) => State::Pending,
        (true, true) => State::UpToDate,
    };
    (status.current, status.latest) = (standing.current, standing.latest);
    status.pending = standing.pending.iter().filter_map(|version| folder.get(*version)).map(item).collect();
    if session.tables.refinery.is_none() {
        status.foreign = foreign::find(session).await?;
    }
    status.divergences = standing.divergences;
    status.unfinished = standing.unfinished;
    Ok(())
}

/// Size on disk, and the sessions of others; those without a user are the server's own workers.
fn measure() -> Statement {
    stmt!(
        "SELECT pg_database_size(d.oid), (SELECT count(*) FROM pg_stat_get_activity(NULL) a
                WHERE a.datid = d.oid AND a.usesysid <> 0 AND a.pid <> pg_backend_pid())
         FROM pg_database d WHERE d.datname = current_database()"
    )
}

/// The version that a service's database is at.
///
/// # Errors
/// As [`upgrade`](super::upgrade()) until it runs something; a database without a history is at no version, which is
/// no error.
pub async fn current(target: &Target, wait: Duration) -> Result<Option<i64>> {
    let mut session =
        Session::open(target, Intent::Read, wait, &|_| {}).await.map_err(NoSession::into_error)?;
    let rows = session.rows().await;
    session.close().await;
    Ok(rows?.applied.iter().map(|row| row.version).max())
}

/// Every event of a service's history, the oldest first. What refinery alone recorded stands before all others.
///
/// # Errors
/// As [`current`].
pub async fn history(target: &Target, wait: Duration) -> Result<Vec<HistoryEvent>> {
    let mut session =
        Session::open(target, Intent::Read, wait, &|_| {}).await.map_err(NoSession::into_error)?;
    let events = read_events(&mut session).await;
    session.close().await;
    events
}

async fn read_events(session: &mut Session) -> Result<Vec<HistoryEvent>> {
    let mut own = vec![];
    if session.tables.history.is_some() {
        let rows = query(&mut session.connection, &tables::read_history()).await?;
        own = rows.iter().flatten().map(event).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    }
    let mut all = vec![];
    if let Some((schema, _)) = &session.tables.refinery {
        let rows = query(&mut session.connection, &tables::read_refinery(schema)).await?;
        let known = |version: i64| own.iter().any(|event| event.version == version && event.outcome == "ok");
        let read = rows.iter().flatten().map(adopted).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        all.extend(read.into_iter().filter(|event| !known(event.version)));
    }
    all.extend(own);
    Ok(all)
}

/// A row that refinery wrote.
fn adopted(row: &PgRow) -> Result<HistoryEvent, sqlx::Error> {
    Ok(HistoryEvent {
        at: row.try_get(3)?,
        action: "upgrade".into(),
        version: row.try_get(0)?,
        name: row.try_get(1)?,
        checksum: row.try_get(2)?,
        duration_ms: None,
        by: "refinery".into(),
        outcome: "ok".into(),
        role: None,
        tool: Some("refinery".into()),
        attempts: None,
        error: None,
        note: None,
    })
}

fn event(row: &PgRow) -> Result<HistoryEvent, sqlx::Error> {
    Ok(HistoryEvent {
        at: row.try_get(0)?,
        action: row.try_get(1)?,
        version: row.try_get(2)?,
        name: row.try_get(3)?,
        checksum: row.try_get(4)?,
        duration_ms: row.try_get(5)?,
        by: row.try_get(6)?,
        outcome: row.try_get(7)?,
        role: row.try_get(8)?,
        tool: row.try_get(9)?,
        attempts: row.try_get(10)?,
        error: row.try_get(11)?,
        note: row.try_get(12)?,
    })
}
