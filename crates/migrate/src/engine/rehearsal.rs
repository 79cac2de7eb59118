//! Rehearsal: runs pending files in one transaction that is always rolled back, and reports each file's
//! duration, locks and table rewrites, and the first failure.
//!
//! Nothing is written outside that transaction: no history row, no table of martydb. Effects that PostgreSQL
//! does not roll back (the values of sequences, statements sent by `dblink`) stay. Locks are held until the end
//! of the transaction.

mod effects;

use std::time::Instant;

use effects::{ACCESS_EXCLUSIVE, Relations};

use super::batch::{Batch, BatchPart, MigrationStep};
use super::executor::StepRun;
use super::preflight::Preflight;
use super::session::MigrationSession;
use super::watch::Watcher;
use crate::files::Mode;
use crate::report::{Event, RehearsedMigration, SkippedMigration};
use crate::target::Options;
use martydb_model::error::Result;
use martydb_model::sql::stmt;
use martydb_model::sqlstate;
use martydb_pg::server::{ErrorResponse, execute_protected};
use martydb_sql::{Lexer, TokenKind, bare};

/// Result of a rehearsal, filled in on failure too.
#[derive(Debug, Default)]
pub(crate) struct Rehearsal {
    pub rehearsed: Vec<RehearsedMigration>,
    pub skipped: Vec<SkippedMigration>,
}

struct RehearsalStage<'r, 's> {
    session: &'r mut MigrationSession<'s>,
    preflight: &'r mut Preflight,
    options: &'r Options,
    watcher: Watcher,
    relations: Relations,
}

/// Rehearses the steps in order, up to the first that fails or cannot run in one transaction with the others.
///
/// # Errors
/// The first failure of a file, with its position.
pub(crate) async fn rehearse(
    session: &mut MigrationSession<'_>,
    preflight: &mut Preflight,
    options: &Options,
    steps: &[MigrationStep<'_>],
    found: &mut Rehearsal,
) -> Result<()> {
    let results = session.query([stmt!("BEGIN"), Relations::query_sql()]).await?;
    let rows = results.last().map(Vec::as_slice).unwrap_or_default();
    let relations = Relations::read(rows)?;
    let watcher = Watcher::over(session);
    let mut stage = RehearsalStage { session, preflight, options, watcher, relations };
    let end = stage.each(steps, found).await;
    let undone = execute_protected(&mut stage.session.connection, &stmt!("ROLLBACK")).await;
    end.map_err(|error| error.hint("this was a rehearsal: everything was rolled back"))?;
    undone
}

impl RehearsalStage<'_, '_> {
    async fn each(&mut self, steps: &[MigrationStep<'_>], found: &mut Rehearsal) -> Result<()> {
        for (at, step) in steps.iter().enumerate() {
            let reason = match step.file.directives.mode {
                Mode::NoTransaction => Some("it runs outside a transaction".to_owned()),
                Mode::Transaction => self.one(step, found).await?,
            };
            if let Some(reason) = reason {
                found.skipped = skipped(&steps[at..], &reason);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Runs one file. Returns `Ok(Some(reason))` if it cannot run in one transaction with those before it.
    async fn one(&mut self, step: &MigrationStep<'_>, found: &mut Rehearsal) -> Result<Option<String>> {
        self.session.events.send(Event::Started(step.id()));
        self.watcher.begin(step.id());
        let started = Instant::now();
        let (session, preflight, options) = (&mut *self.session, &mut *self.preflight, self.options);
        let watcher = &self.watcher;
        let mut run =
            StepRun { session, preflight, options, watcher, step, sent: None, attempts: 1, started };
        let batch = Batch::rehearsal(&run.frame(), &step.file);
        if let Err((completed, response)) = run.send(&batch.message).await {
            if uses_earlier_enum_value(step, &response) {
                let reason =
                    "it uses an enum value that an earlier pending file adds, which one transaction cannot";
                return Ok(Some(reason.into()));
            }
            debug_assert!(batch.part(completed) != BatchPart::Commit, "a rehearsal has no COMMIT");
            return Err(run.explain(&batch, completed, response));
        }
        self.watcher.end();
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let id = step.id();
        self.session.events.send(Event::Rehearsed(id.clone()));
        found.rehearsed.push(self.effects(id.version, id.name, duration_ms).await?);
        Ok(None)
    }

    async fn effects(&mut self, version: i64, name: String, duration_ms: u64) -> Result<RehearsedMigration> {
        let results = self.session.query(Relations::effects_asked()).await?;
        let rows = |at: usize| results.get(at).map(Vec::as_slice).unwrap_or_default();
        let locks = self.relations.locks(rows(0))?;
        let rewritten = self.relations.rewritten(rows(1))?;
        let mut rewrites = vec![];
        if !rewritten.is_empty() {
            let sizes = self.session.query([Relations::sizes_asked(&rewritten)]).await?;
            let sizes = sizes.first().map(Vec::as_slice).unwrap_or_default();
            rewrites = self.relations.rewrites(sizes)?;
        }
        let has_standbys = self.session.target.lint.has_standbys;
        let exclusive = locks.iter().filter(|lock| has_standbys && lock.mode == ACCESS_EXCLUSIVE);
        let standby_conflicts = exclusive.map(|lock| lock.relation.clone()).collect();
        Ok(RehearsedMigration { version, name, duration_ms, locks, standby_conflicts, rewrites })
    }
}

fn skipped(steps: &[MigrationStep<'_>], reason: &str) -> Vec<SkippedMigration> {
    let first = steps.first().map(|step| step.row.version).unwrap_or_default();
    let one = |(at, step): (usize, &MigrationStep<'_>)| SkippedMigration {
        version: step.row.version,
        name: step.row.name.clone(),
        reason: if at == 0 {
            reason.into()
        } else {
            format!("it comes after V{first}, which was not rehearsed")
        },
    };
    steps.iter().enumerate().map(one).collect()
}

/// Returns `true` for the use of an enum value that an earlier file added: PostgreSQL rejects it in the
/// transaction that adds the value. The real run commits between the two files and succeeds.
fn uses_earlier_enum_value(step: &MigrationStep<'_>, response: &ErrorResponse) -> bool {
    response.sqlstate.as_deref() == Some(sqlstate::UNSAFE_NEW_ENUM_VALUE_USAGE)
        && !step.file.texts().any(adds_enum_value)
}

fn adds_enum_value(statement: &str) -> bool {
    let words = Lexer::new(statement).filter(|token| token.kind == TokenKind::Word);
    let words: Vec<String> = words.map(|token| bare(&statement[token.start..token.end])).collect();
    words.windows(2).any(|pair| pair == ["add", "value"])
}
