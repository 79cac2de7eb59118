//! `seed.sql` of a service: rows for development, written as the owner in one transaction, without a record.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use super::batch::Batch;
use super::{Intent, MigrationSession, MigrationStep, Preflight, StepRun, Watcher};
use crate::files::{Direction, FileProblem, MigrationFile, Mode, judge, plain_file, refuse, refused_files};
use crate::history::AppliedRow;
use crate::report::{EventSender, REPEATABLE};
use crate::target::{MigrationTarget, Options};
use martydb_model::error::{Error, Result};

/// Runs a checked seed while no other run of migrations is in progress. Nothing of it is kept after an error.
///
/// # Errors
/// As [`run`](crate::run()).
#[martydb_pg::boxed]
pub async fn seed(
    target: &MigrationTarget,
    file: &MigrationFile,
    options: &Options,
    events: &EventSender,
) -> Result<()> {
    let row = AppliedRow { version: REPEATABLE, name: "seed".into(), checksum: String::new() };
    let step = MigrationStep { direction: Direction::Up, file: Cow::Borrowed(file), row, replaced: vec![] };
    let mut session = MigrationSession::open(target, Intent::Write, options.lock_wait, events).await?;
    let end = send(&mut session, &step, options).await;
    session.close().await;
    end.map_err(without_other_ways)
}

/// Reads a seed, and checks that it can run in one transaction.
///
/// # Errors
/// [`Kind::MigrationFile`](martydb_model::error::Kind::MigrationFile), with all problems of the file.
pub fn check_seed(service: &str, path: &Path) -> Result<MigrationFile> {
    let invalid = |error: Error| Error {
        message: format!("the seed of {service} is invalid"),
        ..without_other_ways(error)
    };
    let read = plain_file::bytes_of(path).and_then(|bytes| judge(path, bytes));
    let (file, problems) = read.map_err(|problem| invalid(refused_files(service, [&problem])))?;
    let refusing = problems.iter().filter(|problem| problem.refuses());
    refuse(service, refusing.chain(&unsuitable(path, &file))).map_err(invalid)?;
    Ok(file)
}

/// Waits until no other run of migrations is in progress.
///
/// # Errors
/// [`Kind::Locked`](martydb_model::error::Kind::Locked) at the end of the wait; else as [`run`](crate::run()).
pub async fn wait_for_other_runs(
    target: &MigrationTarget,
    options: &Options,
    events: &EventSender,
) -> Result<()> {
    match MigrationSession::open(target, Intent::Write, options.lock_wait, events).await {
        Ok(session) => {
            session.close().await;
            Ok(())
        }
        Err(none) if none.not_provisioned => Ok(()),
        Err(none) => Err(none.error),
    }
}

/// Replaces advice that is for migrations only.
fn without_other_ways(mut error: Error) -> Error {
    let is_other = |hint: &String| hint.contains("no-transaction") || hint.contains("martydb import");
    if error.hints.iter().any(is_other) {
        error.hints.retain(|hint| !is_other(hint));
        error.hints.push(
            "a seed is plain SQL in one transaction: `pg_dump --data-only --inserts` writes such a file"
                .into(),
        );
    }
    error
}

/// Returns the problem of a file that asks to run outside a transaction, or has nothing to run.
fn unsuitable(path: &Path, file: &MigrationFile) -> Vec<FileProblem> {
    let problem = |is: bool, what: &str, fix: &str| is.then(|| FileProblem::refused(path, what, fix));
    let is_outside = file.directives.mode == Mode::NoTransaction;
    let outside =
        problem(is_outside, "runs outside a transaction", "a seed is all or nothing: remove the directive");
    let empty = problem(file.statements.is_empty(), "has no statement", "write it, or remove the file");
    outside.into_iter().chain(empty).collect()
}

async fn send(session: &mut MigrationSession<'_>, step: &MigrationStep<'_>, options: &Options) -> Result<()> {
    let (preflight, watcher) = (&mut Preflight::run(session).await?, &Watcher::over(session));
    watcher.begin(step.id());
    let started = Instant::now();
    let mut run = StepRun { session, preflight, options, watcher, step, sent: None, attempts: 1, started };
    let batch = Batch::of_file(&run.frame(), &step.file, vec![]);
    let end = run.send(&batch.message).await;
    end.map_err(|(completed, response)| {
        let error = run.explain(&batch, completed, response);
        // A seed has no version, like a repeatable migration.
        Error { message: error.message.replacen("R__seed", "the seed", 1), ..error }
    })
}
