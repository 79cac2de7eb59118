//! `upgrade` and `downgrade` of one service: read the files, compare them with the history, decide, run.

use std::borrow::Cow;
use std::time::Instant;

use super::check::{
    Comparison, DowngradeTo, PlanRefusal, compare, lint, other_tools, plan_downgrade, plan_upgrade,
};
use super::engine::{Intent, MigrationSession, MigrationStep, Preflight, StepRun, non_transactional};
use super::files::{
    Direction, FileProblem, Migration, MigrationFile, MigrationFolder, Mode, folder, refuse, refused_files,
};
use super::history::{AppliedRow, HistoryRows};
use super::report::{AppliedMigration, Event, EventSender, MigrationId, MigrationOutcome};
use super::target::{Execution, MigrationTarget, Options};
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Upgrade,
    /// Undo the newest ones. Every down file is found and read before the first statement: a run that stopped half way
    /// at a missing file would leave a state that the operator did not ask for.
    Downgrade(DowngradeTo),
}

impl Goal {
    fn direction(self) -> Direction {
        match self {
            Goal::Upgrade => Direction::Up,
            Goal::Downgrade(_) => Direction::Down,
        }
    }
}

/// Runs a service's migrations, each in its own transaction, and says how far it came.
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
    let mut outcome = MigrationOutcome::new(target.service.as_str());
    match attempt(target, goal, options, events, &mut outcome).await {
        Ok(()) => outcome,
        Err(error) => outcome.failed(error),
    }
}

async fn attempt(
    target: &MigrationTarget,
    goal: Goal,
    options: &Options,
    events: &EventSender,
    outcome: &mut MigrationOutcome,
) -> Result<()> {
    let folder = folder::load_valid(&target.folder, target.service.as_str())?;
    let intent = if options.execution == Execution::Real { Intent::Write } else { Intent::Read };
    let mut session = MigrationSession::open(target, intent, options.lock_wait, events).await?;
    let mut run = MigrationRun { session: &mut session, folder: &folder, goal, options };
    let result = run.proceed(outcome).await;
    session.close().await;
    result
}

/// The same in a session that is open for writing and stays open, with a folder that was read before.
///
/// # Errors
/// As in the outcome of [`run`].
pub async fn run_in(
    session: &mut MigrationSession<'_>,
    folder: &MigrationFolder,
    goal: Goal,
    options: &Options,
) -> Result<()> {
    let mut outcome = MigrationOutcome::new(session.target.service.as_str());
    MigrationRun { session, folder, goal, options }.proceed(&mut outcome).await
}

struct MigrationRun<'a, 's> {
    session: &'a mut MigrationSession<'s>,
    folder: &'a MigrationFolder,
    goal: Goal,
    options: &'a Options,
}

impl<'a> MigrationRun<'a, '_> {
    /// Compares, decides and runs; the outcome says how far it came, also where it fails.
    async fn proceed(&mut self, outcome: &mut MigrationOutcome) -> Result<()> {
        let rows = self.session.rows().await?;
        let comparison = compare(&self.folder.migrations, &rows.applied, &rows.unfinished);
        (outcome.from, outcome.to) = (comparison.current, comparison.current);
        let steps = self.steps(&rows, &comparison)?;
        let versions: Vec<i64> = steps.iter().map(|step| step.row.version).collect();
        let (upgrade, events) = (self.goal == Goal::Upgrade, self.session.events.clone());
        // What refinery alone has written is taken over, and closed to other roles.
        let adopted = self.session.present.refinery.is_some() && !self.session.present.history;
        if upgrade && steps.is_empty() && !adopted {
            events.send(Event::Planned(vec![]));
            return Ok(());
        }
        let mut preflight = Preflight::take(self.session).await?;
        if upgrade && self.session.present.refinery.is_none() && !steps.is_empty() {
            other_tools::refuse(self.service(), &preflight.other_tools)?;
        }
        self.refuse_waived(&steps)?;
        let version_type = rows.version_type_for(self.folder);
        preflight.check(self.session.target, version_type, &versions)?;
        events.send(Event::Planned(steps.iter().map(MigrationStep::id).collect()));
        if self.options.execution == Execution::Dry {
            outcome.planned = steps.iter().map(MigrationStep::planned).collect();
            outcome.to = self.version_after(&rows, &versions);
            return Ok(());
        }
        if upgrade && comparison.current.is_some() {
            self.warn(&versions);
        }
        if upgrade || !steps.is_empty() {
            preflight.prepare(self.session, version_type).await?;
        }
        let result = self.execute(&mut preflight, &steps, &mut outcome.applied).await;
        let done: Vec<i64> = outcome.applied.iter().map(|applied| applied.version).collect();
        outcome.to = self.version_after(&rows, &done);
        result.map_err(|error| with_applied(error, &outcome.applied, self.goal.direction()))
    }

    /// Runs the steps in their order, and none after one that fails; `done` gets what was applied or undone.
    async fn execute(
        &mut self,
        preflight: &mut Preflight,
        steps: &[MigrationStep<'_>],
        done: &mut Vec<AppliedMigration>,
    ) -> Result<()> {
        let (options, events) = (self.options, self.session.events.clone());
        let session = &mut *self.session;
        for step in steps {
            events.send(Event::Started(step.id()));
            let mut run = StepRun { session, preflight, options, step, attempts: 1, started: Instant::now() };
            let took = match step.file.directives.mode {
                Mode::Transaction => run.in_transaction().await?,
                Mode::NoTransaction => non_transactional::run(run).await?,
            };
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
        let refused = |refusal: PlanRefusal| refusal.into_error(service, comparison.current, self.folder);
        match self.goal {
            Goal::Upgrade => {
                let versions =
                    plan_upgrade(comparison, self.options.to, self.options.order).map_err(refused)?;
                Ok(up_steps(self.folder, rows, &versions))
            }
            Goal::Downgrade(to) => {
                let versions = plan_downgrade(comparison, &rows.order, to).map_err(refused)?;
                down_steps(self.folder, rows, &versions).map_err(|problems| {
                    let mut error = refused_files(service.as_str(), &problems);
                    error.message = format!("{service}: cannot downgrade: a down file is missing or invalid");
                    error
                })
            }
        }
    }

    /// A file with a waiver was applied before martydb came; it is never run.
    fn refuse_waived(&self, steps: &[MigrationStep<'_>]) -> Result<()> {
        let up = steps.iter().filter(|step| step.direction == Direction::Up);
        let migrations = up.filter_map(|step| self.folder.get(step.row.version));
        refuse(self.service(), migrations.flat_map(|migration| &migration.waived))
    }

    /// A database that has nothing applied has no sessions that could wait in a lock queue, so it gets no warning.
    fn warn(&self, versions: &[i64]) {
        let chosen = versions.iter().filter_map(|version| self.folder.get(*version));
        for finding in lint(chosen, &self.session.target.lint) {
            let name = self.folder.get(finding.version).map(|migration| migration.name.clone());
            let id = MigrationId { version: finding.version, name: name.unwrap_or_default() };
            self.session.events.send(Event::Warned(id, finding.to_string()));
        }
    }

    /// The highest version that is applied once these are applied, or undone.
    fn version_after(&self, rows: &HistoryRows, done: &[i64]) -> Option<i64> {
        let before = rows.order.iter().copied();
        match self.goal {
            Goal::Upgrade => before.chain(done.iter().copied()).max(),
            Goal::Downgrade(_) => before.filter(|version| !done.contains(version)).max(),
        }
    }
}

fn up_steps<'f>(folder: &'f MigrationFolder, rows: &HistoryRows, versions: &[i64]) -> Vec<MigrationStep<'f>> {
    let version_type = rows.version_type_for(folder);
    let migrations = versions.iter().filter_map(|version| folder.get(*version));
    let step = |migration: &'f Migration| MigrationStep {
        direction: Direction::Up,
        file: Cow::Borrowed(&migration.up),
        row: AppliedRow::of(migration, version_type),
    };
    migrations.map(step).collect()
}

/// The down file of every version, or everything that is wrong with them.
fn down_steps<'f>(
    folder: &MigrationFolder,
    rows: &HistoryRows,
    versions: &[i64],
) -> Result<Vec<MigrationStep<'f>>, Vec<FileProblem>> {
    let (mut steps, mut problems) = (vec![], vec![]);
    let rows = versions.iter().filter_map(|version| rows.applied.iter().find(|row| row.version == *version));
    for row in rows {
        match down_file(folder, row) {
            Ok(file) => steps.push(MigrationStep {
                direction: Direction::Down,
                file: Cow::Owned(file),
                row: row.clone(),
            }),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(steps) } else { Err(problems) }
}

fn down_file(folder: &MigrationFolder, row: &AppliedRow) -> Result<MigrationFile, Vec<FileProblem>> {
    let fix = "write it: what undoes the migration, or a comment and `SELECT 1;` if nothing has to be undone";
    let Some(path) = folder.get(row.version).and_then(|migration| migration.down.as_ref()) else {
        let path = folder.path.join(format!("V{}__{}.down.sql", row.version, row.name));
        return Err(vec![FileProblem::refused(&path, "is missing", fix)]);
    };
    let file = folder::load_down(path)?;
    if file.statements.is_empty() {
        return Err(vec![FileProblem::refused(path, "is empty (no SQL statement)", fix)]);
    }
    Ok(file)
}

/// Says what was committed before the failure, because it is not rolled back.
fn with_applied(error: Error, applied: &[AppliedMigration], direction: Direction) -> Error {
    let what = if direction == Direction::Up { "" } else { "the downgrade of " };
    let committed = "committed before the failure and";
    match applied {
        [] => error,
        [one] => error.hint(format!("{what}V{} was {committed} is not rolled back", one.version)),
        [first, .., last] => error.hint(format!(
            "{what}{} migrations, V{} to V{}, were {committed} are not rolled back",
            applied.len(),
            first.version,
            last.version
        )),
    }
}
