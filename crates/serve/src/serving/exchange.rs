//! One request of PostgREST's face: from the text to the answer.

mod kept;
mod lone;
mod write;

use std::sync::Arc;

use martydb_model::sql::stmt;

use super::action::{RestRequest, action, options};
use super::answer::{AnswerParts, HttpAnswer, StatementResult};
use super::cache::{CacheLook, CacheWish};
use super::cost::check_cost;
use super::etag::conditional;
use super::part::{root_range, schema};
use super::precondition::{Precondition, precondition};
use super::reading::ReadPreference;
use super::records::{AuditedAction, RequestRecords, operation};
use super::service::ServedService;
use super::transaction::TransactionSettings;
use crate::callers::{CallerRight, RequestCaller};
use crate::catalog::{ExposedRelation, ServedCatalog};
use crate::compile::{CompiledStatement, read_statement};
use crate::face::rest::{CountWish, Preferences, accepted_of_relation, parse_query};
use crate::fault::{RequestFault, Served};
use crate::plan::{PlannedTree, plan_tree};
use crate::request::{BodyForm, RowAction};
use crate::session::{DatabaseFault, LoginSession};
use crate::settings::ServedExposure;

/// Answers a request of a caller.
pub async fn respond(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &RestRequest,
) -> Served<HttpAnswer> {
    if let Some(name) = request.path.strip_prefix("rpc/").filter(|name| !name.contains('/')) {
        return super::rpc::call(service, caller, request, name).await;
    }
    let exposure = &service.exposure;
    if request.path.is_empty() || request.path.contains('/') {
        return Err(RequestFault::new(404, "PGRST125", "Invalid path specified in request URL"));
    }
    let (schema, profile) = schema(exposure, request)?;
    check_right(caller, request.writes())?;
    let catalog = service.catalog().await?;
    let mut query = parse_query(&request.query)?;
    root_range(&mut query.rows, request)?;
    let relation = catalog.relation(&schema, &request.path)?;
    if request.method == "OPTIONS" {
        return Ok(options(relation));
    }
    let preferences = request.preferences(exposure.rollback);
    let media = accepted_of_relation(request.header("accept"), &catalog, relation, query.rows.is_whole())?;
    let action = action(request, relation, &query, &preferences)?;
    let tree = plan_tree(&catalog, &exposure.limits, relation, &query.rows, action != RowAction::Read)?;
    preferences.check()?;
    let parts = AnswerParts {
        relation: &relation.name,
        query: &query,
        preferences: &preferences,
        media_type: &media.media_type,
        profile: profile.as_deref(),
        has_key: !relation.key.is_empty(),
    };
    let call = RestCall {
        service,
        caller,
        records: RequestRecords::of(exposure, caller, request)?,
        catalog: &catalog,
        relation,
        preferences: &preferences,
        form: media.form,
        read_preference: if request.writes() { None } else { ReadPreference::of(service, request)? },
        precondition: precondition(&catalog, &exposure.limits, relation, &query.rows, request, &media)?
            .filter(|_| changes_rows(&action)),
    };
    match action {
        RowAction::Read => {
            let without_body = request.method == "HEAD";
            let result = call.read(&query.canonical, &tree, without_body).await?;
            let read = |result| parts.read(result, tree.range, without_body);
            Ok(conditional(request, parts.overridden(result, read)))
        }
        action => {
            let answer = |result| parts.overridden(result, |result| parts.written(&action, result));
            call.write(&query, &action, &tree, &answer).await
        }
    }
}

/// Rejects a write of a caller that only reads, before a connection is taken.
pub fn check_right(caller: &RequestCaller, writes: bool) -> Served<()> {
    if caller.caller.right == CallerRight::Write || !writes {
        return Ok(());
    }
    let message = format!("caller \"{}\" may only read", caller.caller.name);
    Err(RequestFault::new(403, "42501", message))
}

/// Returns `true` if the action changes rows that are there.
fn changes_rows(action: &RowAction) -> bool {
    matches!(action, RowAction::Update { .. } | RowAction::Put { .. } | RowAction::Delete)
}

/// A request that is ready to run.
struct RestCall<'a> {
    service: &'a ServedService,
    caller: &'a RequestCaller,
    records: RequestRecords,
    catalog: &'a ServedCatalog,
    relation: &'a ExposedRelation,
    preferences: &'a Preferences,
    form: BodyForm,
    read_preference: Option<ReadPreference>,
    precondition: Option<Precondition>,
}

impl RestCall<'_> {
    fn exposure(&self) -> &ServedExposure {
        &self.service.exposure
    }

    /// Returns the audit's row of the request.
    fn audited(&self, action: &RowAction, key: Option<String>, rows: i64) -> AuditedAction {
        let collection = format!("{}.{}", self.relation.schema, self.relation.name);
        AuditedAction { operation: operation(action), collection, key, rows }
    }

    async fn read(
        &self,
        filters: &str,
        tree: &PlannedTree<'_>,
        without_body: bool,
    ) -> Served<StatementResult> {
        let form = if without_body && !self.is_single() { BodyForm::Nothing } else { self.form };
        let most = self.exposure().limits.rows;
        let counts = match self.preferences.count {
            Some(CountWish::Exact) => Some(None),
            Some(CountWish::Estimated) => Some(Some(most + 1)),
            Some(CountWish::Planned) | None => None,
        };
        let compiled = read_statement(self.catalog, tree, form, counts)?;
        // What a replica cannot answer, the primary may: a table that it does not have yet.
        if let Some((mut session, replica)) =
            self.service.at_replica(&self.caller.caller, self.read_preference).await
        {
            match self.recorded_read(&mut session, (filters, None), tree, &compiled).await {
                Err(fault) if !fault.is_too_slow() => {}
                done => {
                    let result = self.finish(session, done, !tree.is_plain()).await?;
                    return Ok(StatementResult { replica: Some(replica), ..result });
                }
            }
        }
        let wish = self.cache_wish(form, tree, &compiled);
        let mut session = self.service.pool_of(&self.caller.caller, false)?.get().await?;
        let done = self.recorded_read(&mut session, (filters, wish.as_ref()), tree, &compiled).await;
        self.finish(session, done, !tree.is_plain()).await
    }

    /// Reads, and records the read before its answer is sent.
    async fn recorded_read(
        &self,
        session: &mut LoginSession,
        (filters, wish): (&str, Option<&CacheWish>),
        tree: &PlannedTree<'_>,
        compiled: &CompiledStatement,
    ) -> Result<Served<StatementResult>, DatabaseFault> {
        let (result, ticket) = match self.service.look_up(session, wish).await? {
            CacheLook::Hit(result) => (self.checked(result), None),
            CacheLook::Miss(ticket) => (self.read_in(session, tree, compiled).await?, ticket),
        };
        if let Ok(result) = &result {
            if self.records.audits_reads() {
                let filters = Some(filters.to_owned()).filter(|filters| !filters.is_empty());
                self.records.read(session, &self.audited(&RowAction::Read, filters, result.rows)).await?;
            }
            self.service.keep(ticket, result);
        }
        Ok(result)
    }

    async fn read_in(
        &self,
        session: &mut LoginSession,
        tree: &PlannedTree<'_>,
        compiled: &CompiledStatement,
    ) -> Result<Served<StatementResult>, DatabaseFault> {
        let settings = TransactionSettings::of(self.exposure(), self.caller, self.preferences);
        if !settings.is_empty() {
            settings.begin(session, false).await?;
        }
        let result = match check_cost(self.service, &self.caller.caller, session, compiled).await? {
            Ok(()) => self.timed(session, &RowAction::Read, compiled, false).await?,
            Err(fault) => Err(fault),
        };
        let mut result = match result.and_then(|result| self.checked(result)) {
            Ok(result) => result,
            Err(fault) => {
                if !settings.is_empty() {
                    session.execute(&stmt!("ROLLBACK")).await?;
                }
                return Ok(Err(fault));
            }
        };
        let estimates = matches!(self.preferences.count, Some(CountWish::Planned | CountWish::Estimated));
        if estimates {
            let planned = self.planned(session, tree).await?;
            let exact = result.total.filter(|total| *total <= self.exposure().limits.rows);
            result.total = exact.or(planned.max(result.total));
        }
        if !settings.is_empty() {
            session.execute(&stmt!("COMMIT")).await?;
        }
        Ok(Ok(result))
    }

    /// Runs the statement of the request, and counts it. One that is `alone` is a transaction of its own.
    async fn timed(
        &self,
        session: &mut LoginSession,
        action: &RowAction,
        compiled: &CompiledStatement,
        alone: bool,
    ) -> Result<Served<StatementResult>, DatabaseFault> {
        let login = self.service.login_of(&self.caller.caller, *action != RowAction::Read);
        let AuditedAction { operation, collection, .. } = self.audited(action, None, 0);
        let timed = self.service.timed(login, (operation, &collection), compiled);
        let rows = if alone { session.query_alone(compiled).await? } else { session.query(compiled).await? };
        let result = StatementResult::of(&rows, self.form);
        timed.end(result.as_ref().map_or(0, |result| result.rows));
        Ok(result)
    }

    /// Returns the planner's number of rows.
    async fn planned(
        &self,
        session: &mut LoginSession,
        tree: &PlannedTree<'_>,
    ) -> Result<Option<i64>, DatabaseFault> {
        let Ok(compiled) = crate::compile::planned_statement(self.catalog, tree) else { return Ok(None) };
        let rows = session.query(&compiled).await?;
        let text = rows.first().and_then(LoginSession::json).unwrap_or_default();
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        Ok(plan.pointer("/0/Plan/Plan Rows").and_then(serde_json::Value::as_f64).map(|rows| rows as i64))
    }

    fn is_single(&self) -> bool {
        matches!(self.form, BodyForm::Single { .. })
    }

    /// Checks what only the result tells.
    fn checked(&self, result: StatementResult) -> Served<StatementResult> {
        if self.is_single() && result.rows != 1 {
            return Err(RequestFault::not_single(result.rows));
        }
        let most = self.exposure().limits.answer;
        if result.body.len() > most {
            return Err(RequestFault::too_large(most));
        }
        Ok(result)
    }

    /// Returns the connection to its pool, unless its state is unknown.
    async fn finish<T>(
        &self,
        session: LoginSession,
        done: Result<Served<T>, DatabaseFault>,
        ran_code: bool,
    ) -> Served<T> {
        match done {
            Ok(Ok(result)) => {
                session.release_after(ran_code).await;
                Ok(result)
            }
            Ok(Err(fault)) => {
                session.release_after(ran_code).await;
                Err(fault)
            }
            Err(fault) => Err(self.answer_of(&fault)),
        }
    }

    fn answer_of(&self, fault: &DatabaseFault) -> RequestFault {
        fault.answer(self.caller.caller.name != crate::callers::ANONYMOUS, true)
    }
}
