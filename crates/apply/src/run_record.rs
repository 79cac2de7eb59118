//! The record of runs: a row in `martydb.record` of a server's maintenance database for each run that changed, or failed at,
//! something there.
//!
//! The row is written before the first change and ended after the last: a killed run has no end. The database may hold
//! objects of unmanaged roles, so the table is examined under a lock that keeps it as it is, in the transaction that writes. A
//! record that cannot be written is never a reason to fail the run.

mod facts;
mod failure;
mod list;
mod statements;

use std::time::Duration;

use tokio::sync::Mutex;

use facts::bounded;
use failure::failure_note;
use martydb_catalog::inspect;
use martydb_migrate::Operator;
use martydb_model::error::{Error, Result};
use martydb_model::hex;
use martydb_model::sql::{Statement, stmt};
use martydb_model::{DesiredServer, RecordPlace, sqlstate};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, Connection, conflicts, execute, execute_protected, query_as};

pub use facts::RunFacts;
pub use list::{RecordedRun, RecordedRuns, recorded};

/// Attempts to write, while other runs make the table or change it.
const RETRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// The row of a run on one server.
pub struct RunRecord {
    access: Access,
    facts: RunFacts,
    services: Vec<String>,
    /// `true` if the admin's own database is a service's, which belongs to that service.
    is_services: bool,
    state: Mutex<RowState>,
}

enum RowState {
    /// Nothing was changed.
    Clean,
    /// Identifier of the row.
    Begun(String),
    /// The row could not be written.
    Unwritten,
}

impl RunRecord {
    pub fn new(
        access: &Access,
        desired: &DesiredServer,
        facts: RunFacts,
        services: Vec<String>,
    ) -> RunRecord {
        let is_services = desired.owning_service(&access.maintenance).is_some();
        RunRecord { access: access.clone(), facts, services, is_services, state: Mutex::new(RowState::Clean) }
    }

    /// Writes the row, if it is not there: called before each change.
    #[martydb_pg::boxed]
    pub async fn begin(&self) {
        let mut state = self.state.lock().await;
        if !matches!(*state, RowState::Clean) {
            return;
        }
        *state = match self.begun().await {
            Ok(Some(id)) => RowState::Begun(id),
            Ok(None) => RowState::Unwritten,
            Err(error) => {
                self.warn(&error);
                RowState::Unwritten
            }
        };
    }

    /// Ends the row, if the run began one. `note` is what was done.
    #[martydb_pg::boxed]
    pub async fn end(&self, end: Result<&str, &Error>) {
        let state = self.state.lock().await;
        let RowState::Begun(id) = &*state else { return };
        let (outcome, note) = match end {
            Ok(note) => ("ok", note.to_owned()),
            Err(error) => ("failed", failure_note(error)),
        };
        let ended = statements::end(id, outcome, &bounded(&note));
        if let Err(error) = self.written(&[ended], false).await {
            self.warn(&error);
        }
    }

    fn warn(&self, error: &Error) {
        let server = &self.access.server;
        tracing::warn!(target: "martydb", "warning: server \"{server}\": this run is not in its record: {}", error.message);
    }

    async fn begun(&self) -> Result<Option<String>> {
        if self.is_services {
            return Ok(None);
        }
        let id = identifier()?;
        let operator = Operator::current();
        let row =
            statements::NewRow { id: &id, facts: &self.facts, services: &self.services, operator: &operator };
        let written = self.written(&[row.insert(), statements::expire()], true).await?;
        Ok(written.then_some(id))
    }

    /// Runs the statements in one transaction with the examination of the table, which is made first if it `may` be.
    /// Returns `false` without a place for the record, which `plan` and `doctor` report.
    async fn written(&self, statements: &[Statement], may: bool) -> Result<bool> {
        let mut session = self.access.write(&self.access.maintenance).await?;
        let mut backoff = Backoff::tries(RETRIES, FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match attempt(&mut session, statements, may).await {
                Err(error) if is_conflict(&error) => {
                    execute_protected(&mut session, &stmt!("ROLLBACK")).await?;
                    if !backoff.wait().await {
                        return Err(error);
                    }
                }
                end => {
                    session.close().await;
                    return end;
                }
            }
        }
    }
}

/// Returns `true` if another session made or changed the table at the same time.
fn is_conflict(error: &Error) -> bool {
    conflicts::needs_replan(error)
        || error
            .sqlstate
            .as_deref()
            .is_some_and(|state| [sqlstate::LOCK_NOT_AVAILABLE, sqlstate::UNDEFINED_TABLE].contains(&state))
}

async fn attempt(session: &mut Connection, statements: &[Statement], may: bool) -> Result<bool> {
    match inspect::run_record(session).await?.place() {
        RecordPlace::Ready => execute(session, &Statement::join(statements::locked())).await.map(drop)?,
        RecordPlace::ToMake { schema } if may => made(session, schema).await?,
        RecordPlace::ToMake { .. } | RecordPlace::NotAllowed | RecordPlace::Foreign(_) => return Ok(false),
    }
    // From here on no other session can change the table.
    if inspect::run_record(session).await?.place() != RecordPlace::Ready {
        execute_protected(session, &stmt!("ROLLBACK")).await?;
        return Ok(false);
    }
    let all = statements.iter().cloned().chain([stmt!("COMMIT")]);
    execute(session, &Statement::join(all)).await.map(|_| true)
}

/// Makes the table in an open transaction, for the admin alone: default privileges may have given it to others.
async fn made(session: &mut Connection, schema: bool) -> Result<()> {
    execute(session, &Statement::join(statements::make(schema))).await?;
    let holders: Vec<(String, Option<String>)> = query_as(session, &statements::holders()).await?;
    let revokes: Vec<Statement> =
        holders.into_iter().map(|(kind, role)| statements::revoke(&kind, role)).collect();
    if revokes.is_empty() {
        return Ok(());
    }
    execute(session, &Statement::join(revokes)).await.map(drop)
}

fn identifier() -> Result<String> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random).map_err(|error| Error::operation("no random numbers").cause(error))?;
    Ok(hex::encode(random))
}
