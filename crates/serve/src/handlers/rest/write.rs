//! Writes of rows: in one statement, which is a transaction of its own, where that is possible, and in several steps otherwise.

use std::borrow::Cow;
use std::sync::Arc;

use super::RowRequest;
use crate::answer::limits::ResultLimits;
use crate::answer::statement_rows::StepForm;
use crate::answer::{AnswerParts, HttpAnswer, StatementResult};
use crate::catalog::{ExposedRelation, ServedCatalog};
use crate::compile::{CompiledStatement, WrittenRows, lone_write_statement, write_statement};
use crate::error::{HttpError, HttpResult};
use crate::face::rest::{ReturnPreference, TransactionEnd};
use crate::plan::{PlannedTree, plan_tree};
use crate::request::{BodyForm, RowAction, RowQuery};
use crate::run::precondition::precondition;
use crate::run::records::{AuditedAction, operation};
use crate::run::{
    Handled, PreparedRequest, RequestContext, RequestEnd, RequestStep, RequestWork, SessionUse,
};
use crate::settings::{RequestLimits, ServedExposure};

/// A write of rows.
struct RowWrite {
    catalog: Arc<ServedCatalog>,
    planning: RequestLimits,
    schema: String,
    name: String,
    parts: AnswerParts,
    action: RowAction,
    form: BodyForm,
    limits: ResultLimits,
    /// `true` if the new row's key is recorded.
    records_key: bool,
    audited: AuditedAction,
}

impl RowWrite {
    /// Compiles the write as a step between others. Most writes are one statement, and do not need it.
    fn compiled(&self) -> HttpResult<CompiledStatement> {
        let relation = self.catalog.relation(&self.schema, &self.name)?;
        let query = &self.parts.query.rows;
        let tree = plan_tree(&self.catalog, &self.planning, relation, query, true)?;
        let locates = is_insert(&self.action)
            && (answers_location(&self.parts) || returns(&self.parts) && self.records_key);
        write_statement(&self.rows(relation, locates), &tree, self.form)
    }

    fn rows<'a>(&'a self, relation: &'a ExposedRelation, locates: bool) -> WrittenRows<'a> {
        WrittenRows {
            catalog: &self.catalog,
            relation,
            query: &self.parts.query.rows,
            action: &self.action,
            returns: returns(&self.parts),
            locates,
        }
    }

    /// Checks the number of rows that were changed.
    fn affected(&self, result: StatementResult) -> HttpResult<StatementResult> {
        if matches!(self.action, RowAction::Put { .. }) && result.rows != 1 {
            let message = "Payload values do not match URL in primary key column(s)";
            return Err(HttpError::new(400, "PGRST115", message));
        }
        self.limits.check(result)
    }

    /// Compiles a write that can be a transaction of its own: it runs nothing but PostgreSQL's code, needs no setting, and nothing is
    /// checked between the statement and COMMIT. `None` if it takes several steps.
    fn single(
        &self,
        context: &RequestContext,
        relation: &ExposedRelation,
        tree: &PlannedTree<'_>,
    ) -> HttpResult<Option<CompiledStatement>> {
        let preferences = &self.parts.preferences;
        let takes_steps = !context.settings.is_empty()
            || context.records.idempotency().is_some()
            || self.limits.is_single
            || matches!(self.action, RowAction::Put { .. })
            || preferences.max_affected.is_some()
            || preferences.end == Some(TransactionEnd::Rollback);
        if takes_steps {
            return Ok(None);
        }
        let is_insert = is_insert(&self.action);
        let rows = self.rows(relation, is_insert && answers_location(&self.parts));
        let filters = context.records.key(&self.parts.query.canonical);
        let filters = (!is_insert).then_some(filters.as_str());
        let record = context.records.row(&self.audited.collection, self.audited.operation, filters);
        let compiled = lone_write_statement(&rows, tree, self.form, record.as_ref())?;
        Ok(Some(compiled).filter(|compiled| !compiled.runs_code))
    }

    fn step<'a>(&self, compiled: CompiledStatement) -> RequestStep<'a> {
        RequestStep {
            compiled: Cow::Owned(compiled),
            form: StepForm::Body(self.form),
            action: Some(self.audited.clone()),
            check: Box::new(Ok),
        }
    }
}

impl RequestWork for RowWrite {
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        if !done.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.step(self.compiled()?).checked(|result| self.affected(result))))
    }

    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        let mut result = done.into_iter().next().unwrap_or_default();
        if !answers_location(&self.parts) {
            result.location = None;
        }
        Ok(self.parts.overridden(result, |result| self.parts.written(&self.action, result)))
    }
}

fn is_insert(action: &RowAction) -> bool {
    matches!(action, RowAction::Insert { .. })
}

fn answers_location(parts: &AnswerParts) -> bool {
    parts.preferences.returns == Some(ReturnPreference::HeadersOnly)
}

fn returns(parts: &AnswerParts) -> bool {
    matches!(
        parts.preferences.returns,
        Some(ReturnPreference::Representation | ReturnPreference::HeadersOnly)
    )
}

/// Rejects a change of all rows: a filter was forgotten.
fn check_filtered(exposure: &ServedExposure, query: &RowQuery, action: &RowAction) -> HttpResult<()> {
    let changes = matches!(action, RowAction::Update { .. } | RowAction::Delete);
    if !changes || exposure.unfiltered_writes || query.root_filters().next().is_some() {
        return Ok(());
    }
    let message = "a change of all rows needs a filter";
    Err(HttpError::new(400, "21000", message)
        .hint("a condition that all rows fulfil, such as id=not.is.null"))
}

impl<'a> RowRequest<'a, '_> {
    /// Prepares a write.
    pub(super) fn write(
        &self,
        context: RequestContext,
        parts: AnswerParts,
        action: RowAction,
    ) -> HttpResult<Handled<'a>> {
        let exposure = &context.service.exposure;
        let (limits, relation, query) = (&exposure.limits, self.relation, &parts.query.rows);
        let precondition = match action {
            RowAction::Update { .. } | RowAction::Put { .. } | RowAction::Delete => {
                precondition(self.catalog, limits, relation, query, self.request, self.media)?
            }
            _ => None,
        };
        check_filtered(exposure, query, &action)?;
        let preferences = &parts.preferences;
        let shows = preferences.returns == Some(ReturnPreference::Representation);
        let changes = matches!(action, RowAction::Update { .. } | RowAction::Delete);
        let most = preferences.max_affected.filter(|_| changes && preferences.strict == Some(true));
        let rolls_back = preferences.end == Some(TransactionEnd::Rollback);
        let audited = AuditedAction {
            operation: operation(&action),
            collection: self.collection(),
            key: Some(parts.query.canonical.clone()),
            is_new: is_insert(&action),
            writes: true,
            rows: 0,
        };
        let write = RowWrite {
            catalog: self.catalog.clone(),
            planning: limits.clone(),
            schema: relation.schema.clone(),
            name: relation.name.clone(),
            form: if shows { self.media.form } else { BodyForm::Nothing },
            limits: ResultLimits::new(self.media.form, most, limits.answer()),
            records_key: exposure.records.writes,
            parts,
            action,
            audited,
        };
        let single = match &precondition {
            None => write.single(&context, relation, self.tree)?.map(|compiled| write.step(compiled)),
            Some(_) => None,
        };
        let mut session = SessionUse::new(true);
        if rolls_back {
            session.end = RequestEnd::RollBack { checks_constraints: true };
        }
        Ok(PreparedRequest { single, precondition, ..PreparedRequest::new(context, session, write) }.into())
    }
}
