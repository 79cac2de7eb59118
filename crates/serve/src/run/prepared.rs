//! A request that is ready to run, as a value: its statements, one after the other, and the session that they need.

use std::borrow::Cow;
use std::sync::Arc;

use super::session_use::SessionUse;
use super::transaction::TransactionSettings;
use crate::answer::statement_rows::StepForm;
use crate::answer::{HttpAnswer, StatementResult};
use crate::callers::{ANONYMOUS, RequestCaller, ServeCaller};
use crate::compile::CompiledStatement;
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::face::rest::Preferences;
use crate::run::cache::CacheRequest;
use crate::run::open_transactions::TakenTransaction;
use crate::run::precondition::Precondition;
use crate::run::read_preference::ReadPreference;
use crate::run::records::{AuditedAction, RequestRecords};
use crate::run::service::ServedService;
use crate::session::{DatabaseError, LoginPool};

/// Service and caller of a request, with its records and its settings.
pub(crate) struct RequestContext {
    pub service: Arc<ServedService>,
    pub caller: Arc<ServeCaller>,
    pub records: RequestRecords,
    pub settings: TransactionSettings,
}

impl RequestContext {
    /// Returns the context of a request.
    pub(crate) fn new(
        service: &Arc<ServedService>,
        caller: &RequestCaller,
        request: &RestRequest,
        preferences: &Preferences,
    ) -> HttpResult<RequestContext> {
        let exposure = &service.exposure;
        Ok(RequestContext {
            service: service.clone(),
            caller: caller.identity.clone(),
            records: RequestRecords::new(exposure, caller, request)?,
            settings: TransactionSettings::new(exposure, caller, preferences),
        })
    }

    /// Returns the answer to an error of the database.
    pub(crate) fn error(&self, error: &DatabaseError) -> HttpError {
        let answer = error.answer(self.caller.name != ANONYMOUS, true);
        if error.is_time_limit() {
            return answer.of_time_limit(self.service.exposure.limits.timeout);
        }
        answer.without_hidden(|name| self.service.exposes(name))
    }

    /// Returns the pool of the caller's login that writes, or of the one that reads.
    pub(crate) fn pool(&self, as_writer: bool) -> HttpResult<&LoginPool> {
        self.service.pool_of(&self.caller, as_writer)
    }
}

/// Check of a result, which may write it in another form.
pub(super) type StepCheck<'a> =
    Box<dyn FnOnce(StatementResult) -> HttpResult<StatementResult> + Send + Sync + 'a>;

/// A statement of a request.
pub(crate) struct RequestStep<'a> {
    pub(crate) compiled: Cow<'a, CompiledStatement>,
    pub form: StepForm,
    /// Action for cost, statistics and audit; `None` for a statement that only helps to answer.
    pub action: Option<AuditedAction>,
    pub check: StepCheck<'a>,
}

impl<'a> RequestStep<'a> {
    /// Makes a step without a check.
    pub(crate) fn new(
        compiled: &'a CompiledStatement,
        form: StepForm,
        action: Option<AuditedAction>,
    ) -> RequestStep<'a> {
        RequestStep { compiled: Cow::Borrowed(compiled), form, action, check: Box::new(Ok) }
    }

    /// Adds the check of its result.
    #[must_use]
    pub(crate) fn checked(
        mut self,
        check: impl FnOnce(StatementResult) -> HttpResult<StatementResult> + Send + Sync + 'a,
    ) -> RequestStep<'a> {
        self.check = Box::new(check);
        self
    }

    /// Returns `true` if its cost is limited: a question to the planner runs nothing.
    pub(crate) fn has_cost(&self) -> bool {
        self.action.is_some() && !matches!(self.form, StepForm::Plan)
    }
}

/// Statements of a request, and its answer. It decides and does nothing, so that a request can be repeated.
pub(crate) trait RequestWork: Send + Sync {
    /// Returns the statement behind those with these results; `None` behind the last one.
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>>;

    /// Returns the answer to these results.
    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer>;

    /// Names the step in its error.
    fn explain(&self, _step: usize, error: HttpError) -> HttpError {
        error
    }
}

/// A request that is ready to run.
pub(crate) struct PreparedRequest<'a> {
    pub(crate) context: Arc<RequestContext>,
    pub session: SessionUse,
    /// Write that is a transaction of its own. Where it is not possible, the steps are taken.
    pub(crate) single: Option<RequestStep<'a>>,
    pub(crate) precondition: Option<Precondition>,
    pub replica: Option<ReadPreference>,
    pub cache: Option<CacheRequest>,
    /// Repetitions after a conflict with another transaction.
    pub(crate) repetitions: u32,
    /// Transaction of several requests that this one is a part of.
    pub(crate) held: Option<TakenTransaction>,
    pub(crate) work: Box<dyn RequestWork + 'a>,
}

impl<'a> PreparedRequest<'a> {
    /// Makes a request of steps alone.
    pub(crate) fn new(context: RequestContext, session: SessionUse, work: impl RequestWork + 'a) -> Self {
        PreparedRequest {
            context: Arc::new(context),
            session,
            single: None,
            precondition: None,
            replica: None,
            cache: None,
            repetitions: 0,
            held: None,
            work: Box::new(work),
        }
    }
}

/// End of a handler: an answer that needs no session of the caller, or a request for the runner.
pub(crate) enum Handled<'a> {
    Answered(HttpAnswer),
    Prepared(Box<PreparedRequest<'a>>),
}

impl<'a> From<PreparedRequest<'a>> for Handled<'a> {
    fn from(prepared: PreparedRequest<'a>) -> Handled<'a> {
        Handled::Prepared(Box::new(prepared))
    }
}

impl Handled<'_> {
    /// Runs the request, and returns its answer.
    pub(crate) async fn answer(self) -> HttpResult<HttpAnswer> {
        match self {
            Handled::Answered(answer) => Ok(answer),
            Handled::Prepared(prepared) => prepared.run().await,
        }
    }
}
