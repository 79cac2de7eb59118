//! Requests below `/{service}/api/db/` from end to end.

mod batch;
mod call;
mod describe;
mod document;
mod interactive;
mod operations;
mod prepare;
mod prepared;
mod search;

use std::sync::Arc;

use crate::answer::HttpAnswer;
use crate::callers::RequestCaller;
use crate::catalog::ServedCatalog;
use crate::error::HttpResult;
use crate::face::api::{ApiRoute, OperationsRoute, parse_route};
use crate::face::http_request::RestRequest;
use crate::handlers::rest_params::schema;
use crate::run::Handled;
use crate::run::records::RequestRecords;
use crate::run::service::ServedService;
use call::ApiCall;
use document::operation;

/// Beginning of the path of these requests, behind the service.
pub(crate) const PREFIX: &str = "api/db/";

/// Returns the catalog, which a question about the operation of the service does not need: it is answered while the database cannot
/// be reached, too.
async fn catalog(service: &ServedService, route: &ApiRoute) -> HttpResult<Arc<ServedCatalog>> {
    match route {
        ApiRoute::Operations(route) if *route != OperationsRoute::Stats => Ok(Arc::default()),
        _ => service.catalog().await,
    }
}

/// Answers a request of a caller.
pub(crate) async fn respond_api(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &RestRequest,
) -> HttpResult<HttpAnswer> {
    let method = if request.method == "HEAD" { "GET" } else { request.method.as_str() };
    let route = parse_route(method, request.path.strip_prefix(PREFIX).unwrap_or_default())?;
    let preferences = request.preferences(service.exposure.rollback);
    preferences.check()?;
    let call = ApiCall {
        service,
        caller,
        request,
        catalog: catalog(service, &route).await?,
        schema: schema(&service.exposure, request)?.0,
        preferences,
    };
    // A key that cannot be read is refused, whatever the request is.
    RequestRecords::new(&service.exposure, caller, request)?;
    let handled = match route {
        ApiRoute::Schema(collection) => call.describe(&collection).await,
        ApiRoute::Batch => call.batch(),
        ApiRoute::Search => call.search().await,
        ApiRoute::Begin => call.begin(),
        ApiRoute::Operate(id) => call.operate(&id),
        ApiRoute::Commit(id) => call.commit(&id),
        ApiRoute::Operations(route) => call.operations(route).await.map(Handled::Answered),
        ApiRoute::Rollback(id) => call.roll_back(&id),
        route => {
            let operation = operation(route, request, &|name| call.kind(name))?;
            call.document(operation)
        }
    };
    handled?.answer().await
}
