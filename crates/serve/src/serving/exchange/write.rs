//! Writes, in several steps: BEGIN, checks, the statement, its record, COMMIT.

use martydb_model::sql::stmt;

use super::RestCall;
use crate::compile::{CompiledStatement, WrittenRows, write_statement};
use crate::face::rest::{ParsedQuery, ReturnWish, TransactionEnd};
use crate::fault::{RequestFault, Served};
use crate::plan::PlannedTree;
use crate::request::{BodyForm, RowAction, RowQuery};
use crate::serving::answer::{HttpAnswer, StatementResult};
use crate::serving::cost::check_cost;
use crate::serving::records::{Begun, key_of};
use crate::serving::transaction::TransactionSettings;
use crate::session::{DatabaseFault, LoginSession};

impl RestCall<'_> {
    /// Writes: in one statement where that is possible, and in several steps otherwise.
    pub(super) async fn write(
        &self,
        parsed: &ParsedQuery,
        action: &RowAction,
        tree: &PlannedTree<'_>,
        answer: &(dyn Fn(StatementResult) -> HttpAnswer + Sync),
    ) -> Served<HttpAnswer> {
        let query = &parsed.rows;
        self.check_filtered(query, action)?;
        let returns =
            matches!(self.preferences.returns, Some(ReturnWish::Representation | ReturnWish::HeadersOnly));
        let shows = self.preferences.returns == Some(ReturnWish::Representation);
        let form = if shows { self.form } else { BodyForm::Nothing };
        let write = WrittenRows {
            catalog: self.catalog,
            relation: self.relation,
            query,
            action,
            returns,
            locates: matches!(action, RowAction::Insert { .. })
                && (self.answers_location() || returns && self.exposure().records.writes),
        };
        let lone = self.lone_write(&write, tree, form, &parsed.canonical)?;
        let mut session = self.service.pool_of(&self.caller.caller, true)?.get().await?;
        if let Some(compiled) = lone
            && let Some(done) = self.write_alone(&mut session, action, &compiled, answer).await
        {
            return self.finish(session, done, false).await;
        }
        let compiled = write_statement(&write, tree, form)?;
        let is_plain = tree.is_plain_to_write();
        if is_plain {
            session.writes_plainly();
        }
        let done = self.write_in(&mut session, (action, &parsed.canonical), &compiled, answer).await;
        self.finish(session, done, !is_plain).await
    }

    /// Rejects a change of all rows: a filter was forgotten.
    fn check_filtered(&self, query: &RowQuery, action: &RowAction) -> Served<()> {
        let changes = matches!(action, RowAction::Update { .. } | RowAction::Delete);
        if !changes || self.exposure().unfiltered_writes || query.root_filters().next().is_some() {
            return Ok(());
        }
        let message = "a change of all rows needs a filter";
        Err(RequestFault::new(400, "21000", message)
            .hint("a condition that all rows fulfil, such as id=not.is.null"))
    }

    async fn write_in(
        &self,
        session: &mut LoginSession,
        (action, filters): (&RowAction, &str),
        compiled: &CompiledStatement,
        answer: &(dyn Fn(StatementResult) -> HttpAnswer + Sync),
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        let settings = TransactionSettings::of(self.exposure(), self.caller, self.preferences);
        if let Begun::Answered(answer) = self.records.begin(session, &settings).await? {
            return Ok(answer);
        }
        let refused = match &self.precondition {
            Some(precondition) => precondition.check(session).await?,
            None => Ok(()),
        };
        let refused = match refused {
            Ok(()) => check_cost(self.service, &self.caller.caller, session, compiled).await?,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = refused {
            session.execute(&stmt!("ROLLBACK")).await?;
            return Ok(Err(fault));
        }
        let result = self
            .timed(session, action, compiled, false)
            .await?
            .and_then(|result| self.checked(result))
            .and_then(|result| self.affected(action, result));
        let mut result = match result {
            Ok(result) => result,
            Err(fault) => {
                session.execute(&stmt!("ROLLBACK")).await?;
                return Ok(Err(fault));
            }
        };
        let key = match action {
            RowAction::Insert { .. } => key_of(&result),
            _ => Some(filters.to_owned()),
        };
        if !self.answers_location() {
            result.location = None;
        }
        let audited = self.audited(action, key, result.rows);
        if self.preferences.end == Some(TransactionEnd::Rollback) {
            session.execute(&stmt!("SET CONSTRAINTS ALL IMMEDIATE")).await?;
            session.execute(&stmt!("ROLLBACK")).await?;
            return Ok(Ok(answer(result)));
        }
        self.records.wrote_last(session, &audited, answer(result)).await
    }

    pub(super) fn answers_location(&self) -> bool {
        self.preferences.returns == Some(ReturnWish::HeadersOnly)
    }

    /// Checks the number of rows that a write changed.
    fn affected(&self, action: &RowAction, result: StatementResult) -> Served<StatementResult> {
        if matches!(action, RowAction::Put { .. }) && result.rows != 1 {
            let message = "Payload values do not match URL in primary key column(s)";
            return Err(RequestFault::new(400, "PGRST115", message));
        }
        let changes = matches!(action, RowAction::Update { .. } | RowAction::Delete);
        let most = self.preferences.max_affected.filter(|_| changes && self.preferences.strict == Some(true));
        if most.is_some_and(|most| result.rows > most) {
            return Err(RequestFault::too_many_affected(result.rows));
        }
        Ok(result)
    }
}
