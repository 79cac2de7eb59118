//! Part of the database that a request means: its schema, and its range of rows.

use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::face::rest::header_range;
use crate::request::RowQuery;
use crate::settings::ServedExposure;

/// Returns the schema of a request, and its name where it was chosen among several.
pub(crate) fn schema(
    exposure: &ServedExposure,
    request: &RestRequest,
) -> HttpResult<(String, Option<String>)> {
    let header = if request.writes() { "content-profile" } else { "accept-profile" };
    let default = exposure.schemas.first().cloned().unwrap_or_default();
    match request.header(header) {
        Some(named) if exposure.schemas.iter().any(|schema| schema == named) => {
            Ok((named.to_owned(), Some(named.to_owned())))
        }
        Some(named) => {
            let all = exposure.schemas.join(", ");
            Err(HttpError::new(406, "PGRST106", format!("Invalid schema: {named}"))
                .hint(format!("Only the following schemas are exposed: {all}")))
        }
        None => Ok((default.clone(), (exposure.schemas.len() > 1).then_some(default))),
    }
}

/// Narrows the range of the root by the header `Range`, which counts for GET alone (RFC 9110, section 14.2).
pub(crate) fn root_range(query: &mut RowQuery, request: &RestRequest) -> HttpResult<()> {
    let header = request.header("range").filter(|_| request.method == "GET");
    let range = header_range(query.range(), header)?;
    if request.method == "PUT" && !range.is_all() {
        let message = "limit/offset querystring parameters are not allowed for PUT";
        return Err(HttpError::new(400, "PGRST114", message));
    }
    query.ranges.retain(|(path, _)| !path.is_empty());
    query.ranges.push((vec![], range));
    Ok(())
}
