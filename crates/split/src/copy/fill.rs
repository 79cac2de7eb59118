//! Parallel workers that fill the targets: each has a session that reads the source in the snapshot of the copy, and
//! one that writes to its current target.

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::loading::TableLoad;
use super::queue::{CopyQueue, CopyTask, CopyWork, MissingPart};
use super::{ReadyTarget, SplitCopy};
use crate::database::sessions::{self, ReadLock, ReadTable, open_reading};
use crate::state::target::{self, Deferred, DeferredStage, LoadedPart};
use martydb_migrate::{ServerProgress, watched};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{Connection, CopyStatements, copy, execute};
use martydb_ui::report::{BYTES, OBJECTS, Progress, progress};

/// Attempts of a statement that deadlocked with another one of this copy.
const MAX_TRIES: usize = 5;

/// Result of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FilledCount {
    pub parts: usize,
    pub rows: i64,
    pub bytes: i64,
}

/// State shared by all workers.
struct CopyState<'a> {
    copy: &'a SplitCopy<'a>,
    targets: &'a [ReadyTarget<'a>],
    snapshot: &'a str,
    tables: &'a [ReadTable],
    queue: Mutex<CopyQueue>,
    changed: Notify,
    count: Mutex<FilledCount>,
    rows: Progress,
    objects: Progress,
}

/// Copies the missing parts in this snapshot, and restores deferred objects.
///
/// # Errors
/// The first error of a worker. Complete parts are kept, and the next fill resumes.
#[martydb_pg::boxed]
pub(crate) async fn fill(
    copy: &SplitCopy<'_>,
    targets: &[ReadyTarget<'_>],
    snapshot: &str,
    tables: &[ReadTable],
) -> Result<FilledCount> {
    let (rows, objects) = (progress("copying rows", BYTES), progress("creating", OBJECTS));
    let mut queue = CopyQueue::default();
    for ready in targets {
        let (missing, deferred) = remaining(ready).await?;
        missing.iter().for_each(|part| rows.expect_bytes(positive(part.bytes)));
        objects.expect(deferred.len());
        queue.add(missing, deferred, ready.analyzed.clone());
    }
    let state = CopyState {
        copy,
        targets,
        snapshot,
        tables,
        queue: Mutex::new(queue),
        changed: Notify::new(),
        count: Mutex::default(),
        rows,
        objects,
    };
    let workers = (0..copy.jobs.max(1)).map(|_| FillWorker::new(&state).run());
    futures_util::future::try_join_all(workers).await?;
    let count = *state.count.lock();
    Ok(count)
}

/// Returns the missing parts, and the deferred objects not restored yet.
async fn remaining(ready: &ReadyTarget<'_>) -> Result<(Vec<MissingPart>, Vec<Deferred>)> {
    let mut session = sessions::open_inspecting(&ready.of.target).await?;
    let loaded = target::loaded(&mut session).await?;
    let deferred = target::deferred(&mut session, DeferredStage::Load).await?;
    session.close().await;
    let is_there = |load: &TableLoad, part: i32| {
        loaded.iter().any(|one| (one.schema.clone(), one.name.clone()) == load.name() && one.part == part)
    };
    let mut missing = vec![];
    for (table, load) in ready.loads.iter().enumerate() {
        let parts = load.relation.parts.max(1);
        for part in (0..parts).filter(|part| !is_there(load, *part)) {
            let bytes = part_bytes(load);
            missing.push(MissingPart { table, part, into: load.into.clone(), bytes });
        }
    }
    Ok((missing, deferred))
}

impl CopyState<'_> {
    fn load(&self, task: &CopyTask) -> Option<&TableLoad> {
        match &task.work {
            CopyWork::Part { table, .. } => self.targets[task.target].loads.get(*table),
            _ => None,
        }
    }
}

/// Worker with its sessions.
struct FillWorker<'a> {
    state: &'a CopyState<'a>,
    source: Option<Connection>,
    /// Current target, by its index.
    target: Option<(usize, Connection)>,
}

impl<'a> FillWorker<'a> {
    fn new(state: &'a CopyState<'a>) -> FillWorker<'a> {
        FillWorker { state, source: None, target: None }
    }

    async fn run(mut self) -> Result<()> {
        loop {
            let changed = self.state.changed.notified();
            let next = self.state.queue.lock().next();
            if let Some(task) = next {
                self.work(&task).await?;
                let into = self.state.load(&task).map(|load| load.into.as_str());
                self.state.queue.lock().done(&task, into);
                self.state.changed.notify_waiters();
            } else if self.state.queue.lock().is_finished() {
                break;
            } else {
                changed.await;
            }
        }
        for session in self.source.into_iter().chain(self.target.map(|(_, session)| session)) {
            session.close().await;
        }
        Ok(())
    }

    async fn work(&mut self, task: &CopyTask) -> Result<()> {
        let ready = &self.state.targets[task.target];
        let what = match &task.work {
            CopyWork::Part { part, .. } => {
                let Some(load) = self.state.load(task) else { return Ok(()) };
                return self.part(task.target, load, *part).await.map_err(|error| {
                    failed(ready, &format!("the rows of {} were not copied", load.from), error)
                });
            }
            CopyWork::PutBack(one) => {
                format!("{} {} of {} was not created", one.kind, one.name, one.relation)
            }
            CopyWork::Analyze(table) => format!("{table} was not analyzed"),
        };
        for _ in 1..MAX_TRIES {
            let end = self.after_rows(task).await;
            let again = |error: &Error| error.sqlstate.as_deref() == Some(sqlstate::DEADLOCK_DETECTED);
            if !end.as_ref().is_err_and(again) {
                return end.map_err(|error| failed(ready, &what, error));
            }
        }
        self.after_rows(task).await.map_err(|error| failed(ready, &what, error))
    }

    /// Runs a task that follows the rows of a table.
    async fn after_rows(&mut self, task: &CopyTask) -> Result<()> {
        let state = self.state;
        let session = self.target(task.target).await?;
        match &task.work {
            CopyWork::PutBack(one) => {
                let of = &state.targets[task.target].of;
                let name = format!("{} {} {}", of.service, one.kind, one.name);
                let unit = state.objects.piece(&name, 0);
                let show = |found: &[ServerProgress]| {
                    let of_table = |seen: &&ServerProgress| seen.relation.as_ref() == Some(&one.relation);
                    found.iter().find(of_table).into_iter().for_each(|seen| unit.detail(&seen.to_string()));
                };
                watched(&of.target, show, target::restore(session, one)).await?;
                state.objects.advance();
                Ok(())
            }
            CopyWork::Analyze(table) => {
                let table = ServerText::quoted_by_server(table.clone());
                execute(session, &stmt!("ANALYZE {table}")).await.map(drop)
            }
            CopyWork::Part { .. } => Ok(()),
        }
    }

    async fn part(&mut self, at: usize, load: &TableLoad, part: i32) -> Result<()> {
        let state = self.state;
        let service = &state.targets[at].of.service;
        let name = match load.relation.parts {
            0 | 1 => format!("{service} {}", load.from),
            parts => format!("{service} {}, part {} of {parts}", load.from, part + 1),
        };
        let piece = Mutex::new((state.rows.piece(&name, positive(part_bytes(load))), 0));
        if self.source.is_none() {
            let SplitCopy { access, database, .. } = state.copy;
            let session =
                open_reading(access, database, Some(state.snapshot), state.tables, ReadLock::Shared).await?;
            self.source = Some(session);
        }
        self.target(at).await?;
        let (Some(source), Some((_, session))) = (self.source.as_mut(), self.target.as_mut()) else {
            return Ok(());
        };
        let (schema, name) = load.name();
        let mut loaded = LoadedPart { schema, name, part, rows: 0, bytes: 0 };
        let claim = Statement::join([stmt!("BEGIN"), target::claim_sql(&loaded)]);
        if execute(session, &claim).await? == 0 {
            return execute(session, &stmt!("COMMIT")).await.map(drop);
        }
        let listener = |bytes: u64| {
            let (piece, sent) = &mut *piece.lock();
            *sent += bytes;
            piece.reach(*sent);
        };
        let statements = CopyStatements { out: load.copy_part_sql(part), into: load.copy_in_sql() };
        let copied = copy(source, session, &statements, &listener).await?;
        loaded.rows = i64::try_from(copied.rows).unwrap_or(i64::MAX);
        loaded.bytes = i64::try_from(copied.bytes).unwrap_or(i64::MAX);
        execute(session, &Statement::join([target::count_sql(&loaded), stmt!("COMMIT")])).await?;
        piece.into_inner().0.complete();
        let mut count = state.count.lock();
        count.parts += 1;
        count.rows += loaded.rows;
        count.bytes += loaded.bytes;
        Ok(())
    }

    /// Returns the session of this target.
    async fn target(&mut self, at: usize) -> Result<&mut Connection> {
        if let Some((_, session)) = self.target.take_if(|(there, _)| *there != at) {
            session.close().await;
        }
        if self.target.is_none() {
            let session = sessions::open_loading(&self.state.targets[at].of.target).await?;
            self.target = Some((at, session));
        }
        let (_, session) = self.target.as_mut().ok_or_else(|| Error::operation("no session"))?;
        Ok(session)
    }
}

fn part_bytes(load: &TableLoad) -> i64 {
    load.relation.bytes / i64::from(load.relation.parts.max(1))
}

fn positive(bytes: i64) -> u64 {
    bytes.try_into().unwrap_or(0)
}

fn failed(ready: &ReadyTarget<'_>, what: &str, error: Error) -> Error {
    error.while_doing(format!("service \"{}\": {}", ready.of.service, martydb_model::text::printable(what)))
}
