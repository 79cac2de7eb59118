//! One operation of a request: documents, pages, counts and aggregates.

use martydb_model::sql::stmt;

use super::call::{ApiCall, JSON};
use super::execute::{DoneOperation, audited};
use super::prepare::{filtered, id_filter};
use super::prepared::{OperationOutcome, PreparedOperation};
use crate::compile::{WrittenRows, lock_statement, read_statement};
use crate::face::api::{
    ApiAction, ApiOperation, ApiRoute, BodyKeys, CollectionKind, RowAddress, RowId, RowTarget,
    parse_aggregate, parse_change, parse_count, parse_documents, parse_json, parse_list, parse_query_body,
    parse_rows, replacement,
};
use crate::face::rest::{ReturnWish, TransactionEnd, parse_query};
use crate::fault::{RequestFault, Served};
use crate::plan::plan_tree;
use crate::request::{BodyForm, RowAction, RowsBody, SelectEntry};
use crate::serving::action::RestRequest;
use crate::serving::answer::{HttpAnswer, REPLICA, kept_header};
use crate::serving::cache::{CacheLook, CacheSubject, CacheWish};
use crate::serving::etag::{conditional, tag, tagged};
use crate::serving::precondition::Precondition;
use crate::serving::reading::ReadPreference;
use crate::serving::records::Begun;
use crate::session::{DatabaseFault, LoginSession};

/// Returns the operation of a request.
pub fn operation(
    route: ApiRoute,
    request: &RestRequest,
    kinds: &dyn Fn(&str) -> CollectionKind,
) -> Served<ApiOperation> {
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
        _ => Err(RequestFault::new(404, "PGRST125", "Invalid path specified in request URL")),
    }
}

fn row(address: RowAddress, method: &str, request: &RestRequest) -> Served<ApiOperation> {
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

fn document(address: RowAddress, method: &str, request: &RestRequest) -> Served<ApiOperation> {
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
fn select(request: &RestRequest) -> Served<Vec<SelectEntry>> {
    let parsed = parse_query(&request.query)?.rows;
    if parsed.filters.is_empty() && parsed.order.is_empty() && parsed.ranges.is_empty() {
        return Ok(parsed.select);
    }
    Err(RequestFault::new(400, "PGRST100", "an address of one row takes no parameter but `select`"))
}

fn rows(request: &RestRequest, many: bool) -> Served<RowsBody> {
    parse_rows(&request.body, many)
}

impl ApiCall<'_> {
    /// Runs an operation in a transaction of its own, and answers.
    pub async fn document(&self, operation: ApiOperation) -> Served<HttpAnswer> {
        self.check_right(operation.action.writes())?;
        let prepared = self.prepare(&operation)?;
        let precondition = self.precondition(&operation)?;
        let runs_code = prepared.runs_code;
        let read_preference =
            if prepared.writes { None } else { ReadPreference::of(self.service, self.request)? };
        if let Some((mut session, replica)) =
            self.service.at_replica(&self.caller.caller, read_preference).await
        {
            match self.read(&mut session, self.prepare(&operation)?, None).await {
                Ok(answer) => {
                    session.release_after(runs_code).await;
                    let mut answer = answer?;
                    answer.headers.push((REPLICA.into(), replica.to_string()));
                    return Ok(answer);
                }
                Err(fault) if fault.is_too_slow() => return Err(fault.answer(self.is_authenticated(), true)),
                Err(_) => {}
            }
        }
        if !prepared.writes {
            let wish = if read_preference.is_some() { None } else { self.cache_wish(&prepared) };
            return self.read_once(prepared, wish).await;
        }
        let mut session = self.service.pool_of(&self.caller.caller, true)?.get().await?;
        if !runs_code {
            session.writes_plainly();
        }
        match self.write(&mut session, prepared, precondition).await {
            Ok(answer) => {
                session.release_after(runs_code).await;
                answer
            }
            Err(fault) => Err(fault.answer(self.is_authenticated(), true)),
        }
    }

    /// Runs an operation that reads at the primary, and answers.
    pub async fn read_once(
        &self,
        prepared: PreparedOperation,
        wish: Option<CacheWish>,
    ) -> Served<HttpAnswer> {
        let runs_code = prepared.runs_code;
        let mut session = self.service.pool_of(&self.caller.caller, false)?.get().await?;
        match self.read(&mut session, prepared, wish.as_ref()).await {
            Ok(answer) => {
                session.release_after(runs_code).await;
                answer
            }
            Err(fault) => Err(fault.answer(self.is_authenticated(), true)),
        }
    }

    async fn read(
        &self,
        session: &mut LoginSession,
        prepared: PreparedOperation,
        wish: Option<&CacheWish>,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        let (done, ticket) = match self.service.look_up(session, wish).await? {
            CacheLook::Hit(result) => (Ok(DoneOperation { prepared, result }), None),
            CacheLook::Miss(ticket) => (self.read_rows(session, prepared).await?, ticket),
        };
        if let Ok(done) = &done {
            self.records.read(session, &audited(&done.prepared, &done.result)).await?;
            self.service.keep(ticket, &done.result);
        }
        Ok(done.and_then(|done| {
            let answer = self.answer(&done)?;
            Ok(match done.prepared.version_tag(&done.result) {
                Some(version) if self.request.method == "GET" => tagged(self.request, answer, version),
                _ => conditional(self.request, answer),
            })
        }))
    }

    /// Returns the wish of a read whose answer may be kept.
    fn cache_wish(&self, prepared: &PreparedOperation) -> Option<CacheWish> {
        let tables = prepared.cached.as_ref()?.iter().collect();
        let subject = CacheSubject {
            login: self.service.login_of(&self.caller.caller, false),
            settings: &self.settings(),
            form: prepared.form,
            compiled: &prepared.compiled,
        };
        CacheWish::of(&self.catalog, Some(tables), &subject)
    }

    async fn read_rows(
        &self,
        session: &mut LoginSession,
        prepared: PreparedOperation,
    ) -> Result<Served<DoneOperation>, DatabaseFault> {
        let settings = self.settings();
        if !settings.is_empty() {
            settings.begin(session, false).await?;
        }
        let done = self.execute(session, prepared, false).await?;
        if !settings.is_empty() {
            session.execute(&stmt!("COMMIT")).await?;
        }
        Ok(done)
    }

    async fn write(
        &self,
        session: &mut LoginSession,
        prepared: PreparedOperation,
        precondition: Option<Precondition>,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        if let Begun::Answered(answer) = self.records.begin(session, &self.settings()).await? {
            return Ok(answer);
        }
        let held = match &precondition {
            Some(precondition) => precondition.check(session).await?,
            None => Ok(()),
        };
        let done = match held {
            Ok(()) => self.execute(session, prepared, true).await?,
            Err(fault) => Err(fault),
        };
        self.end(session, done.and_then(|done| self.answer(&done))).await
    }

    /// Ends the transaction: with the answer, or without a trace.
    pub async fn end(
        &self,
        session: &mut LoginSession,
        answer: Served<HttpAnswer>,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        match answer {
            Ok(answer) if self.preferences.end == Some(TransactionEnd::Rollback) => {
                session.execute(&stmt!("SET CONSTRAINTS ALL IMMEDIATE")).await?;
                session.execute(&stmt!("ROLLBACK")).await?;
                Ok(Ok(answer))
            }
            Ok(answer) => self.records.commit(session, answer).await,
            Err(fault) => {
                session.execute(&stmt!("ROLLBACK")).await?;
                Ok(Err(fault))
            }
        }
    }

    /// Returns the answer to an operation.
    fn answer(&self, done: &DoneOperation) -> Served<HttpAnswer> {
        let minimal = self.preferences.returns == Some(ReturnWish::Minimal);
        let DoneOperation { prepared, result } = done;
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
    fn precondition(&self, operation: &ApiOperation) -> Served<Option<Precondition>> {
        let Some(tags) = self.request.header("if-match") else { return Ok(None) };
        let (id, select): (&RowId, &[SelectEntry]) = match &operation.action {
            ApiAction::Replace { id, select, .. } => (id, select),
            ApiAction::Update { target: RowTarget::Id(id), select, .. }
            | ApiAction::ChangeDocuments { target: RowTarget::Id(id), select, .. } => (id, select),
            ApiAction::Delete { target: RowTarget::Id(id) } => (id, &select(self.request)?),
            _ => return Ok(None),
        };
        let planner = self.planner();
        let relation = planner.relation(&operation.collection)?;
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
        let tree = plan_tree(&self.catalog, planner.limits, relation, &query, false)?;
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
