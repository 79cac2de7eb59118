//! Operations in a session.

use super::call::ApiCall;
use super::prepare::OperationPlanner;
use super::prepared::{OperationOutcome, PreparedOperation};
use crate::face::api::ApiOperation;
use crate::face::rest::ReturnWish;
use crate::fault::Served;
use crate::serving::answer::StatementResult;
use crate::serving::cost::check_cost;
use crate::serving::records::{AuditedAction, key_of};
use crate::session::{DatabaseFault, LoginSession};

/// An operation that was done: what it was, and its result.
pub struct DoneOperation {
    pub prepared: PreparedOperation,
    pub result: StatementResult,
}

impl ApiCall<'_> {
    /// Returns the planner of operations.
    pub fn planner(&self) -> OperationPlanner<'_> {
        OperationPlanner {
            catalog: &self.catalog,
            limits: &self.service.exposure.limits,
            cursors: &self.service.cursors,
            schema: &self.schema,
            ids: &self.service.ids,
            returns: self.preferences.returns != Some(ReturnWish::Minimal),
        }
    }

    /// Prepares an operation.
    pub fn prepare(&self, operation: &ApiOperation) -> Served<PreparedOperation> {
        self.planner().prepare(operation)
    }

    /// Runs an operation, and records it if it writes; a read too where the transaction may write.
    pub async fn execute(
        &self,
        session: &mut LoginSession,
        prepared: PreparedOperation,
        may_write: bool,
    ) -> Result<Served<DoneOperation>, DatabaseFault> {
        // A question to the planner runs nothing.
        if prepared.outcome != OperationOutcome::Planned
            && let Err(fault) =
                check_cost(self.service, &self.caller.caller, session, &prepared.compiled).await?
        {
            return Ok(Err(fault));
        }
        let login = self.service.login_of(&self.caller.caller, prepared.writes || may_write);
        let subject = (prepared.word, prepared.relation.as_str());
        let timed = self.service.timed(login, subject, &prepared.compiled);
        let rows = session.query(&prepared.compiled).await?;
        let result = prepared.result(&rows);
        timed.end(result.as_ref().map_or(0, |result| result.rows));
        let result = match result {
            Ok(result) => result,
            Err(fault) => return Ok(Err(fault)),
        };
        match (prepared.writes, may_write) {
            (true, _) => self.records.wrote(session, &audited(&prepared, &result)).await?,
            (false, true) => self.records.read_within(session, &audited(&prepared, &result)).await?,
            (false, false) => {}
        }
        Ok(Ok(DoneOperation { prepared, result }))
    }
}

/// Returns the audit's row of an operation.
pub fn audited(prepared: &PreparedOperation, result: &StatementResult) -> AuditedAction {
    AuditedAction {
        operation: prepared.word,
        collection: prepared.relation.clone(),
        key: if prepared.word == "insert" { key_of(result) } else { prepared.filters.clone() },
        rows: result.rows,
    }
}
