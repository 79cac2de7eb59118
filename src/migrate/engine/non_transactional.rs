//! Migrations that cannot run in a transaction as a whole.
//!
//! Each statement that can run in a transaction does so, together with a note of how far the file has come; those
//! that cannot are sent alone and noted afterwards. The history says "started" before the first and "ok" after the
//! last. The next run continues after the last note: an index that the lost session finished building counts as
//! built, one that it left INVALID is dropped and built again.

use std::time::{Duration, Instant};

use super::backoff::{is_passing, until};
use super::batch::{Batch, reading};
use super::executor::{Attempts, Executor};
use super::failure;
use super::step::MigrationStep;
use crate::error::{Error, Result};
use crate::migrate::files::{MigrationFile, StatementKind, source, statement_kind};
use crate::migrate::history::{Record, ResumePoint, Took, progress, unreadable};
use crate::migrate::report::Event;
use crate::server::{Fault, Row, execute, query_each};
use crate::sql::{ServerText, Statement, stmt};

struct FileRun<'r, 'a> {
    executor: &'r mut Executor<'a>,
    step: &'r MigrationStep<'r>,
    /// Statements before this one are finished.
    from: usize,
    /// Whether an earlier run was at the statement `from`.
    resumed: bool,
    attempts: Attempts,
    /// For the history: what an earlier run left, and what was done about it.
    note: Option<String>,
}

/// Runs the statements of a file one by one; how long that took.
pub async fn run(executor: &mut Executor<'_>, step: &MigrationStep<'_>) -> Result<Duration> {
    let mut run = FileRun { executor, step, from: 0, resumed: false, attempts: Attempts::new(), note: None };
    run.begin().await?;
    for at in 0..step.file.statements.len() {
        match statement_kind(step.statement(at)) {
            // A session's settings are gone with the session.
            StatementKind::SessionSetting if at < run.from => run.repeat_setting(at).await?,
            _ if at < run.from => {}
            StatementKind::SessionSetting | StatementKind::Transactional => run.in_transaction(at).await?,
            kind => run.alone(at, &kind).await?,
        }
    }
    run.finish().await?;
    Ok(run.attempts.started.elapsed())
}

impl FileRun<'_, '_> {
    /// Looks whether an earlier run was interrupted, repairs what it left, and notes the beginning.
    async fn begin(&mut self) -> Result<()> {
        self.create_notes().await?;
        let found = self.resume_point().await?;
        self.attempts = Attempts::new();
        if let Some(point) = found {
            self.resumed = true;
            self.check_unchanged(&point)?;
            self.drop_indexes(&point.invalid).await?;
            self.from = point.done + usize::from(self.was_built(&point));
            self.note = Some(self.resumption(&point));
        }
        let begun = Record { note: self.note.clone(), ..self.step.record("started") };
        let (version, done) = (self.step.row.version, i64::try_from(self.from).unwrap_or_default());
        self.execute([
            stmt!("BEGIN"),
            self.executor.event(&begun),
            progress::begin(version, self.step.direction, done, &self.step.file),
            stmt!("COMMIT"),
        ])
        .await?;
        self.executor.recorded();
        Ok(())
    }

    /// The table for the notes, if this is the first migration that needs it.
    async fn create_notes(&mut self) -> Result<()> {
        if self.executor.session.present.progress {
            return Ok(());
        }
        let [create, close] = progress::create(&self.executor.target.outsiders());
        self.execute([stmt!("BEGIN"), create, close, stmt!("COMMIT")]).await?;
        self.executor.session.present.progress = true;
        Ok(())
    }

    async fn resume_point(&mut self) -> Result<Option<ResumePoint>> {
        let results = self.query([progress::read(self.step.row.version, self.step.direction)]).await?;
        let row = results.first().and_then(|rows| rows.first());
        row.map(ResumePoint::read).transpose().map_err(unreadable)
    }

    /// What is finished must still stand in the file as it was run; the rest may have been corrected.
    fn check_unchanged(&self, point: &ResumePoint) -> Result<()> {
        let Some(content) = &point.content else { return Ok(()) };
        let file = &*self.step.file;
        let then = source::read(&file.path, content.clone().into_bytes()).unwrap_or_default();
        let finished = |file: &MigrationFile| -> Vec<String> {
            let spans = file.statements.iter().take(point.done);
            spans.map(|span| file.text[span.clone()].to_owned()).collect()
        };
        if content.as_str() == &*file.text || finished(&then) == finished(file) {
            return Ok(());
        }
        Err(Error::operation(format!("{} was edited where it has already run", self.step.id()))
            .cause(format!("its first {} statements were finished before it was interrupted", point.done))
            .hint("undo the edit of these statements, and run again")
            .hint(format!(
                "or undo by hand what they did, and start over after \
                 `martydb repair --service {} --version {} --reason …`",
                self.executor.target.service, self.step.row.version
            )))
    }

    /// The lost session may have continued without us and finished its index.
    fn was_built(&self, point: &ResumePoint) -> bool {
        let interrupted = self.step.file.statements.get(point.done);
        let kind = interrupted.map(|_| statement_kind(self.step.statement(point.done)));
        matches!(kind, Some(StatementKind::ConcurrentIndex(name)) if point.built.contains(&name))
    }

    fn resumption(&self, point: &ResumePoint) -> String {
        let mut note =
            format!("resumed after {} of {} statements", self.from, self.step.file.statements.len());
        if !point.invalid.is_empty() {
            note +=
                &format!("; dropped the INVALID index {} of the interrupted run", point.invalid.join(", "));
        }
        note
    }

    /// Drops what an interrupted concurrent build left.
    async fn drop_indexes(&mut self, invalid: &[String]) -> Result<()> {
        for index in invalid {
            let text = format!("dropping the INVALID index {index} that an interrupted build left");
            (self.executor.on_event)(Event::Warned(self.step.id(), text));
            self.execute([stmt!("SET lock_timeout = 0")]).await?;
            // It waits for transactions that may still use the index.
            self.executor.session.connection.be_patient(true);
            let dropped = self.execute([progress::drop_index(index)]).await;
            self.executor.session.connection.be_patient(false);
            dropped?;
        }
        Ok(())
    }

    async fn repeat_setting(&mut self, at: usize) -> Result<()> {
        let batch = Batch::alone(&self.step.file, at);
        let sent = self.executor.send(self.step, &batch.message).await;
        sent.map_err(|(completed, fault)| failure::explain(self.step, &batch, completed, fault))
    }

    /// A statement in a transaction, together with the note that it is finished.
    async fn in_transaction(&mut self, at: usize) -> Result<()> {
        let (step, finished) = (self.step, self.advance(at + 1));
        let batch = |executor: &Executor<'_>, _: &mut Attempts| {
            Batch::of_statement(&executor.frame(), &step.file, at, finished.clone())
        };
        self.executor.commit(step, &mut self.attempts, batch).await
    }

    /// A statement that is its own transaction, or holds several.
    async fn alone(&mut self, at: usize, kind: &StatementKind) -> Result<()> {
        let batch = Batch::alone(&self.step.file, at);
        let mut backoff = until(Instant::now() + self.executor.options.lock_wait);
        loop {
            self.prepare(kind).await?;
            let Err((completed, fault)) = self.executor.send(self.step, &batch.message).await else { break };
            if self.resumed && at == self.from && kind.was_done(&fault) {
                break;
            }
            if is_passing(&fault) && kind.may_repeat() && !fault.unreachable {
                // What this run's own failed attempt left is dropped before the next.
                if let Some(point) = self.resume_point().await? {
                    self.drop_indexes(&point.invalid).await?;
                }
                if self.executor.retry(self.step, &mut self.attempts, &fault, &mut backoff).await {
                    continue;
                }
            }
            return Err(self.give_up(&batch, completed, fault).await);
        }
        if *kind == StatementKind::Block {
            self.check_owner(at).await?;
        }
        let [strings, encoding] = reading();
        self.execute([strings, encoding, self.advance(at + 1)]).await
    }

    fn advance(&self, done: usize) -> Statement {
        let done = i64::try_from(done).unwrap_or(i64::MAX);
        progress::advance(self.step.row.version, self.step.direction, done)
    }

    /// A concurrent build waits for others without being in their way, and giving up leaves an INVALID index; all
    /// other statements give up as they do in a transaction.
    async fn prepare(&mut self, kind: &StatementKind) -> Result<()> {
        let timeout = if kind.is_patient() { Duration::ZERO } else { self.executor.options.lock_timeout };
        let millis = i64::try_from(timeout.as_millis()).unwrap_or_default().min(i64::from(i32::MAX));
        let [strings, encoding] = reading();
        let timeout = stmt!("SET lock_timeout = {millis}", millis = millis);
        self.execute([self.executor.act_as_owner(), strings, encoding, timeout]).await
    }

    async fn give_up(&mut self, batch: &Batch, completed: usize, fault: Fault) -> Error {
        self.executor.record_failure(self.step, &self.attempts, &fault).await;
        let left = if fault.unreachable { None } else { self.resume_point().await.ok().flatten() };
        let mut error = failure::explain(self.step, batch, completed, fault);
        for index in left.into_iter().flat_map(|point| point.invalid) {
            error.causes.push(format!("it left the INVALID index {index}"));
            error
                .hints
                .push(format!("the next run drops {index} and builds it again; no manual step is needed"));
        }
        error
    }

    /// A block that ends transactions of its own can leave objects to the login. They are given to the owner, and the
    /// file fails all the same.
    async fn check_owner(&mut self, at: usize) -> Result<()> {
        let owner = &self.executor.target.owner;
        let results = self.query([self.executor.act_as_owner(), progress::owned_by_login(owner)]).await?;
        let text = |at: usize| results.iter().flatten().filter_map(move |row| row.try_get::<String>(at).ok());
        let left: Vec<String> = text(0).collect();
        if left.is_empty() {
            return Ok(());
        }
        let mut all = vec![stmt!("SET ROLE NONE")];
        all.extend(text(1).map(|give| stmt!("{give}", give = ServerText::quoted_by_server(give))));
        all.extend([self.executor.act_as_owner(), self.advance(at + 1)]);
        self.execute(all).await?;
        let message = format!("it left objects to the login instead of the owner: {}", left.join(", "));
        self.record_message(&message).await;
        Err(Error::operation(format!("{} changed the role", self.step.id()))
            .cause(message)
            .hint("they were given to the owner; do not change the role inside functions or DO blocks")
            .hint("run again: finished statements are not repeated"))
    }

    /// Both rows in one transaction: refinery's table and the history agree at any moment.
    async fn finish(&mut self) -> Result<()> {
        self.check_valid().await?;
        let done = Record {
            took: Took::since(self.attempts.started),
            attempts: self.attempts.count,
            note: self.note.clone(),
            ..self.step.record("ok")
        };
        let [refinery, history] = self.executor.rows(self.step, &done);
        self.execute([
            self.executor.act_as_owner(),
            stmt!("RESET ALL"),
            stmt!("BEGIN"),
            progress::end(self.step.row.version),
            refinery,
            history,
            stmt!("COMMIT"),
        ])
        .await?;
        self.executor.recorded();
        Ok(())
    }

    /// `IF NOT EXISTS` accepts an INVALID index of that name; a migration does not.
    async fn check_valid(&mut self) -> Result<()> {
        let kinds = (0..self.step.file.statements.len()).map(|at| statement_kind(self.step.statement(at)));
        let names: Vec<String> = kinds.filter_map(StatementKind::built).collect();
        if names.is_empty() {
            return Ok(());
        }
        let asked = [self.executor.act_as_owner(), progress::invalid_among(&names)];
        let results = self.query(asked).await?;
        let Some(index) = results.iter().flatten().find_map(|row| row.try_get::<String>(0).ok()) else {
            return Ok(());
        };
        self.record_message(&format!("the index {index} is INVALID")).await;
        Err(Error::operation(format!("{} ended with an INVALID index", self.step.id()))
            .cause(format!("{index} existed before, and IF NOT EXISTS did not build it"))
            .hint(format!("drop it, as `DROP INDEX CONCURRENTLY {index}`, and run again")))
    }

    async fn record_message(&mut self, message: &str) {
        let fault = Fault { message: message.into(), ..Fault::default() };
        self.executor.record_failure(self.step, &self.attempts, &fault).await;
    }

    async fn execute(&mut self, all: impl IntoIterator<Item = Statement>) -> Result<()> {
        execute(&mut self.executor.session.connection, &Statement::join(all)).await?;
        Ok(())
    }

    async fn query(&mut self, all: impl IntoIterator<Item = Statement>) -> Result<Vec<Vec<Row>>> {
        query_each(&mut self.executor.session.connection, &Statement::join(all)).await
    }
}
