//! Writes that are one statement and a transaction of their own: neither BEGIN nor COMMIT is awaited.

use super::RestCall;
use crate::compile::{CompiledStatement, WITHOUT_ANSWER, WrittenRows, lone_write_statement};
use crate::face::rest::TransactionEnd;
use crate::fault::Served;
use crate::plan::PlannedTree;
use crate::request::{BodyForm, RowAction};
use crate::serving::answer::{HttpAnswer, StatementResult};
use crate::serving::cost::check_cost;
use crate::serving::records::operation;
use crate::serving::transaction::TransactionSettings;
use crate::session::{DatabaseFault, LoginSession};

impl RestCall<'_> {
    /// Compiles a write that can be a transaction of its own: it runs nothing but PostgreSQL's code, needs no setting, and nothing is
    /// checked between the statement and COMMIT. `None` if it takes several steps.
    pub(super) fn lone_write(
        &self,
        write: &WrittenRows<'_>,
        tree: &PlannedTree<'_>,
        form: BodyForm,
        filters: &str,
    ) -> Served<Option<CompiledStatement>> {
        if !tree.is_plain_to_write() || self.takes_steps(write.action) {
            return Ok(None);
        }
        let is_insert = matches!(write.action, RowAction::Insert { .. });
        let write = WrittenRows { locates: is_insert && self.answers_location(), ..*write };
        let collection = format!("{}.{}", self.relation.schema, self.relation.name);
        let filters = self.records.key(filters);
        let filters = (!is_insert).then_some(filters.as_str());
        let record = self.records.row(&collection, operation(write.action), filters);
        lone_write_statement(&write, tree, form, record.as_ref()).map(Some)
    }

    fn takes_steps(&self, action: &RowAction) -> bool {
        let settings = TransactionSettings::of(self.exposure(), self.caller, self.preferences);
        !settings.is_empty()
            || self.records.keeps_answer()
            || self.precondition.is_some()
            || self.is_single()
            || matches!(action, RowAction::Put { .. })
            || self.preferences.max_affected.is_some()
            || self.preferences.end == Some(TransactionEnd::Rollback)
    }

    /// Writes. `None` if nothing is done, and only the several steps can tell why.
    pub(super) async fn write_alone(
        &self,
        session: &mut LoginSession,
        action: &RowAction,
        compiled: &CompiledStatement,
        answer: &(dyn Fn(StatementResult) -> HttpAnswer + Sync),
    ) -> Option<Result<Served<HttpAnswer>, DatabaseFault>> {
        session.writes_plainly();
        match self.wrote_alone(session, action, compiled).await {
            Ok(result) => Some(Ok(result.map(answer))),
            Err(fault) if is_ambiguous(&fault) => None,
            // The statement is rolled back, and the session as it was.
            Err(fault) if fault.sqlstate().is_some() => Some(Ok(Err(self.answer_of(&fault)))),
            Err(fault) => Some(Err(fault)),
        }
    }

    async fn wrote_alone(
        &self,
        session: &mut LoginSession,
        action: &RowAction,
        compiled: &CompiledStatement,
    ) -> Result<Served<StatementResult>, DatabaseFault> {
        match check_cost(self.service, &self.caller.caller, session, compiled).await? {
            Ok(()) => self.timed(session, action, compiled, true).await,
            Err(fault) => Ok(Err(fault)),
        }
    }
}

/// Returns `true` if the error may be about the record, or the answer's size, and not about the rows: of a privilege, a name, a mode.
fn is_ambiguous(fault: &DatabaseFault) -> bool {
    let is_named = |state: &str| ["42", "3F", "25"].iter().any(|class| state.starts_with(class));
    fault.sqlstate().is_some_and(is_named)
        || fault.message().is_some_and(|text| text.contains(WITHOUT_ANSWER))
}
