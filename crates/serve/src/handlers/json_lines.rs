//! Reads of rows as lines of JSON.

use std::sync::Arc;

use crate::answer::etag::conditional;
use crate::answer::statement_rows::StepForm;
use crate::answer::{AnswerParts, HttpAnswer, StatementResult};
use crate::callers::RequestCaller;
use crate::compile::{CompiledStatement, lines_statement};
use crate::error::HttpResult;
use crate::face::http_request::RestRequest;
use crate::face::rest::{LINES, accepted_of_relation, is_lines, parse_query};
use crate::handlers::rest::respond;
use crate::handlers::rest_params::{root_range, schema};
use crate::plan::plan_tree;
use crate::request::{BodyForm, RowRange};
use crate::run::records::AuditedAction;
use crate::run::service::ServedService;
use crate::run::{PreparedRequest, RequestContext, RequestStep, RequestWork, ServedAnswer, SessionUse};

/// Returns `true` for a read of a relation whose caller wants lines.
pub(crate) fn wants_lines(request: &RestRequest) -> bool {
    let is_read = request.method == "GET" && !request.path.is_empty() && !request.path.contains('/');
    is_read && request.header("accept").is_some_and(is_lines)
}

/// Answers a read with lines.
pub(crate) async fn respond_lines(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &RestRequest,
) -> HttpResult<ServedAnswer> {
    let exposure = &service.exposure;
    let (schema, profile) = schema(exposure, request)?;
    let catalog = service.catalog().await?;
    let mut query = parse_query(&request.query)?;
    root_range(&mut query.rows, request)?;
    let relation = catalog.relation(&schema, &request.path)?;
    // An aggregate of the service makes this media type.
    if accepted_of_relation(Some(LINES), &catalog, relation, query.rows.is_whole()).is_ok() {
        return respond(service, caller, request).await.map(ServedAnswer::Whole);
    }
    let preferences = request.preferences(exposure.rollback);
    preferences.check()?;
    let tree = plan_tree(&catalog, &exposure.limits, relation, &query.rows, false)?;
    let context = RequestContext::new(service, caller, request, &preferences)?;
    let action = AuditedAction {
        operation: "read",
        collection: format!("{}.{}", relation.schema, relation.name),
        key: Some(query.canonical.clone()).filter(|filters| !filters.is_empty()),
        ..AuditedAction::default()
    };
    let parts = AnswerParts {
        address: request.address(&relation.name),
        query,
        preferences,
        media_type: LINES.to_owned(),
        profile,
        has_key: false,
    };
    let headers = parts.content();
    let (compiled, range) = (lines_statement(&catalog, &tree)?, tree.range);
    let read = LinesRead { request, parts, compiled, range, action };
    PreparedRequest::new(context, SessionUse::new(false), read).stream(headers).await
}

/// A read whose rows have a line each.
struct LinesRead<'a> {
    request: &'a RestRequest,
    parts: AnswerParts,
    compiled: CompiledStatement,
    range: RowRange,
    action: AuditedAction,
}

impl RequestWork for LinesRead<'_> {
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        let form = StepForm::Body(BodyForm::Nothing);
        Ok(done.is_empty().then(|| RequestStep::new(&self.compiled, form, Some(self.action.clone()))))
    }

    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        let result = done.into_iter().next().unwrap_or_default();
        Ok(conditional(self.request, self.parts.read(result, self.range, false)))
    }
}
