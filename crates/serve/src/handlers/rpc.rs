//! One call of a function, from the text to the answer.

use std::sync::Arc;

use crate::answer::limits::ResultLimits;
use crate::answer::statement_rows::StepForm;
use crate::answer::{AnswerParts, HttpAnswer, StatementResult};
use crate::callers::{CallerRight, RequestCaller, ServeCaller};
use crate::catalog::ExposedFunction;
use crate::compile::{CompiledStatement, FunctionCall, call_statement};
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::face::rest::{
    Preferences, TransactionEnd, accepted_of_function, check_method, parse_call, parse_call_query,
    parse_query,
};
use crate::handlers::rest_params::{root_range, schema};
use crate::plan::plan_tree;
use crate::request::{BodyForm, RowRange};
use crate::run::records::AuditedAction;
use crate::run::service::ServedService;
use crate::run::{
    Handled, PreparedRequest, RequestContext, RequestEnd, RequestStep, RequestWork, SessionUse,
    TransactionMode,
};

/// Prepares a call of a caller.
pub(crate) async fn prepare<'a>(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &'a RestRequest,
    name: &str,
) -> HttpResult<Handled<'a>> {
    check_method(&request.method)?;
    let exposure = &service.exposure;
    let (schema, profile) = schema(exposure, request)?;
    let catalog = service.catalog().await?;
    let posts = request.method == "POST";
    let mut query = if posts { parse_query(&request.query)? } else { parse_call_query(&request.query)? };
    root_range(&mut query.rows, request)?;
    let parsed = parse_call(posts, request.header("content-type"), &request.body, &query)?;
    let function = catalog.function(&schema, name, &parsed.names, parsed.body)?;
    if request.method == "OPTIONS" {
        return Ok(Handled::Answered(options(function)));
    }
    let writes = posts && !function.only_reads();
    check_right(function, &caller.identity, posts, exposure.volatile_reads)?;
    let parsed = parsed.for_function(function);
    let tree = plan_tree(&catalog, &exposure.limits, catalog.rows_of(function), &query.rows, false)?;
    let preferences = request.preferences(exposure.rollback);
    let media = accepted_of_function(request.header("accept"), &catalog, function, query.rows.is_whole())?;
    preferences.check()?;
    // The planner knows nothing about a function's rows: they are counted.
    let (without_body, counts) = (request.method == "HEAD", preferences.count.is_some());
    let limits =
        ResultLimits::new(media.form, most_affected(function, &preferences)?, exposure.limits.answer());
    let form = if without_body && !limits.is_single { BodyForm::Nothing } else { media.form };
    let arguments = FunctionCall {
        catalog: &catalog,
        function,
        names: &parsed.names,
        arguments: &parsed.arguments,
        query: &query.rows,
    };
    let compiled = call_statement(&arguments, &tree, form, counts)?;
    let context = RequestContext::new(service, caller, request, &preferences)?;
    let session = session(writes, preferences.end == Some(TransactionEnd::Rollback));
    let audited = AuditedAction {
        operation: "call",
        collection: format!("{}.{}", function.schema, function.name),
        writes,
        ..AuditedAction::default()
    };
    let (range, is_void) = (tree.range, function.is_void);
    let parts = AnswerParts {
        address: request.address(&format!("rpc/{}", function.name)),
        query,
        preferences,
        media_type: media.media_type,
        profile,
        has_key: false,
    };
    let call = FunctionRequest { parts, compiled, form, limits, audited, range, without_body, is_void };
    Ok(PreparedRequest::new(context, session, call).into())
}

/// Returns the session of a call: the function's code may leave anything in it, even a prepared statement.
fn session(writes: bool, rolls_back: bool) -> SessionUse {
    let mode = if writes { TransactionMode::ReadWrite } else { TransactionMode::ReadOnly };
    let end = match rolls_back {
        true => RequestEnd::RollBack { checks_constraints: false },
        false => RequestEnd::Commit,
    };
    SessionUse { mode, end, ..SessionUse::new(true) }
}

/// A call of a function.
struct FunctionRequest {
    parts: AnswerParts,
    compiled: CompiledStatement,
    form: BodyForm,
    limits: ResultLimits,
    audited: AuditedAction,
    range: RowRange,
    without_body: bool,
    is_void: bool,
}

impl RequestWork for FunctionRequest {
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        let step = || RequestStep::new(&self.compiled, StepForm::Body(self.form), Some(self.audited.clone()));
        Ok(done.is_empty().then(|| step().checked(|result| self.limits.check(result))))
    }

    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        let result = done.into_iter().next().unwrap_or_default();
        let called = |result| self.parts.called(result, self.range, self.without_body, self.is_void);
        Ok(self.parts.overridden(result, called))
    }
}

/// Returns the most rows that the function may return.
fn most_affected(function: &ExposedFunction, preferences: &Preferences) -> HttpResult<Option<i64>> {
    let most = preferences.max_affected.filter(|_| preferences.strict == Some(true));
    if most.is_some() && !function.returns_set {
        let message =
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict";
        return Err(HttpError::new(400, "PGRST128", message));
    }
    Ok(most)
}

/// Methods by which a function may be called.
const READ_METHODS: &str = "OPTIONS,GET,HEAD,POST";
const WRITE_METHODS: &str = "OPTIONS,POST";

fn allowed(function: &ExposedFunction) -> &'static str {
    if function.only_reads() { READ_METHODS } else { WRITE_METHODS }
}

fn options(function: &ExposedFunction) -> HttpAnswer {
    let headers = vec![("Allow".into(), allowed(function).to_owned())];
    HttpAnswer { status: 200, headers, body: vec![] }
}

/// Rejects a volatile function where nothing may be written: a call by GET, or by a caller that only reads.
fn check_right(
    function: &ExposedFunction,
    caller: &ServeCaller,
    posts: bool,
    volatile_reads: bool,
) -> HttpResult<()> {
    if function.only_reads() {
        return Ok(());
    }
    let name = format!("{}.{}", function.schema, function.name);
    if !posts && !volatile_reads {
        let message = format!("the function {name} is volatile: it is called by POST");
        let hint = "A function that only reads is declared STABLE or IMMUTABLE.";
        return Err(HttpError::new(405, "PGRST101", message).hint(hint).header("Allow", WRITE_METHODS));
    }
    if posts && caller.right == CallerRight::Read {
        let message =
            format!("caller \"{}\" may only read, and the function {name} is volatile", caller.name);
        return Err(HttpError::new(403, "42501", message));
    }
    Ok(())
}
