//! One operation of a request: documents, pages, counts and aggregates.

use martydb_model::sql::stmt;

use super::call::{ApiCall, JSON};
use super::execute::{DoneOperation, audited};
use super::prepare::{filtered, id_filter};
use super::prepared::{OperationOutcome, PreparedOperation};
use crate::compile::{WrittenRows, lock_statement, read_statement};
use crate::face::api::{
    ApiAction, ApiOperation, ApiRoute, BodyKeys, RowAddress, RowId, RowTarget, parse_aggregate, parse_count,
    parse_list, parse_query_body, parse_rows,
};
use crate::face::rest::{ReturnWish, TransactionEnd, parse_query};
use crate::fault::{RequestFault, Served};
use crate::plan::plan_tree;
use crate::request::{BodyForm, RowAction, RowsBody, SelectEntry};
use crate::serving::action::RestRequest;
use crate::serving::answer::{HttpAnswer, REPLICA};
use crate::serving::etag::{conditional, tag};
use crate::serving::precondition::Precondition;
use crate::serving::reading::ReadPreference;
use crate::serving::records::Begun;
use crate::session::{DatabaseFault, LoginSession};

/// Returns the operation of a request.
pub fn operation(route: ApiRoute, request: &RestRequest) -> Served<ApiOperation> {
    let of = |collection, action| Ok(ApiOperation { collection, action });
    match route {
        ApiRoute::List(collection) => of(collection, ApiAction::Page(parse_list(&request.query)?)),
        ApiRoute::Query(collection) => {
            of(collection, ApiAction::Page(parse_query_body(BodyKeys::parse(&request.body)?)?))
        }
        ApiRoute::Count(collection) => {
            let (query, planned) = parse_count(&request.query)?;
            of(collection, ApiAction::Count { query, planned })
        }
        ApiRoute::Aggregate(collection) => {
            of(collection, ApiAction::Aggregate(parse_aggregate(BodyKeys::parse(&request.body)?)?))
        }
        ApiRoute::Insert(collection) => {
            let rows = rows(request, true)?;
            of(collection, ApiAction::Insert { rows, select: select(request)? })
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
            match self.read(&mut session, self.prepare(&operation)?).await {
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
        let mut session = self.service.pool_of(&self.caller.caller, prepared.writes)?.get().await?;
        let done = match prepared.writes {
            true => self.write(&mut session, prepared, precondition).await,
            false => self.read(&mut session, prepared).await,
        };
        match done {
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
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        let settings = self.settings();
        if !settings.is_empty() {
            settings.begin(session, false).await?;
        }
        let done = self.execute(session, prepared, false).await?;
        if !settings.is_empty() {
            session.execute(&stmt!("COMMIT")).await?;
        }
        if let Ok(done) = &done {
            self.records.read(session, &audited(&done.prepared, &done.result)).await?;
        }
        Ok(done.and_then(|done| self.answer(&done)).map(|answer| conditional(self.request, answer)))
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
        let body = prepared.text(result, &self.service.cursors)?.into_bytes();
        let mut answer = HttpAnswer { status: if is_new { 201 } else { 200 }, headers, body };
        if prepared.writes && matches!(prepared.outcome, OperationOutcome::One | OperationOutcome::New) {
            let tag = tag(&answer);
            answer.headers.push(("ETag".into(), tag));
        }
        Ok(answer)
    }

    /// Returns the condition of `If-Match` on a row that is changed.
    fn precondition(&self, operation: &ApiOperation) -> Served<Option<Precondition>> {
        let Some(tags) = self.request.header("if-match") else { return Ok(None) };
        let (id, select): (&RowId, &[SelectEntry]) = match &operation.action {
            ApiAction::Replace { id, select, .. } => (id, select),
            ApiAction::Update { target: RowTarget::Id(id), select, .. } => (id, select),
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
