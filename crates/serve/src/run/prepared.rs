//! A request that is ready to run, as a value: its statements, one after the other, and the session that they need.

use std::borrow::Cow;
use std::sync::Arc;

use super::session_use::SessionUse;
use super::transaction::TransactionSettings;
use crate::answer::result::StepForm;
use crate::answer::{HttpAnswer, StatementResult};
use crate::callers::{ANONYMOUS, RequestCaller, ServeCaller};
use crate::compile::CompiledStatement;
use crate::face::http_request::RestRequest;
use crate::face::rest::Preferences;
use crate::fault::{RequestFault, Served};
use crate::run::cache::CacheWish;
use crate::run::open_transactions::TakenTransaction;
use crate::run::precondition::Precondition;
use crate::run::read_preference::ReadPreference;
use crate::run::records::{AuditedAction, RequestRecords};
use crate::run::service::ServedService;
use crate::session::{DatabaseFault, LoginPool};

/// Service and caller of a request, with its records and its settings.
pub struct RequestContext {
    pub service: Arc<ServedService>,
    pub caller: Arc<ServeCaller>,
    pub records: RequestRecords,
    pub settings: TransactionSettings,
}

impl RequestContext {
    /// Returns the context of a request.
    pub fn of(
        service: &Arc<ServedService>,
        caller: &RequestCaller,
        request: &RestRequest,
        preferences: &Preferences,
    ) -> Served<RequestContext> {
        let exposure = &service.exposure;
        Ok(RequestContext {
            service: service.clone(),
            caller: caller.caller.clone(),
            records: RequestRecords::of(exposure, caller, request)?,
            settings: TransactionSettings::of(exposure, caller, preferences),
        })
    }

    /// Returns the answer to a fault of the database.
    pub fn fault(&self, fault: &DatabaseFault) -> RequestFault {
        fault.answer(self.caller.name != ANONYMOUS, true)
    }

    /// Returns the pool of the caller's login that writes, or of the one that reads.
    pub fn pool(&self, as_writer: bool) -> Served<&LoginPool> {
        self.service.pool_of(&self.caller, as_writer)
    }
}

/// Check of a result, which may write it in another form.
pub type StepCheck<'a> = Box<dyn FnOnce(StatementResult) -> Served<StatementResult> + Send + Sync + 'a>;

/// A statement of a request.
pub struct Step<'a> {
    pub compiled: Cow<'a, CompiledStatement>,
    pub form: StepForm,
    /// Action for cost, statistics and audit; `None` for a statement that only helps to answer.
    pub action: Option<AuditedAction>,
    pub check: StepCheck<'a>,
}

impl<'a> Step<'a> {
    /// Makes a step without a check.
    pub fn new(compiled: &'a CompiledStatement, form: StepForm, action: Option<AuditedAction>) -> Step<'a> {
        Step { compiled: Cow::Borrowed(compiled), form, action, check: Box::new(Ok) }
    }

    /// Adds the check of its result.
    #[must_use]
    pub fn checked(
        mut self,
        check: impl FnOnce(StatementResult) -> Served<StatementResult> + Send + Sync + 'a,
    ) -> Step<'a> {
        self.check = Box::new(check);
        self
    }

    /// Returns `true` if its cost is limited: a question to the planner runs nothing.
    pub fn has_cost(&self) -> bool {
        self.action.is_some() && !matches!(self.form, StepForm::Plan)
    }
}

/// Statements of a request, and its answer. It decides and does nothing, so that a request can be repeated.
pub trait RequestWork: Send + Sync {
    /// Returns the statement behind those with these results; `None` behind the last one.
    fn next(&self, done: &[StatementResult]) -> Served<Option<Step<'_>>>;

    /// Returns the answer to these results.
    fn answer(&self, done: Vec<StatementResult>) -> Served<HttpAnswer>;

    /// Names the step in its fault.
    fn explain(&self, _step: usize, fault: RequestFault) -> RequestFault {
        fault
    }
}

/// A request that is ready to run.
pub struct PreparedRequest<'a> {
    pub context: Arc<RequestContext>,
    pub session: SessionUse,
    /// Write that is a transaction of its own. Where it is not possible, the steps are taken.
    pub single: Option<Step<'a>>,
    pub precondition: Option<Precondition>,
    pub replica: Option<ReadPreference>,
    pub cache: Option<CacheWish>,
    /// Repetitions after a conflict with another transaction.
    pub repetitions: u32,
    /// Transaction of several requests that this one is a part of.
    pub held: Option<TakenTransaction>,
    pub work: Box<dyn RequestWork + 'a>,
}

impl<'a> PreparedRequest<'a> {
    /// Makes a request of steps alone.
    pub fn new(context: RequestContext, session: SessionUse, work: impl RequestWork + 'a) -> Self {
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
pub enum Handled<'a> {
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
    pub async fn answer(self) -> Served<HttpAnswer> {
        match self {
            Handled::Answered(answer) => Ok(answer),
            Handled::Prepared(prepared) => prepared.run().await,
        }
    }
}
