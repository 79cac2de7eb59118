//! One operation of a request: documents, pages, counts and aggregates.

use std::borrow::Cow;

use super::call::{ApiCall, JSON};
use super::prepare::{filtered, id_filter};
use super::prepared::{OperationOutcome, PreparedOperation};
use crate::answer::etag::{conditional, tag, tagged};
use crate::answer::{HttpAnswer, REPLICA, StatementResult, kept_header};
use crate::compile::{WrittenRows, lock_statement, read_statement};
use crate::error::{HttpError, HttpResult};
use crate::face::api::{
    ApiAction, ApiOperation, ApiRoute, BodyKeys, CollectionKind, RowAddress, RowId, RowTarget,
    parse_aggregate, parse_change, parse_count, parse_documents, parse_json, parse_list, parse_query_body,
    parse_rows, replacement,
};
use crate::face::http_request::RestRequest;
use crate::face::rest::{ReturnPreference, parse_query};
use crate::plan::plan_tree;
use crate::request::{BodyForm, RowAction, RowsBody, SelectEntry};
use crate::run::cache::{CacheRequest, CacheSubject};
use crate::run::precondition::Precondition;
use crate::run::read_preference::ReadPreference;
use crate::run::{Handled, PreparedRequest, RequestContext, RequestStep, RequestWork};

/// Returns the operation of a request.
pub(super) fn operation(
    route: ApiRoute,
    request: &RestRequest,
    kinds: &dyn Fn(&str) -> CollectionKind,
) -> HttpResult<ApiOperation> {
    let of = |collection, action| Ok(ApiOperation { collection, action });
    match route {
        ApiRoute::List(collection) => of(collection, ApiAction::Page(parse_list(&request.query)?)),
        ApiRoute::Query(collection) => {
            let kind = kinds(&collection);
            of(collection, ApiAction::Page(parse_query_body(BodyKeys::parse(&request.body)?, kind)?))
        }
        ApiRoute::Count(collection) => {
            let (query, planned) = parse_count(&request.query)?;
            of(collection, ApiAction::Count { query, planned })
        }
        ApiRoute::Aggregate(collection) => {
            let kind = kinds(&collection);
            of(collection, ApiAction::Aggregate(parse_aggregate(BodyKeys::parse(&request.body)?, kind)?))
        }
        ApiRoute::Insert(collection) if kinds(&collection) == CollectionKind::Documents => {
            let new = parse_documents(parse_json(&request.body)?)?;
            of(collection, ApiAction::InsertDocuments { new, select: select(request)? })
        }
        ApiRoute::Insert(collection) => {
            let rows = rows(request, true)?;
            of(collection, ApiAction::Insert { rows, select: select(request)? })
        }
        ApiRoute::Row(address, method) if kinds(&address.collection) == CollectionKind::Documents => {
            document(address, &method, request)
        }
        ApiRoute::Row(address, method) => row(address, &method, request),
        _ => Err(HttpError::new(404, "PGRST125", "Invalid path specified in request URL")),
    }
}

fn row(address: RowAddress, method: &str, request: &RestRequest) -> HttpResult<ApiOperation> {
    let RowAddress { collection, id } = address;
    let select = select(request)?;
    let action = match method {
        "PUT" => ApiAction::Replace { id, row: rows(request, false)?, select },
        "PATCH" => ApiAction::Update { target: RowTarget::Id(id), row: rows(request, false)?, select },
        "DELETE" => ApiAction::Delete { target: RowTarget::Id(id) },
        _ => ApiAction::Get { id, select },
    };
    Ok(ApiOperation { collection, action })
}

fn document(address: RowAddress, method: &str, request: &RestRequest) -> HttpResult<ApiOperation> {
    let RowAddress { collection, id } = address;
    let (select, body) = (select(request)?, || parse_json(&request.body));
    let target = match request.header("if-match").map(versions) {
        None | Some(Err(())) => RowTarget::Id(id.clone()),
        Some(Ok(versions)) => RowTarget::Versioned(id.clone(), versions),
    };
    let action = match method {
        "PUT" => ApiAction::ChangeDocuments { target, change: replacement(&body()?)?, select },
        "PATCH" => ApiAction::ChangeDocuments { target, change: parse_change(&body()?)?, select },
        "DELETE" => ApiAction::Delete { target },
        _ => ApiAction::Get { id, select },
    };
    Ok(ApiOperation { collection, action })
}

/// Parses tags that are versions; `Ok(None)` is any version, and an error a tag of another kind. A weak tag and a version that
/// cannot be are none.
fn versions(tags: &str) -> Result<Option<Vec<i32>>, ()> {
    if tags.trim() == "*" {
        return Ok(None);
    }
    let mut versions = vec![];
    for tag in tags.split(',').map(str::trim).filter(|tag| !tag.starts_with("W/")) {
        let text = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or_default();
        match text.parse() {
            Ok(version) => versions.push(version),
            Err(_) if text.chars().all(|c| c.is_ascii_digit()) => {}
            Err(_) => return Err(()),
        }
    }
    Ok(Some(versions))
}

/// Returns the selection of a row; it is the only parameter.
fn select(request: &RestRequest) -> HttpResult<Vec<SelectEntry>> {
    let parsed = parse_query(&request.query)?.rows;
    if parsed.filters.is_empty() && parsed.order.is_empty() && parsed.ranges.is_empty() {
        return Ok(parsed.select);
    }
    Err(HttpError::new(400, "PGRST100", "an address of one row takes no parameter but `select`"))
}

fn rows(request: &RestRequest, many: bool) -> HttpResult<RowsBody> {
    parse_rows(&request.body, many)
}

/// An operation that is a request of its own.
struct SingleOperation<'a> {
    call: ApiCall<'a>,
    prepared: PreparedOperation,
}

impl RequestWork for SingleOperation<'_> {
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        let step = || self.prepared.step(Cow::Borrowed(&self.prepared.compiled));
        Ok(done.is_empty().then(|| step().checked(|result| self.prepared.check(result))))
    }

    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        let result = done.into_iter().next().unwrap_or_default();
        let mut answer = self.call.answer(&self.prepared, &result)?;
        answer.headers.extend(result.replica.as_ref().map(|name| (REPLICA.into(), name.to_string())));
        let request = self.call.request;
        Ok(match self.prepared.version_tag(&result) {
            _ if self.prepared.writes => answer,
            Some(version) if !request.writes() => tagged(request, answer, version),
            _ => conditional(request, answer),
        })
    }
}

impl<'a> ApiCall<'a> {
    /// Prepares an operation that is a request of its own.
    pub(super) fn document(self, operation: ApiOperation) -> HttpResult<Handled<'a>> {
        self.check_right(operation.action.writes())?;
        let prepared = self.prepare(&operation)?;
        let precondition = self.precondition(&operation)?;
        let context = self.context()?;
        let replica =
            if prepared.writes { None } else { ReadPreference::from_request(self.service, self.request)? };
        let cache = if replica.is_some() { None } else { self.cache_request(&context, &prepared) };
        let session = self.session(prepared.writes);
        let work = SingleOperation { call: self, prepared };
        let request = PreparedRequest::new(context, session, work);
        Ok(PreparedRequest { precondition, replica, cache, ..request }.into())
    }

    /// Prepares a read at the primary.
    pub(super) fn single(self, prepared: PreparedOperation) -> HttpResult<Handled<'a>> {
        let (context, session) = (self.context()?, self.session(false));
        let work = SingleOperation { call: self, prepared };
        Ok(PreparedRequest::new(context, session, work).into())
    }

    /// Returns the request of a read whose answer may be kept.
    fn cache_request(&self, context: &RequestContext, prepared: &PreparedOperation) -> Option<CacheRequest> {
        let tables = prepared.cached.as_ref()?.iter().collect();
        let subject = CacheSubject {
            login: self.service.login_of(&self.caller.identity, false),
            settings: &context.settings,
            form: prepared.form,
            compiled: &prepared.compiled,
        };
        CacheRequest::new(&self.catalog, Some(tables), &subject)
    }

    /// Returns the answer to an operation.
    fn answer(&self, prepared: &PreparedOperation, result: &StatementResult) -> HttpResult<HttpAnswer> {
        let minimal = self.preferences.returns == Some(ReturnPreference::Minimal);
        let is_new = prepared.word == "insert";
        let mut headers = vec![];
        if is_new && let Some(id) = prepared.id(result) {
            let name = prepared.relation.rsplit('.').next().unwrap_or_default();
            headers.push(("Location".into(), format!("/{}/api/db/{name}/{id}", self.service.name)));
        }
        let without_body =
            prepared.writes && minimal || matches!(prepared.outcome, OperationOutcome::Removed { .. });
        if without_body {
            let status = if is_new { 201 } else { 204 };
            return Ok(HttpAnswer { status, headers, body: vec![] });
        }
        headers.push(("Content-Type".into(), JSON.to_owned()));
        headers.extend(result.kept.then(kept_header));
        let body = prepared.text(result, &self.service.cursors)?.into_bytes();
        let mut answer = HttpAnswer { status: if is_new { 201 } else { 200 }, headers, body };
        if prepared.writes && matches!(prepared.outcome, OperationOutcome::One | OperationOutcome::New) {
            let tag = prepared.version_tag(result).unwrap_or_else(|| tag(&answer));
            answer.headers.push(("ETag".into(), tag));
        }
        Ok(answer)
    }

    /// Returns the condition of `If-Match` on a row that is changed.
    fn precondition(&self, operation: &ApiOperation) -> HttpResult<Option<Precondition>> {
        let Some(tags) = self.request.header("if-match") else { return Ok(None) };
        let (id, select): (&RowId, &[SelectEntry]) = match &operation.action {
            ApiAction::Replace { id, select, .. } => (id, select),
            ApiAction::Update { target: RowTarget::Id(id), select, .. }
            | ApiAction::ChangeDocuments { target: RowTarget::Id(id), select, .. } => (id, select),
            ApiAction::Delete { target: RowTarget::Id(id) } => (id, &select(self.request)?),
            _ => return Ok(None),
        };
        let relation = self.relation(&operation.collection)?;
        let query = filtered(select, id_filter(relation, id)?);
        let action = RowAction::Delete;
        let locked = WrittenRows {
            catalog: &self.catalog,
            relation,
            query: &query,
            action: &action,
            returns: false,
            locates: false,
        };
        let tree = plan_tree(&self.catalog, &self.service.exposure.limits, relation, &query, false)?;
        let form = BodyForm::Single { strip_nulls: false };
        Ok(Some(Precondition {
            tags: tags.to_owned(),
            lock: lock_statement(&locked)?,
            read: read_statement(&self.catalog, &tree, form, None)?,
            form,
            headers: vec![("Content-Type".into(), JSON.to_owned())],
        }))
    }
}
