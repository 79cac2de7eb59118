//! One call of a function, from the text to the answer.

use std::sync::Arc;

use martydb_model::sql::stmt;

use super::action::RestRequest;
use super::answer::{AnswerParts, HttpAnswer, StatementResult};
use super::cost::check_cost;
use super::part::{root_range, schema};
use super::records::{AuditedAction, Begun, RequestRecords};
use super::service::ServedService;
use super::transaction::TransactionSettings;
use crate::callers::{CallerRight, RequestCaller, ServeCaller};
use crate::catalog::ExposedFunction;
use crate::compile::{CompiledStatement, FunctionCall, call_statement};
use crate::face::rest::{
    Preferences, TransactionEnd, accepted_of_function, check_method, parse_call, parse_call_query,
    parse_query,
};
use crate::fault::{RequestFault, Served};
use crate::plan::plan_tree;
use crate::request::BodyForm;
use crate::session::{DatabaseFault, LoginSession};

/// Answers a call of a caller.
pub async fn call(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &RestRequest,
    name: &str,
) -> Served<HttpAnswer> {
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
        return Ok(options(function));
    }
    let writes = posts && !function.only_reads();
    check_right(function, &caller.caller, posts, exposure.volatile_reads)?;
    let parsed = parsed.for_function(function);
    let tree = plan_tree(&catalog, &exposure.limits, catalog.rows_of(function), &query.rows, false)?;
    let preferences = request.preferences(exposure.rollback);
    let media = accepted_of_function(request.header("accept"), &catalog, function, query.rows.is_whole())?;
    preferences.check()?;
    // The planner knows nothing about a function's rows: they are counted.
    let (without_body, counts) = (request.method == "HEAD", preferences.count.is_some());
    let is_single = matches!(media.form, BodyForm::Single { .. });
    let form = if without_body && !is_single { BodyForm::Nothing } else { media.form };
    let arguments = FunctionCall {
        catalog: &catalog,
        function,
        names: &parsed.names,
        arguments: &parsed.arguments,
        query: &query.rows,
    };
    let compiled = call_statement(&arguments, &tree, form, counts)?;
    let run = CallRun {
        service,
        caller,
        records: RequestRecords::of(exposure, caller, request)?,
        function,
        settings: TransactionSettings::of(exposure, caller, &preferences),
        preferences: &preferences,
        writes,
        is_single,
        form,
        most: most_affected(function, &preferences)?,
    };
    let parts = AnswerParts {
        relation: &function.name,
        query: &query,
        preferences: &preferences,
        media_type: &media.media_type,
        profile: profile.as_deref(),
        has_key: false,
    };
    let called = |result| parts.called(result, tree.range, without_body, function.is_void);
    run.run(&compiled, &|result| parts.overridden(result, called)).await
}

/// Returns the most rows that the function may return.
fn most_affected(function: &ExposedFunction, preferences: &Preferences) -> Served<Option<i64>> {
    let most = preferences.max_affected.filter(|_| preferences.strict == Some(true));
    if most.is_some() && !function.returns_set {
        let message =
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict";
        return Err(RequestFault::new(400, "PGRST128", message));
    }
    Ok(most)
}

/// Methods by which a function may be called.
const BY_READS: &str = "OPTIONS,GET,HEAD,POST";
const BY_WRITES: &str = "OPTIONS,POST";

fn allowed(function: &ExposedFunction) -> &'static str {
    if function.only_reads() { BY_READS } else { BY_WRITES }
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
) -> Served<()> {
    if function.only_reads() {
        return Ok(());
    }
    let name = format!("{}.{}", function.schema, function.name);
    if !posts && !volatile_reads {
        let message = format!("the function {name} is volatile: it is called by POST");
        let hint = "A function that only reads is declared STABLE or IMMUTABLE.";
        return Err(RequestFault::new(405, "PGRST101", message).hint(hint).header("Allow", BY_WRITES));
    }
    if posts && caller.right == CallerRight::Read {
        let message =
            format!("caller \"{}\" may only read, and the function {name} is volatile", caller.name);
        return Err(RequestFault::new(403, "42501", message));
    }
    Ok(())
}

/// Transaction of a call.
struct CallRun<'a> {
    service: &'a ServedService,
    caller: &'a RequestCaller,
    records: RequestRecords,
    function: &'a ExposedFunction,
    settings: TransactionSettings,
    preferences: &'a Preferences,
    writes: bool,
    is_single: bool,
    form: BodyForm,
    /// Most rows that the function may return.
    most: Option<i64>,
}

/// Maker of an answer.
type Answering<'a> = &'a (dyn Fn(StatementResult) -> HttpAnswer + Sync);

impl CallRun<'_> {
    async fn run(&self, compiled: &CompiledStatement, answer: Answering<'_>) -> Served<HttpAnswer> {
        let mut session = self.service.pool_of(&self.caller.caller, true)?.get().await?;
        let done = match self.writes {
            true => self.write_in(&mut session, compiled, answer).await,
            false => self.read_in(&mut session, compiled, answer).await,
        };
        match done {
            Ok(answer) => {
                // The function's code may have left anything in the session, even a prepared statement.
                session.discard().await;
                answer
            }
            Err(fault) => Err(fault.answer(self.caller.caller.name != crate::callers::ANONYMOUS, true)),
        }
    }

    async fn read_in(
        &self,
        session: &mut LoginSession,
        compiled: &CompiledStatement,
        answer: Answering<'_>,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        self.settings.begin(session, false).await?;
        let result = self.result(session, compiled).await?;
        if result.is_err() || self.rolls_back() {
            session.execute(&stmt!("ROLLBACK")).await?;
        } else {
            session.execute(&stmt!("COMMIT")).await?;
        }
        if let Ok(result) = &result {
            self.records.read(session, &self.audited(result.rows)).await?;
        }
        Ok(result.map(answer))
    }

    async fn write_in(
        &self,
        session: &mut LoginSession,
        compiled: &CompiledStatement,
        answer: Answering<'_>,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        if let Begun::Answered(answer) = self.records.begin(session, &self.settings).await? {
            return Ok(answer);
        }
        let result = match self.result(session, compiled).await? {
            Ok(result) if !self.rolls_back() => result,
            result => {
                session.execute(&stmt!("ROLLBACK")).await?;
                return Ok(result.map(answer));
            }
        };
        self.records.wrote_last(session, &self.audited(result.rows), answer(result)).await
    }

    /// Calls the function and counts the call, unless its cost is above the limit. The planner runs what is IMMUTABLE, with the
    /// same login, in the same transaction and under the same timeout.
    async fn result(
        &self,
        session: &mut LoginSession,
        compiled: &CompiledStatement,
    ) -> Result<Served<StatementResult>, DatabaseFault> {
        if let Err(fault) = check_cost(self.service, &self.caller.caller, session, compiled).await? {
            return Ok(Err(fault));
        }
        let login = self.service.login_of(&self.caller.caller, true);
        let AuditedAction { operation, collection, .. } = self.audited(0);
        let timed = self.service.timed(login, (operation, &collection), compiled);
        let result = self.checked(&session.query(compiled).await?);
        timed.end(result.as_ref().map_or(0, |result| result.rows));
        Ok(result)
    }

    fn rolls_back(&self) -> bool {
        self.preferences.end == Some(TransactionEnd::Rollback)
    }

    /// Returns the audit's row of the call.
    fn audited(&self, rows: i64) -> AuditedAction {
        let collection = format!("{}.{}", self.function.schema, self.function.name);
        AuditedAction { operation: "call", collection, key: None, rows }
    }

    fn checked(&self, rows: &[tokio_postgres::Row]) -> Served<StatementResult> {
        let rows = StatementResult::of(rows, self.form)?;
        if self.is_single && rows.rows != 1 {
            return Err(RequestFault::not_single(rows.rows));
        }
        if self.most.is_some_and(|most| rows.rows > most) {
            return Err(RequestFault::too_many_affected(rows.rows));
        }
        let largest = self.service.exposure.limits.answer;
        if rows.body.len() > largest {
            return Err(RequestFault::too_large(largest));
        }
        Ok(rows)
    }
}
