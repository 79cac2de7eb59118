//! `status`, `current` and `history` of one service. They only read, and take no lock.

mod collations;

use std::time::Duration;

use super::check::compare;
use super::check::repeatables::due;
use super::definitions;
use super::engine::session::{OverviewScope, SessionOverview, Sizes};
use super::engine::{Intent, MigrationSession, Preflight, session, statement_count};
use super::events::{adopted, event};
use super::files::{FileProblem, Migration, MigrationFolder, Repeatable, folder, inspect};
use super::history::{Catalog, ExistingTables, RecordedRepeatable, repeatables, tables};
use super::report::{
    ChangedCollation, DueMigration, EventSender, HistoryEvent, MigrationId, RunningRun, SchemaState,
    ServiceState, ServiceStatus,
};
use super::target::MigrationTarget;
use martydb_model::error::{Error, Kind, Result};
use martydb_pg::server::advisory::LockHolder;
use martydb_pg::server::sessions::SessionList;

/// Comparison of the schema with what the runs left: one query as long as no row of the catalogs has changed, else the
/// definitions of all objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftCheck {
    Compared,
    Skipped,
}

/// Compares a service's folder with its database. `wait` limits the time spent on a server without a free
/// connection. Services of one server share its list of sessions.
#[martydb_pg::boxed]
pub async fn status(
    target: &MigrationTarget,
    sizes: Sizes,
    comparison: DriftCheck,
    wait: Duration,
    sessions: &SessionList,
) -> ServiceStatus {
    let folder = folder::load(&target.folder);
    let mut status = blank(target, &folder);
    status.error = folder.check(target.service.as_str()).err();
    let scope = OverviewScope::for_folder(&folder, sizes);
    match SessionOverview::read(target, scope, wait, sessions).await {
        Ok(mut overview) => {
            let filled = match fill(&mut status, &mut overview, &folder).await {
                Ok(()) if comparison == DriftCheck::Compared => {
                    compare_schema(&mut status, &mut overview.session).await
                }
                filled => filled,
            };
            if let Err(error) = filled {
                let divergent = error.kind == Kind::Divergent;
                let state = if divergent { ServiceState::Divergent } else { ServiceState::Unreachable };
                (status.state, status.error) = (state, Some(error));
            } else if status.error.is_some() && status.state != ServiceState::Divergent {
                status.state = ServiceState::Invalid;
            }
            overview.session.close().await;
        }
        Err(none) => {
            if none.not_provisioned {
                status.state = ServiceState::NotProvisioned;
            }
            status.error.get_or_insert(none.error);
        }
    }
    if is_imported_later(&status, target, &folder) {
        status.state = ServiceState::NotImported;
    }
    status
}

/// Returns `true` if there is nothing to run only because the migrations were not imported. A history without files is divergent.
fn is_imported_later(status: &ServiceStatus, target: &MigrationTarget, folder: &MigrationFolder) -> bool {
    let could_look = matches!(status.state, ServiceState::UpToDate | ServiceState::NotProvisioned);
    target.source.is_some() && folder.is_empty() && could_look
}

fn blank(target: &MigrationTarget, folder: &MigrationFolder) -> ServiceStatus {
    let seen = folder.for_new(None);
    ServiceStatus {
        service: target.service.to_string(),
        server: target.server.clone(),
        database: target.database.to_string(),
        latest: seen.migrations.last().map(|migration| migration.version),
        pending: seen.migrations.iter().map(id).collect(),
        repeatable_pending: due(&folder.repeatables, &[], true).into_iter().map(due_migration).collect(),
        problems: problems(target, folder),
        ..ServiceStatus::default()
    }
}

fn problems(target: &MigrationTarget, folder: &MigrationFolder) -> Vec<FileProblem> {
    let missing = folder.without_down(target.down).into_iter().map(inspect::no_down);
    folder.problems.iter().cloned().chain(missing).collect()
}

fn due_migration(due: &Repeatable) -> DueMigration {
    DueMigration { name: due.name.clone(), file: due.file.path.display().to_string() }
}

/// Returns the recorded runs of repeatable migrations. Sends no query if the folder has none.
pub(crate) async fn recorded(
    session: &mut MigrationSession<'_>,
    folder: &MigrationFolder,
) -> Result<Vec<RecordedRepeatable>> {
    let query = |present: &ExistingTables| {
        let has_runs = present.repeatable && present.history && !folder.repeatables.is_empty();
        present.refinery.as_ref().filter(|_| has_runs).map(repeatables::read).into_iter().collect()
    };
    let rows = session.query_tables(query).await?;
    Ok(rows.iter().flatten().map(RecordedRepeatable::read).collect::<Result<_, _>>()?)
}

fn id(migration: &Migration) -> MigrationId {
    MigrationId { version: migration.version, name: migration.name.clone() }
}

async fn fill(
    status: &mut ServiceStatus,
    overview: &mut SessionOverview<'_>,
    folder: &MigrationFolder,
) -> Result<()> {
    let SessionOverview { session, history, connections, size_bytes, newest, company } = overview;
    (status.connections, status.size_bytes) = (*connections, *size_bytes);
    status.major = Some(session.connection.major());
    match collations::read(&mut session.connection, &session.target.database).await {
        Ok(changed) => status.collations = changed,
        Err(error) if error.is_lost() => return Err(error),
        Err(error) => status.collations_error = Some(error),
    }
    status.last_event = newest.as_ref().map(event).transpose()?;
    if *company {
        status.running = session.holder().await?.map(running);
    }
    let rows = history.as_ref().map_err(Error::clone)?;
    let ran = recorded(session, folder).await?;
    if session.present.repeatable {
        let rows = session.query([repeatables::read_newest()]).await?;
        let repeated = rows.iter().flatten().next().map(event).transpose()?;
        status.last_event =
            status.last_event.take().into_iter().chain(repeated).max_by(|one, other| one.at.cmp(&other.at));
    }
    let folder = if rows.is_empty() { folder.for_new(None) } else { folder };
    let comparison = compare(folder, rows);
    let due = due(&folder.repeatables, &ran, !comparison.pending.is_empty());
    status.repeatable_pending = due.into_iter().map(due_migration).collect();
    let nothing_due = comparison.pending.is_empty() && status.repeatable_pending.is_empty();
    status.state = match (comparison.divergences.is_empty(), nothing_due) {
        (false, _) => ServiceState::Divergent,
        (true, false) => ServiceState::Pending,
        (true, true) => ServiceState::UpToDate,
    };
    (status.current, status.latest) = (comparison.current, comparison.latest);
    status.pending = comparison.pending.iter().filter_map(|version| folder.get(*version)).map(id).collect();
    if session.present.refinery.is_none() {
        status.foreign = Preflight::run(session).await?.other_tools;
    }
    status.divergences = comparison.divergences;
    status.unfinished = comparison.unfinished;
    Ok(())
}

/// Compares the schema. Without an applied migration there is nothing to compare it with.
async fn compare_schema(status: &mut ServiceStatus, session: &mut MigrationSession<'_>) -> Result<()> {
    if status.current.is_none() {
        return Ok(());
    }
    let state = match definitions::look(session).await {
        Ok(found) => found.state,
        Err(error) => {
            (status.schema, status.schema_unknown) = (Some("unknown"), Some(error.to_string()));
            return Ok(());
        }
    };
    status.schema = Some(state.word());
    match state {
        SchemaState::Same => {}
        SchemaState::Drifted(all) => status.schema_drift = all,
        SchemaState::Unknown(reason) => status.schema_unknown = Some(reason.to_string()),
    }
    Ok(())
}

/// Describes a running migration; its session reports the current statement in `application_name` (see `batch`).
fn running(holder: LockHolder) -> RunningRun {
    let LockHolder { pid, login, application, since, .. } = holder;
    let counted = application.as_deref().and_then(statement_count);
    RunningRun {
        pid: pid.and_then(|pid| pid.parse().ok()),
        login,
        since,
        statement: counted.map(|(at, _)| at),
        statements: counted.map(|(_, all)| all),
    }
}

/// Returns the version of a service's database.
///
/// # Errors
/// As [`run`](super::run()) until it runs something. A database without a history has no version, which is not
/// an error.
pub async fn current(target: &MigrationTarget, wait: Duration) -> Result<Option<i64>> {
    let mut session = MigrationSession::open(target, Intent::Read, wait, &EventSender::ignored()).await?;
    let rows = session.rows().await;
    session.close().await;
    let rows = rows?;
    Ok(rows.applied.iter().chain(&rows.lost).map(|row| row.version).max())
}

/// Reads the collations of a service's database whose library has another version than its indexes.
///
/// # Errors
/// As [`catalog`], and if the library does not know a collation's locale any more.
pub async fn collations(target: &MigrationTarget, wait: Duration) -> Result<Vec<ChangedCollation>> {
    let mut reader = session::connect_reader(target, wait).await?;
    let found = collations::read(&mut reader, &target.database).await;
    reader.close().await;
    found
}

/// Reads the catalog of a service's database as its migrator.
///
/// # Errors
/// If the migrator cannot log in, or the server ends the session.
#[martydb_pg::boxed]
pub async fn catalog(target: &MigrationTarget, wait: Duration) -> Result<Catalog> {
    let mut reader = session::connect_reader(target, wait).await?;
    let found = Catalog::read(&mut reader).await;
    reader.close().await;
    found
}

/// Returns every event of a service's history, the oldest first. Events that only refinery recorded come before
/// all others.
///
/// # Errors
/// As [`current`].
pub async fn history(target: &MigrationTarget, wait: Duration) -> Result<Vec<HistoryEvent>> {
    let mut session = MigrationSession::open(target, Intent::Read, wait, &EventSender::ignored()).await?;
    let events = read_events(&mut session).await;
    session.close().await;
    events
}

async fn read_events(session: &mut MigrationSession<'_>) -> Result<Vec<HistoryEvent>> {
    let mut own = vec![];
    if session.present.history {
        let rows = session.query([tables::read_history()]).await?;
        own = rows.iter().flatten().map(event).collect::<Result<_, _>>()?;
    }
    let mut all = vec![];
    let refinery =
        |present: &ExistingTables| present.refinery.as_ref().map(tables::read_refinery).into_iter().collect();
    let rows = session.query_tables(refinery).await?;
    if session.present.refinery.is_some() {
        let known =
            |version: Option<i64>| own.iter().any(|event| event.version == version && event.outcome == "ok");
        let mut read = rows.iter().flatten().map(adopted).collect::<Result<Vec<_>, _>>()?;
        read.sort_by_key(|event| event.version);
        all.extend(read.into_iter().filter(|event| !known(event.version)));
    }
    all.extend(own);
    if session.present.repeatable {
        let rows = session.query([repeatables::read_history()]).await?;
        all.extend(rows.iter().flatten().map(event).collect::<Result<Vec<_>, _>>()?);
        all.sort_by(|one, other| one.at.cmp(&other.at));
    }
    Ok(all)
}
