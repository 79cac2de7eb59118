//! `upgrade` and `downgrade` of one service: read the files, compare them with the history, decide, run.

use std::borrow::Cow;

use super::check::{
    Comparison, DowngradeTo, PlanRefusal, compare, lint, other_tools, plan_downgrade, plan_upgrade,
};
use super::engine::{
    Executed, Executor, Intent, MigrationSession, MigrationStep, Preflight, execute, prepare,
};
use super::files::{
    Direction, FileProblem, Migration, MigrationFile, MigrationFolder, folder, refused_files,
};
use super::history::{AppliedRow, HistoryRows};
use super::report::{AppliedMigration, Event, MigrationId, MigrationOutcome, OnEvent};
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
    on_event: OnEvent<'_>,
) -> MigrationOutcome {
    MigrationRun { target, goal, options, on_event }.run().await
}

pub async fn upgrade(target: &MigrationTarget, options: &Options, on_event: OnEvent<'_>) -> MigrationOutcome {
    run(target, Goal::Upgrade, options, on_event).await
}

pub async fn downgrade(
    target: &MigrationTarget,
    to: DowngradeTo,
    options: &Options,
    on_event: OnEvent<'_>,
) -> MigrationOutcome {
    run(target, Goal::Downgrade(to), options, on_event).await
}

struct MigrationRun<'a> {
    target: &'a MigrationTarget,
    goal: Goal,
    options: &'a Options,
    on_event: OnEvent<'a>,
}

impl MigrationRun<'_> {
    async fn run(&self) -> MigrationOutcome {
        let nothing = MigrationOutcome::new(self.target.service.as_str());
        let folder = match folder::load_valid(&self.target.folder, self.target.service.as_str()) {
            Ok(folder) => folder,
            Err(error) => return nothing.failed(error),
        };
        let (intent, wait) = (self.intent(), self.options.lock_wait);
        let mut session = match MigrationSession::open(self.target, intent, wait, self.on_event).await {
            Ok(session) => session,
            Err(none) => return nothing.failed(none.into()),
        };
        let outcome = match session.rows().await {
            Ok(rows) => self.on_rows(&mut session, &folder, &rows, nothing).await,
            Err(error) => nothing.failed(error),
        };
        session.close().await;
        outcome
    }

    fn intent(&self) -> Intent {
        if self.options.execution == Execution::Real { Intent::Write } else { Intent::Read }
    }

    async fn on_rows(
        &self,
        session: &mut MigrationSession,
        folder: &MigrationFolder,
        rows: &HistoryRows,
        nothing: MigrationOutcome,
    ) -> MigrationOutcome {
        let comparison = compare(&folder.migrations, &rows.applied, &rows.unfinished);
        let outcome = MigrationOutcome { from: comparison.current, to: comparison.current, ..nothing };
        match self.steps_done(session, folder, rows, &comparison).await {
            Err(error) => outcome.failed(error),
            Ok(Done::Planned(steps)) => {
                let planned: Vec<_> = steps.iter().map(MigrationStep::planned).collect();
                let to = self.version_after(rows, planned.iter().map(|file| file.version).collect());
                MigrationOutcome { to, planned, ..outcome }
            }
            Ok(Done::Executed(Executed { done, error })) => {
                let to = self.version_after(rows, done.iter().map(|applied| applied.version).collect());
                let outcome = MigrationOutcome { to, applied: done, ..outcome };
                match error.map(|error| with_applied(error, &outcome.applied, self.goal.direction())) {
                    None => outcome,
                    Some(error) => outcome.failed(error),
                }
            }
        }
    }

    async fn steps_done<'f>(
        &self,
        session: &mut MigrationSession,
        folder: &'f MigrationFolder,
        rows: &HistoryRows,
        comparison: &Comparison,
    ) -> Result<Done<'f>> {
        let steps = self.steps(folder, rows, comparison)?;
        let upgrade = self.goal == Goal::Upgrade;
        // What refinery alone has written is taken over, and closed to other roles.
        let adopted = session.present.refinery.is_some() && !session.present.history;
        if upgrade && steps.is_empty() && !adopted {
            (self.on_event)(Event::Planned(vec![]));
            return Ok(Done::Planned(steps));
        }
        let preflight = Preflight::take(session, self.target).await?;
        if upgrade && session.present.refinery.is_none() && !steps.is_empty() {
            other_tools::refuse(self.target.service.as_str(), &preflight.other_tools)?;
        }
        self.refuse_waived(folder, &steps)?;
        let version_type = rows.version_type_for(folder);
        let versions: Vec<i64> = steps.iter().map(|step| step.row.version).collect();
        preflight.check(self.target, version_type, &versions)?;
        (self.on_event)(Event::Planned(steps.iter().map(MigrationStep::id).collect()));
        if self.options.execution == Execution::Dry {
            return Ok(Done::Planned(steps));
        }
        if upgrade && comparison.current.is_some() {
            self.warn(folder, &versions);
        }
        if upgrade || !steps.is_empty() {
            prepare(session, self.target, &preflight, version_type).await?;
        }
        let mut executor = Executor::new(session, &preflight, self.target, self.options, self.on_event);
        Ok(Done::Executed(execute(&mut executor, &steps).await))
    }

    fn steps<'f>(
        &self,
        folder: &'f MigrationFolder,
        rows: &HistoryRows,
        comparison: &Comparison,
    ) -> Result<Vec<MigrationStep<'f>>> {
        let refused =
            |refusal: PlanRefusal| refusal.into_error(&self.target.service, comparison.current, folder);
        match self.goal {
            Goal::Upgrade => {
                let versions =
                    plan_upgrade(comparison, self.options.to, self.options.order).map_err(refused)?;
                Ok(up_steps(folder, rows, &versions))
            }
            Goal::Downgrade(to) => {
                let versions = plan_downgrade(comparison, &rows.order, to).map_err(refused)?;
                down_steps(folder, rows, &versions).map_err(|problems| {
                    let mut error = refused_files(self.target.service.as_str(), &problems);
                    error.message = format!(
                        "{}: cannot downgrade: a down file is missing or invalid",
                        self.target.service
                    );
                    error
                })
            }
        }
    }

    /// A file with a waiver was applied before martydb came; it is never run.
    fn refuse_waived(&self, folder: &MigrationFolder, steps: &[MigrationStep<'_>]) -> Result<()> {
        let up = steps.iter().filter(|step| step.direction == Direction::Up);
        let migrations = up.filter_map(|step| folder.get(step.row.version));
        let waived: Vec<_> = migrations.flat_map(|migration| &migration.waived).collect();
        if waived.is_empty() { Ok(()) } else { Err(refused_files(self.target.service.as_str(), waived)) }
    }

    /// A database that has nothing applied has no sessions that could wait in a lock queue, so it gets no warning.
    fn warn(&self, folder: &MigrationFolder, versions: &[i64]) {
        let chosen = versions.iter().filter_map(|version| folder.get(*version));
        for finding in lint(chosen, &self.target.lint) {
            let name = folder.get(finding.version).map(|migration| migration.name.clone());
            let id = MigrationId { version: finding.version, name: name.unwrap_or_default() };
            (self.on_event)(Event::Warned(id, finding.to_string()));
        }
    }

    /// The highest version that is applied once these are applied, or undone.
    fn version_after(&self, rows: &HistoryRows, done: Vec<i64>) -> Option<i64> {
        let before = rows.order.iter().copied();
        match self.goal {
            Goal::Upgrade => before.chain(done).max(),
            Goal::Downgrade(_) => before.filter(|version| !done.contains(version)).max(),
        }
    }
}

enum Done<'f> {
    /// Nothing was run.
    Planned(Vec<MigrationStep<'f>>),
    Executed(Executed),
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
