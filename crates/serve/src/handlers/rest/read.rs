//! Reads of rows.

use super::RowRequest;
use crate::answer::etag::conditional;
use crate::answer::limits::ResultLimits;
use crate::answer::statement_rows::StepForm;
use crate::answer::{AnswerParts, HttpAnswer, StatementResult};
use crate::compile::{CompiledStatement, planned_statement, read_statement};
use crate::error::HttpResult;
use crate::face::http_request::RestRequest;
use crate::face::rest::CountPreference;
use crate::request::{BodyForm, RowRange};
use crate::run::cache::{CacheRequest, CacheSubject};
use crate::run::read_preference::ReadPreference;
use crate::run::records::AuditedAction;
use crate::run::{Handled, PreparedRequest, RequestContext, RequestStep, RequestWork, SessionUse};

/// A read of rows, and the planner's number of them where it is asked for.
struct RowRead<'a> {
    request: &'a RestRequest,
    parts: AnswerParts,
    compiled: CompiledStatement,
    form: BodyForm,
    limits: ResultLimits,
    range: RowRange,
    /// Number of rows up to which they are counted.
    counted: i64,
    planned: Option<CompiledStatement>,
    action: AuditedAction,
}

impl RequestWork for RowRead<'_> {
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        let form = StepForm::Body(self.form);
        Ok(match (done, &self.planned) {
            ([], _) => {
                let step = RequestStep::new(&self.compiled, form, Some(self.action.clone()));
                Some(step.checked(|result| self.limits.check(result)))
            }
            ([_], Some(planned)) => Some(RequestStep::new(planned, StepForm::Plan, None)),
            _ => None,
        })
    }

    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        let mut done = done.into_iter();
        let mut result = done.next().unwrap_or_default();
        if let Some(planned) = done.next() {
            let exact = result.total.filter(|total| *total <= self.counted);
            result.total = exact.or(planned.total.max(result.total));
        }
        let read = |result| self.parts.read(result, self.range, self.request.method == "HEAD");
        Ok(conditional(self.request, self.parts.overridden(result, read)))
    }
}

impl<'a> RowRequest<'a, '_> {
    /// Prepares a read.
    pub(super) fn read(&self, context: RequestContext, parts: AnswerParts) -> HttpResult<Handled<'a>> {
        let limits = &context.service.exposure.limits;
        let checks = ResultLimits::new(self.media.form, None, limits.answer());
        let without_body = self.request.method == "HEAD" && !checks.is_single;
        let form = if without_body { BodyForm::Nothing } else { self.media.form };
        let counts = match parts.preferences.count {
            Some(CountPreference::Exact) => Some(None),
            Some(CountPreference::Estimated) => Some(Some(limits.rows() + 1)),
            Some(CountPreference::Planned) | None => None,
        };
        let compiled = read_statement(self.catalog, self.tree, form, counts)?;
        let estimates =
            matches!(parts.preferences.count, Some(CountPreference::Planned | CountPreference::Estimated));
        let planned = if estimates { planned_statement(self.catalog, self.tree).ok() } else { None };
        let replica = ReadPreference::from_request(&context.service, self.request)?;
        let cache = match (estimates, replica) {
            // The planner, and a replica, may have another answer.
            (true, _) | (_, Some(_)) => None,
            _ => self.cache_request(&context, form, &compiled),
        };
        let filters = Some(parts.query.canonical.clone()).filter(|filters| !filters.is_empty());
        let action = AuditedAction {
            operation: "read",
            collection: self.collection(),
            key: filters,
            ..AuditedAction::default()
        };
        let work = RowRead {
            request: self.request,
            parts,
            compiled,
            form,
            limits: checks,
            range: self.tree.range,
            counted: limits.rows(),
            planned,
            action,
        };
        let session = SessionUse::new(false);
        Ok(PreparedRequest { replica, cache, ..PreparedRequest::new(context, session, work) }.into())
    }

    fn cache_request(
        &self,
        context: &RequestContext,
        form: BodyForm,
        compiled: &CompiledStatement,
    ) -> Option<CacheRequest> {
        let login = context.service.login_of(&context.caller, false);
        let subject = CacheSubject { login, settings: &context.settings, form, compiled };
        CacheRequest::new(self.catalog, self.tree.cached(self.catalog), &subject)
    }
}
