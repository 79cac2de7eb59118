//! Non-transactional migrations.
//!
//! Each statement that can run in a transaction does so, together with a note of the file's progress; the
//! others are sent on their own and noted afterwards. The history has "started" before the first and "ok" after
//! the last. The next run continues after the last note: an index that the lost session finished building
//! counts as built; one that it left INVALID is dropped and built again.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::batch::{Batch, millis, reset_parsing_sql};
use super::executor::{StepRun, is_passing};
use crate::files::{MigrationFile, OwnTransaction, StatementKind, source, statement_kind};
use crate::history::{Elapsed, Record, ResumePoint, progress};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_pg::server::{ErrorResponse, Row};

struct FileRun<'r, 's> {
    run: StepRun<'r, 's>,
    /// Index of the first unfinished statement.
    from: usize,
    /// Set if an earlier run was interrupted at the statement `from`.
    interrupted: bool,
    /// Note for the history: what an earlier run left, and how that was handled.
    note: Option<String>,
}

/// Runs the statements of a file one by one and returns the duration.
pub(crate) async fn run(run: StepRun<'_, '_>) -> Result<Duration> {
    let mut file = FileRun { run, from: 0, interrupted: false, note: None };
    file.begin().await?;
    let step = file.run.step;
    for (statements, own) in step.file.units() {
        let left = file.from.clamp(statements.start, statements.end)..statements.end;
        for at in statements.start..left.start {
            file.repeat_setting(at).await?;
        }
        file.run.watcher.set_statement(left.start + 1, step.file.statements.len());
        match (own, left.clone().next()) {
            (_, None) => {}
            (Some(_), _) => file.in_transaction(left, own).await?,
            (None, Some(at)) => file.single(at).await?,
        }
    }
    file.finish().await?;
    Ok(file.run.started.elapsed())
}

fn kind_of(file: &MigrationFile, at: usize) -> StatementKind {
    file.texts().nth(at).map_or(StatementKind::Transactional, statement_kind)
}

impl FileRun<'_, '_> {
    /// Finds out if an earlier run was interrupted, repairs what it left, and notes the beginning.
    async fn begin(&mut self) -> Result<()> {
        self.create_notes().await?;
        let found = self.resume_point().await?;
        self.run.started = Instant::now();
        if let Some(point) = found {
            self.interrupted = !point.rejected;
            self.check_unchanged(&point)?;
            self.drop_indexes(&point.invalid).await?;
            self.from = point.done + usize::from(self.was_built(&point));
            self.note = Some(self.resumption(&point));
        }
        let step = self.run.step;
        let begun = Record { note: self.note.clone(), ..step.record("started") };
        let done = i64::try_from(self.from).unwrap_or_default();
        let notes = progress::begin(step.row.version, step.direction, done, &step.file);
        self.run.session.commit([self.run.event(&begun), notes]).await?;
        self.run.recorded();
        Ok(())
    }

    /// Creates the table for the notes, if this is the first migration that needs it.
    async fn create_notes(&mut self) -> Result<()> {
        let session = &mut *self.run.session;
        if !session.present.progress {
            let outsiders = session.outsiders().await?;
            session.commit(progress::create(&outsiders)).await?;
            session.present.progress = true;
        }
        Ok(())
    }

    async fn resume_point(&mut self) -> Result<Option<ResumePoint>> {
        let query = progress::read(self.run.step.row.version, self.run.step.direction);
        let results = self.run.session.query([query]).await?;
        Ok(results.iter().flatten().next().map(ResumePoint::read).transpose()?)
    }

    /// Checks that finished statements are unchanged in the file; the rest may have been corrected.
    fn check_unchanged(&self, point: &ResumePoint) -> Result<()> {
        let Some(content) = &point.content else { return Ok(()) };
        let file = &*self.run.step.file;
        let then = source::read(&file.path, content.clone().into_bytes()).unwrap_or_default();
        let unchanged = then.texts().take(point.done).eq(file.texts().take(point.done));
        if content.as_str() == &*file.text || unchanged {
            return Ok(());
        }
        Err(Error::operation(format!("{} was edited where it has already run", self.run.step.id()))
            .cause(format!("its first {} statements were finished before it was interrupted", point.done))
            .hint("undo the edit of these statements, and run again")
            .hint(format!(
                "or undo their effects by hand, and start over after \
                 `martydb repair --service {} --version {} --reason …`",
                self.run.session.target.service, self.run.step.row.version
            )))
    }

    /// Returns `true` if the lost session continued and finished its index.
    fn was_built(&self, point: &ResumePoint) -> bool {
        let interrupted = self.run.step.file.texts().nth(point.done).map(statement_kind);
        matches!(interrupted, Some(StatementKind::ConcurrentIndex(name)) if point.built.contains(&name))
    }

    fn resumption(&self, point: &ResumePoint) -> String {
        let mut note =
            format!("resumed after {} of {} statements", self.from, self.run.step.file.statements.len());
        if !point.invalid.is_empty() {
            note +=
                &format!("; dropped the INVALID index {} of the interrupted run", point.invalid.join(", "));
        }
        note
    }

    /// Drops the indexes that an interrupted concurrent build left.
    async fn drop_indexes(&mut self, invalid: &[String]) -> Result<()> {
        for index in invalid {
            self.run.warn(format!("dropping the INVALID index {index} that an interrupted build left"));
            self.run.session.execute([stmt!("SET lock_timeout = 0")]).await?;
            // DROP waits for transactions that may still use the index.
            self.run.session.connection.without_timeout(true);
            let dropped = self.run.session.execute([progress::drop_index(index)]).await;
            self.run.session.connection.without_timeout(false);
            dropped?;
        }
        Ok(())
    }

    /// Finishes each interrupted `DETACH … CONCURRENTLY` of the owner's tables; returns `false` if there is none.
    async fn finish_detaching(&mut self) -> Result<bool> {
        let queries = [self.run.session.act_as_owner(), progress::pending_detaches()];
        let results = self.run.session.query(queries).await?;
        let rows = results.iter().flatten();
        let found: Vec<(String, String)> = rows.map(Row::read).collect::<Result<_, _>>()?;
        for (partition, finalize) in &found {
            self.run.warn(format!("finishing the interrupted DETACH of partition {partition}"));
            let note = self.note.take().map_or_else(String::new, |note| note + "; ");
            self.note = Some(format!("{note}finished the interrupted DETACH of partition {partition}"));
            let finalize = ServerText::quoted_by_server(finalize.clone());
            // It waits for transactions that still see the partition, and blocks no query of the table.
            self.run.session.connection.without_timeout(true);
            let finished = self.run.session.execute([stmt!("{finalize}")]).await;
            self.run.session.connection.without_timeout(false);
            finished?;
        }
        Ok(!found.is_empty())
    }

    async fn single(&mut self, at: usize) -> Result<()> {
        match kind_of(&self.run.step.file, at) {
            StatementKind::SessionSetting | StatementKind::Transactional => {
                self.in_transaction(at..at + 1, None).await
            }
            kind => self.alone(at, &kind).await,
        }
    }

    /// Sends a finished statement again if it set a parameter: settings are lost with the session.
    async fn repeat_setting(&mut self, at: usize) -> Result<()> {
        if kind_of(&self.run.step.file, at) != StatementKind::SessionSetting {
            return Ok(());
        }
        let batch = Batch::alone(&self.run.step.file, at);
        let sent = self.run.send(&batch.message).await;
        sent.map_err(|(completed, response)| self.run.explain(&batch, completed, response))
    }

    /// Runs statements in a transaction, together with the note that they are finished.
    async fn in_transaction(&mut self, statements: Range<usize>, own: Option<&OwnTransaction>) -> Result<()> {
        let finished = self.advance(statements.end);
        let batch = |run: &mut StepRun<'_, '_>| {
            Batch::of_unit(&run.frame(), &run.step.file, statements.clone(), own, finished.clone())
        };
        self.run.commit(batch).await
    }

    /// Runs a statement that is its own transaction, or contains several.
    async fn alone(&mut self, at: usize, kind: &StatementKind) -> Result<()> {
        let batch = Batch::alone(&self.run.step.file, at);
        let (mut backoff, mut detached) = (self.run.backoff(), false);
        loop {
            self.prepare(kind).await?;
            let Err((completed, response)) = self.run.send(&batch.message).await else { break };
            if (detached || self.interrupted && at == self.from) && kind.was_done(&response) {
                break;
            }
            if !detached && kind.may_be_half_detached(&response) && self.finish_detaching().await? {
                detached = true;
                continue;
            }
            if is_passing(&response) && kind.may_repeat() && !response.unreachable {
                // An index that this run's failed attempt left is dropped before the next.
                if let Some(point) = self.resume_point().await? {
                    self.drop_indexes(&point.invalid).await?;
                }
                if self.run.retry(&response, &mut backoff).await {
                    continue;
                }
            }
            return Err(self.give_up(&batch, completed, response).await);
        }
        if *kind == StatementKind::Block {
            self.check_owner(at).await?;
        }
        let finished = self.advance(at + 1);
        self.run.session.execute(reset_parsing_sql().into_iter().chain([finished])).await
    }

    fn advance(&self, done: usize) -> Statement {
        let done = i64::try_from(done).unwrap_or(i64::MAX);
        progress::advance(self.run.step.row.version, self.run.step.direction, done)
    }

    /// Sets the lock timeout. A concurrent build waits for others without blocking them, and giving up leaves
    /// an INVALID index, so it has none; other statements have the same as in a transaction.
    async fn prepare(&mut self, kind: &StatementKind) -> Result<()> {
        let timeout = if kind.is_patient() { Duration::ZERO } else { self.run.options.lock_timeout };
        let timeout = stmt!("SET lock_timeout = {millis}", millis = millis(timeout));
        let begin = [self.run.session.act_as_owner(), timeout];
        self.run.session.execute(begin.into_iter().chain(reset_parsing_sql())).await
    }

    async fn give_up(&mut self, batch: &Batch, completed: usize, response: ErrorResponse) -> Error {
        self.run.record_failure(&response).await;
        let left = if response.unreachable { None } else { self.resume_point().await.ok().flatten() };
        let mut error = self.run.explain(batch, completed, response);
        for index in left.into_iter().flat_map(|point| point.invalid) {
            error.causes.push(format!("it left the INVALID index {index}"));
            error
                .hints
                .push(format!("the next run drops {index} and builds it again; no manual step is needed"));
        }
        error
    }

    /// Checks for objects that a block with its own transactions left to the login. They are given to the
    /// owner, and the file still fails.
    async fn check_owner(&mut self, at: usize) -> Result<()> {
        let session = &mut *self.run.session;
        let queries = [session.act_as_owner(), progress::owned_by_login(&session.target.owner)];
        let results = session.query(queries).await?;
        let text = |at: usize| results.iter().flatten().filter_map(move |row| row.try_get::<String>(at).ok());
        let left: Vec<String> = text(0).collect();
        if left.is_empty() {
            return Ok(());
        }
        let mut all = vec![stmt!("SET ROLE NONE")];
        all.extend(text(1).map(|give| stmt!("{give}", give = ServerText::quoted_by_server(give))));
        all.extend([self.run.session.act_as_owner(), self.advance(at + 1)]);
        self.run.session.execute(all).await?;
        let message = format!("it left objects to the login instead of the owner: {}", left.join(", "));
        self.record_message(&message).await;
        Err(Error::operation(format!("{} changed the role", self.run.step.id()))
            .cause(message)
            .hint("they were given to the owner; do not change the role inside functions or DO blocks")
            .hint("run again: finished statements are not repeated"))
    }

    /// Writes both rows in one transaction: refinery's table and the history always agree.
    async fn finish(&mut self) -> Result<()> {
        self.check_valid().await?;
        let done = Record {
            took: Elapsed::since(self.run.started),
            attempts: self.run.attempts,
            note: self.note.clone(),
            ..self.run.step.record("ok")
        };
        let rows = self.run.rows(&done).into_iter().chain([progress::end(self.run.step.row.version)]);
        self.run.session.execute([self.run.session.act_as_owner(), stmt!("RESET ALL")]).await?;
        self.run.session.commit(rows).await?;
        self.run.recorded();
        Ok(())
    }

    /// Checks that no index is INVALID: `IF NOT EXISTS` accepts an INVALID index of that name; a migration does not.
    async fn check_valid(&mut self) -> Result<()> {
        let kinds = self.run.step.file.texts().map(statement_kind);
        let names: Vec<String> = kinds.filter_map(StatementKind::built).collect();
        if names.is_empty() {
            return Ok(());
        }
        let queries = [self.run.session.act_as_owner(), progress::invalid_among(&names)];
        let results = self.run.session.query(queries).await?;
        let Some(index) = results.iter().flatten().find_map(|row| row.try_get::<String>(0).ok()) else {
            return Ok(());
        };
        self.record_message(&format!("the index {index} is INVALID")).await;
        Err(Error::operation(format!("{} ended with an INVALID index", self.run.step.id()))
            .cause(format!("{index} existed before, and IF NOT EXISTS did not build it"))
            .hint(format!("drop it, as `DROP INDEX CONCURRENTLY {index}`, and run again")))
    }

    async fn record_message(&mut self, message: &str) {
        let response = ErrorResponse { message: message.into(), ..ErrorResponse::default() };
        self.run.record_failure(&response).await;
    }
}
