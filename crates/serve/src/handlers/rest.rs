//! Requests of PostgREST's face: reads and writes of rows.

mod action;
mod read;
mod write;

use std::sync::Arc;

use crate::answer::{AnswerParts, HttpAnswer};
use crate::callers::{CallerRight, RequestCaller};
use crate::catalog::{ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::face::rest::{AnswerMedia, accepted_of_relation, parse_query};
use crate::handlers::rest_params::{root_range, schema};
use crate::plan::{PlannedTree, plan_tree};
use crate::request::RowAction;
use crate::run::service::ServedService;
use crate::run::{Handled, RequestContext};
use action::{action, options};

/// Answers a request of a caller.
pub async fn respond(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &RestRequest,
) -> HttpResult<HttpAnswer> {
    prepare(service, caller, request).await?.answer().await
}

/// Prepares a request of a caller.
async fn prepare<'a>(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &'a RestRequest,
) -> HttpResult<Handled<'a>> {
    if let Some(name) = request.path.strip_prefix("rpc/").filter(|name| !name.contains('/')) {
        return crate::handlers::rpc::prepare(service, caller, request, name).await;
    }
    let exposure = &service.exposure;
    if request.path.is_empty() || request.path.contains('/') {
        return Err(HttpError::new(404, "PGRST125", "Invalid path specified in request URL"));
    }
    let (schema, profile) = schema(exposure, request)?;
    check_right(caller, request.writes())?;
    let catalog = service.catalog().await?;
    let mut query = parse_query(&request.query)?;
    root_range(&mut query.rows, request)?;
    let relation = catalog.relation(&schema, &request.path)?;
    if request.method == "OPTIONS" {
        return Ok(Handled::Answered(options(relation)));
    }
    let preferences = request.preferences(exposure.rollback);
    let media = accepted_of_relation(request.header("accept"), &catalog, relation, query.rows.is_whole())?;
    let action = action(request, relation, &query, &preferences)?;
    let tree = plan_tree(&catalog, &exposure.limits, relation, &query.rows, action != RowAction::Read)?;
    preferences.check()?;
    let context = RequestContext::new(service, caller, request, &preferences)?;
    let parts = AnswerParts {
        address: request.address(&relation.name),
        query,
        preferences,
        media_type: media.media_type.clone(),
        profile,
        has_key: !relation.key.is_empty(),
    };
    let rows = RowRequest { request, catalog: &catalog, relation, tree: &tree, media: &media };
    match action {
        RowAction::Read => rows.read(context, parts),
        action => rows.write(context, parts, action),
    }
}

/// Rejects a write of a caller that only reads, before a connection is taken.
pub(crate) fn check_right(caller: &RequestCaller, writes: bool) -> HttpResult<()> {
    if caller.identity.right == CallerRight::Write || !writes {
        return Ok(());
    }
    let message = format!("caller \"{}\" may only read", caller.identity.name);
    Err(HttpError::new(403, "42501", message))
}

/// A request that is planned.
struct RowRequest<'a, 'c> {
    request: &'a RestRequest,
    catalog: &'c Arc<ServedCatalog>,
    relation: &'c ExposedRelation,
    tree: &'c PlannedTree<'c>,
    media: &'c AnswerMedia,
}

impl RowRequest<'_, '_> {
    fn collection(&self) -> String {
        format!("{}.{}", self.relation.schema, self.relation.name)
    }
}
