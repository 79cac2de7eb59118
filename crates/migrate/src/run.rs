//! `upgrade` and `downgrade` of one service: read the files, compare them with the history, decide, run. A dry
//! run ends before the last step.

mod applied_hint;
mod schema;
mod steps;

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use applied_hint::with_applied;
use steps::{down_steps, repeatable_step, up_steps};

use super::check::repeatables::due;
use super::check::{
    Comparison, DowngradeTo, LintFinding, LintSeverity, PlanRefusal, TableSizes, compare, lint, name_history,
    other_tools, plan_downgrade, plan_upgrade, syntax_errors,
};
use super::engine::rehearsal::{Rehearsal, rehearse};
use super::engine::{
    Intent, MigrationSession, MigrationStep, Preflight, StepRun, Watcher, non_transactional, pipeline,
    server_parse,
};
use super::files::{Direction, FileProblem, MigrationFolder, Mode, ProblemSeverity, folder, refuse};
use super::history::{HistoryRows, repeatables};
use super::report::{AppliedMigration, Event, EventSender, MigrationId, MigrationOutcome, RepeatedMigration};
use super::sizes::table_sizes;
use super::status::{current, recorded};

use super::target::{Execution, MigrationTarget, Options};
use martydb_model::error::{Error, Kind, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Upgrade,
    /// Undoes the newest migrations. Every down file is found and read before the first statement; otherwise a
    /// run could stop half way at a missing file, in a state that the operator did not choose.
    Downgrade(DowngradeTo),
}

impl Goal {
    /// Returns the highest version whose file is run, `None` for no limit. Of versions to undo, only the down
    /// files are read.
    fn highest(self, options: &Options) -> Option<i64> {
        match self {
            Goal::Upgrade => options.to,
            Goal::Downgrade(_) => Some(0),
        }
    }

    fn direction(self) -> Direction {
        match self {
            Goal::Upgrade => Direction::Up,
            Goal::Downgrade(_) => Direction::Down,
        }
    }
}

/// Reads a service's folder and runs its migrations, each in its own transaction; returns the outcome.
///
/// # Errors
/// In [`MigrationOutcome::error`]: `MigrationFile` before anything connects, and for a missing down file; `Divergent`
/// and `Usage` before anything runs; `Locked`, `Unreachable`, else `Operation`.
pub async fn run(
    target: &MigrationTarget,
    goal: Goal,
    options: &Options,
    events: &EventSender,
) -> MigrationOutcome {
    run_folder(target, &folder::load(&target.folder), goal, options, events).await
}

/// Runs the migrations of a folder that is already read; otherwise as [`run`].
#[martydb_pg::boxed]
pub async fn run_folder(
    target: &MigrationTarget,
    folder: &MigrationFolder,
    goal: Goal,
    options: &Options,
    events: &EventSender,
) -> MigrationOutcome {
    let mut outcome = MigrationOutcome::new(target.service.as_str());
    match attempt(target, folder, goal, options, events, &mut outcome).await {
        Ok(()) => outcome,
        Err(error) => {
            // Another run has the lock: the version is known nevertheless.
            if error.kind == Kind::Locked && outcome.from.is_none() {
                outcome.from = current(target, Duration::ZERO).await.ok().flatten();
                outcome.to = outcome.from;
            }
            outcome.failed(error)
        }
    }
}

async fn attempt(
    target: &MigrationTarget,
    folder: &MigrationFolder,
    goal: Goal,
    options: &Options,
    events: &EventSender,
    outcome: &mut MigrationOutcome,
) -> Result<()> {
    folder.check_up_to(target.service.as_str(), goal.highest(options))?;
    let intent = if options.execution == Execution::Dry { Intent::Read } else { Intent::Write };
    let mut session = MigrationSession::open(target, intent, options.lock_wait, events).await?;
    let mut run = MigrationRun { session: &mut session, folder, goal, options };
    let result = run.proceed(outcome).await;
    session.close().await;
    result
}

/// Runs migrations in an open session for writing, which stays open, with a folder that is already read.
///
/// # Errors
/// As in the outcome of [`run`].
pub(crate) async fn run_in(
    session: &mut MigrationSession<'_>,
    folder: &MigrationFolder,
    goal: Goal,
    options: &Options,
) -> Result<()> {
    let mut outcome = MigrationOutcome::new(session.target.service.as_str());
    MigrationRun { session, folder, goal, options }.proceed(&mut outcome).await
}

/// Reads the files of a service and checks them as a run with this goal does, without a server: several services are
/// checked before the first of them is touched.
///
/// # Errors
/// [`Kind::MigrationFile`](martydb_model::error::Kind::MigrationFile), with all problems that stop the run.
pub fn read_files(path: &Path, service: &str, goal: Goal, options: &Options) -> Result<MigrationFolder> {
    let folder = folder::load(path);
    folder.check_up_to(service, goal.highest(options))?;
    Ok(folder)
}

struct MigrationRun<'a, 's> {
    session: &'a mut MigrationSession<'s>,
    folder: &'a MigrationFolder,
    goal: Goal,
    options: &'a Options,
}

impl<'a> MigrationRun<'a, '_> {
    /// Compares, decides and runs. The outcome is filled in on failure too.
    async fn proceed(&mut self, outcome: &mut MigrationOutcome) -> Result<()> {
        let rows = self.session.rows().await?;
        if rows.is_empty() && self.goal == Goal::Upgrade {
            self.folder = self.folder.for_new(self.options.to);
        }
        let comparison = compare(self.folder, &rows);
        (outcome.from, outcome.to) = (comparison.current, comparison.current);
        let steps = self.steps(&rows, &comparison)?;
        let versions: Vec<i64> = steps.iter().map(|step| step.row.version).collect();
        let repeatables = self.repeatables(&comparison, &versions).await?;
        let (upgrade, events) = (self.goal == Goal::Upgrade, self.session.events.clone());
        let schema = schema::look(self.session, upgrade, outcome).await?;
        let is_done = steps.is_empty() && repeatables.is_empty() && self.has_its_tables();
        if upgrade && is_done {
            events.send(Event::Planned(vec![]));
            return Ok(());
        }
        let mut preflight = Preflight::run(self.session).await?;
        let first = upgrade && self.session.present.refinery.is_none();
        if first && !(steps.is_empty() && repeatables.is_empty()) {
            self.refuse_foreign(&preflight)?;
        }
        self.refuse_files(&steps, &repeatables)?;
        let version_type = rows.version_type_for(self.folder);
        preflight.check(self.session.target, version_type, &versions)?;
        events.send(Event::Planned(steps.iter().chain(&repeatables).map(MigrationStep::id).collect()));
        match self.options.execution {
            Execution::Real => {}
            Execution::Dry => {
                let files = steps.iter().chain(&repeatables).map(|step| &*step.file);
                let found = syntax_errors(files, &self.session.target.lint);
                refuse(self.service(), found.iter().filter(|problem| problem.refuses()))?;
                outcome.planned = steps.iter().map(MigrationStep::planned).collect();
                outcome.repeatable_planned = repeatables.iter().map(MigrationStep::planned).collect();
                outcome.to = self.version_after(&rows, &versions);
                return Ok(());
            }
            Execution::Rehearsal => {
                let all: Vec<_> = steps.into_iter().chain(repeatables).collect();
                return self.rehearse(&mut preflight, &rows, &all, outcome).await;
            }
        }
        server_parse::check(self.session, &steps.iter().chain(&repeatables).collect::<Vec<_>>()).await?;
        if upgrade && comparison.current.is_some() {
            self.warn(&versions, &comparison.pending).await;
        }
        if upgrade || !steps.is_empty() {
            preflight.prepare(self.session, version_type, self.options).await?;
        }
        let mut result = self.execute(&mut preflight, &steps, &mut outcome.applied).await;
        if result.is_ok() && !repeatables.is_empty() {
            result = self.repeat(&mut preflight, &repeatables, &mut outcome.repeatable).await;
        }
        let known = if first && preflight.contents.is_empty() { Some(vec![]) } else { schema };
        schema::keep(self.session, self.options, known, outcome).await;
        let done: Vec<i64> = outcome.applied.iter().map(|applied| applied.version).collect();
        outcome.to = self.version_after(&rows, &done);
        result.map_err(|error| self.with_applied(error, &outcome.applied))
    }

    /// Refuses waived and empty files, and those that name the history.
    fn refuse_files(&self, steps: &[MigrationStep<'_>], repeatables: &[MigrationStep<'_>]) -> Result<()> {
        self.refuse_waived(steps)?;
        refuse(self.service(), &empty_files(steps))?;
        let files = steps.iter().chain(repeatables).map(|step| &*step.file);
        refuse(self.service(), &name_history(files, &self.session.target.history_schema))
    }

    /// Refuses a database with another tool's history, or with objects.
    fn refuse_foreign(&self, preflight: &Preflight) -> Result<()> {
        other_tools::refuse(self.service(), &preflight.other_tools)?;
        other_tools::refuse_contents(self.service(), &preflight.contents)
    }

    /// Adds a hint about what was committed before the failure, but for a scratch database.
    fn with_applied(&self, error: Error, applied: &[AppliedMigration]) -> Error {
        let kept = if self.session.target.throwaway { &[] } else { applied };
        with_applied(error, kept, self.goal.direction())
    }

    /// Returns `true` unless a run changes the tables: one that only refinery wrote is adopted, and privileges of other
    /// roles on it are revoked; one that lies elsewhere is moved.
    fn has_its_tables(&self) -> bool {
        let present = &self.session.present;
        let adopted = present.refinery.is_some() && !present.history;
        !adopted && present.is_settled(&self.session.target.history_schema)
    }

    /// Runs the steps and rolls them back; their effects are in the outcome.
    async fn rehearse(
        &mut self,
        preflight: &mut Preflight,
        rows: &HistoryRows,
        steps: &[MigrationStep<'_>],
        outcome: &mut MigrationOutcome,
    ) -> Result<()> {
        let mut found = Rehearsal::default();
        let end = rehearse(self.session, preflight, self.options, steps, &mut found).await;
        let reached: Vec<i64> = found.rehearsed.iter().map(|one| one.version).collect();
        outcome.to = self.version_after(rows, &reached);
        (outcome.rehearsed, outcome.skipped) = (found.rehearsed, found.skipped);
        end
    }

    /// Returns the repeatable migrations that are due after these versions: all files of the folder must be
    /// applied by then.
    async fn repeatables(
        &mut self,
        comparison: &Comparison,
        versions: &[i64],
    ) -> Result<Vec<MigrationStep<'a>>> {
        let complete = comparison.pending.iter().all(|version| versions.contains(version));
        if self.goal != Goal::Upgrade || !complete || !self.options.repeatables {
            return Ok(vec![]);
        }
        let recorded = recorded(self.session, self.folder).await?;
        Ok(due(&self.folder.repeatables, &recorded, !versions.is_empty())
            .into_iter()
            .map(repeatable_step)
            .collect())
    }

    async fn repeat(
        &mut self,
        preflight: &mut Preflight,
        steps: &[MigrationStep<'_>],
        done: &mut Vec<RepeatedMigration>,
    ) -> Result<()> {
        if !self.session.present.repeatable {
            let outsiders = self.session.outsiders().await?;
            self.session.commit(repeatables::create(&outsiders)).await?;
            self.session.present.repeatable = true;
        }
        let mut applied = vec![];
        let result = self.execute(preflight, steps, &mut applied).await;
        let repeated =
            |one: AppliedMigration| RepeatedMigration { name: one.name, duration_ms: one.duration_ms };
        done.extend(applied.into_iter().map(repeated));
        result
    }

    /// Runs the steps in order and stops at the first failure; applied or undone versions are added to `done`.
    async fn execute(
        &mut self,
        preflight: &mut Preflight,
        steps: &[MigrationStep<'_>],
        done: &mut Vec<AppliedMigration>,
    ) -> Result<()> {
        let (options, events) = (self.options, self.session.events.clone());
        let session = &mut *self.session;
        let watcher = &Watcher::over(session);
        let mut sent = VecDeque::new();
        for (at, step) in steps.iter().enumerate() {
            if !session.connection.is_ahead() {
                sent = pipeline::send(session, preflight, options, &steps[at..]).await?;
            }
            events.send(Event::Started(step.id()));
            step.file.notes().for_each(|note| events.send(Event::Warned(step.id(), note)));
            watcher.begin(step.id());
            let (sent, started) = (sent.pop_front(), Instant::now());
            let mut run = StepRun { session, preflight, options, watcher, step, sent, attempts: 1, started };
            let took = match step.file.directives.mode {
                Mode::Transaction => run.in_transaction().await?,
                Mode::NoTransaction => non_transactional::run(run).await?,
            };
            watcher.end();
            let MigrationId { version, name } = step.id();
            let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let applied = AppliedMigration { version, name, duration_ms };
            events.send(Event::Applied(applied.clone()));
            done.push(applied);
        }
        Ok(())
    }

    fn service(&self) -> &str {
        self.session.target.service.as_str()
    }

    fn steps(&self, rows: &HistoryRows, comparison: &Comparison) -> Result<Vec<MigrationStep<'a>>> {
        let service = &self.session.target.service;
        let (folder, disposable) = (self.folder, self.session.target.disposable);
        let refused = |one: PlanRefusal| one.into_error(service, comparison.current, folder, disposable);
        match self.goal {
            Goal::Upgrade => {
                let mut versions =
                    plan_upgrade(comparison, self.options.to, self.options.order).map_err(refused)?;
                versions.truncate(self.options.steps.unwrap_or(usize::MAX));
                Ok(up_steps(self.folder, rows, &versions))
            }
            Goal::Downgrade(to) => {
                let versions = plan_downgrade(comparison, &rows.order, to).map_err(refused)?;
                down_steps(self.session.target, self.folder, rows, &versions)
            }
        }
    }

    /// Refuses files with a waiver: they were applied before martydb was used. Such a file can build a new
    /// database only if PostgreSQL can run all of its violations outside a transaction.
    fn refuse_waived(&self, steps: &[MigrationStep<'_>]) -> Result<()> {
        let up = steps.iter().filter(|step| step.direction == Direction::Up);
        let waived: Vec<_> = up
            .filter_map(|step| self.folder.get(step.row.version))
            .flat_map(|migration| migration.waived.iter().map(|problem| (migration.version, problem)))
            .filter(|(_, problem)| problem.severity != ProblemSeverity::Runnable)
            .collect();
        let Some((version, _)) = waived.first() else { return Ok(()) };
        let service = self.service();
        refuse(service, waived.iter().map(|(_, problem)| *problem)).map_err(|error| {
            error.hint(format!(
                "the file is accepted because it is applied elsewhere: edit it anyway, and accept the edit there \
                 with `martydb repair --service {service} --version {version} --reason …`"
            ))
        })
    }

    /// Sends lint warnings. A database with nothing applied has no sessions that could wait in a lock queue, so
    /// it gets none.
    async fn warn(&self, versions: &[i64], pending: &[i64]) {
        let (chosen, others): (Vec<_>, Vec<_>) =
            self.folder.migrations.iter().partition(|one| versions.contains(&one.version));
        let known: Vec<_> = others.into_iter().filter(|one| !pending.contains(&one.version)).collect();
        let rules = &self.session.target.lint;
        let mut found = lint(&known, &chosen, rules, &TableSizes::default());
        if found.iter().any(LintFinding::depends_on_server) {
            let sizes = table_sizes(self.session.target, Duration::ZERO).await.unwrap_or_default();
            found = lint(&known, &chosen, rules, &sizes);
        }
        for finding in found.iter().filter(|finding| finding.severity == LintSeverity::Danger) {
            let name = self.folder.get(finding.version).map(|migration| migration.name.clone());
            let id = MigrationId { version: finding.version, name: name.unwrap_or_default() };
            self.session.events.send(Event::Warned(id, finding.to_string()));
        }
    }

    /// Returns the highest applied version after these are applied or undone.
    fn version_after(&self, rows: &HistoryRows, done: &[i64]) -> Option<i64> {
        let before = rows.order.iter().copied();
        match self.goal {
            Goal::Upgrade => before.chain(done.iter().copied()).max(),
            Goal::Downgrade(_) => before.filter(|version| !done.contains(version)).max(),
        }
    }
}

/// Returns a problem for each up file of 0 bytes: an interrupted write or checkout leaves one, and recorded as applied it would
/// never run again.
fn empty_files(steps: &[MigrationStep<'_>]) -> Vec<FileProblem> {
    let is_empty = |step: &&MigrationStep| step.direction == Direction::Up && step.file.text.is_empty();
    let fix = "restore its statements; a migration that does nothing on purpose contains a comment";
    let problem = |step: &MigrationStep| FileProblem::refused(&step.file.path, "is empty", fix);
    steps.iter().filter(is_empty).map(problem).collect()
}
