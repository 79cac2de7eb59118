//! Session of a relay's login: claims events, records results, and waits for more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::statements::{OutboxStatements, SETTINGS, listen};
use crate::batch::claim::{BatchClaim, BatchShape, ClaimSizes, ClaimedEvent};
use crate::batch::verdict::{BatchVerdict, DeliveryOutcome};
use crate::broker::OutboxEvent;
use martydb_context::Context;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_model::{DesiredService, Outbox};
use martydb_pg::server::{
    Connection, Login, Row, Unreadable, connect_watched, execute_protected, query_each,
};
use martydb_secrets::CredentialKey;

/// Outbox of a service, and the session that works on it.
pub(crate) struct OutboxSession {
    connection: Connection,
    outbox: Arc<Outbox>,
    source: Arc<str>,
}

/// Logs in as the relay of a service, with the password that the store has now.
///
/// # Errors
/// If the store has no password, or the server rejects the login.
#[martydb_pg::boxed]
pub(crate) async fn open(
    context: &Context,
    service: &DesiredService,
    outbox: &Arc<Outbox>,
) -> Result<OutboxSession> {
    let context = context.again();
    let access = context.access(&service.server).await?;
    let desired = context.manifest.desired(&service.server);
    let key =
        desired.access.get(&outbox.relay).and_then(|role| CredentialKey::of_access(&service.server, role));
    let secrets = context.store.read(key.as_slice()).await?;
    let password = secrets.get(&service.server, &outbox.relay).cloned();
    if password.is_none() {
        let message = format!("the secret store has no password of {}", outbox.relay);
        return Err(Error::new(Kind::Unreachable, message)
            .hint(format!("run `martydb apply --service {}`: it creates the login", service.name)));
    }
    let login = Login::of_service(outbox.relay.as_str(), password);
    let connection = connect_watched(&access.endpoint, &login, service.database.as_str(), SETTINGS).await?;
    let source = format!("/{}/{}", context.manifest.project, service.name).into();
    Ok(OutboxSession { connection, outbox: outbox.clone(), source })
}

/// Opens one without the time limits, for statements that read or change much of the table.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_patient(
    context: &Context,
    service: &DesiredService,
    outbox: &Arc<Outbox>,
) -> Result<OutboxSession> {
    let mut session = open(context, service, outbox).await?;
    session.connection.without_timeout(true);
    query_each(&mut session.connection, &stmt!("SET statement_timeout = 0")).await?;
    Ok(session)
}

impl OutboxSession {
    fn statements(&self) -> OutboxStatements<'_> {
        OutboxStatements(&self.outbox)
    }

    /// Subscribes to the service's notifications.
    pub(crate) async fn listen(&mut self) -> Result<()> {
        query_each(&mut self.connection, &listen()).await.map(drop)
    }

    /// Waits for a notification. Cancel-safe.
    pub(crate) async fn wait(&mut self, patience: Duration) -> Result<bool> {
        self.connection.notified(patience).await.map_err(|failed| failed.into_error(&listen()))
    }

    /// Returns `true` if any event is unpublished, due or not.
    pub(crate) async fn has_pending(&mut self) -> Result<bool> {
        Ok(!self.query(&self.statements().has_pending()).await?.is_empty())
    }

    /// Begins a transaction and locks the publishable events: the first events of each aggregate without a gap, up
    /// to `bytes` in total.
    pub(crate) async fn claim(
        &mut self,
        after: Option<&(String, String)>,
        width: BatchShape,
        bytes: i64,
    ) -> Result<BatchClaim> {
        let look = self.statements().claim(after, width, bytes);
        let answers = query_each(&mut self.connection, &Statement::join([stmt!("BEGIN"), look])).await;
        let rows = answers.map_err(|error| self.explained(error))?.pop().unwrap_or_default();
        let mut claim = claim_of(&rows, width, self.outbox.batch, &self.source)?;
        if !claim.lanes.is_empty() {
            self.close_ranks(&mut claim, width.each).await?;
        }
        Ok(claim)
    }

    /// Removes events that have to wait for an event that is not locked here.
    async fn close_ranks(&mut self, claim: &mut BatchClaim, each: u32) -> Result<()> {
        let counting = self.statements().count_pending_sql(&claim.ends(), each);
        let doubtful = claim.doubtful(&counted(&self.query(&counting).await?)?);
        if doubtful.is_empty() {
            return Ok(());
        }
        let last: Vec<&str> = doubtful.iter().map(String::as_str).collect();
        let listing = self.statements().pending(&last, each);
        let pending = pending_of(&self.query(&listing).await?)?;
        claim.without_gaps(&doubtful, &pending);
        Ok(())
    }

    /// Records the results of a batch and commits, even after a signal: acknowledged events must not be published
    /// again.
    pub(crate) async fn settle(&mut self, events: &[OutboxEvent], verdict: &BatchVerdict) -> Result<()> {
        let statements = self.statements();
        let is_published = |(at, outcome): &(usize, DeliveryOutcome)| {
            (*outcome == DeliveryOutcome::Published).then_some(events[*at].id.as_str())
        };
        let published: Vec<&str> = verdict.outcomes.iter().filter_map(is_published).collect();
        let mut all = vec![];
        if !published.is_empty() {
            all.push(statements.published(&published));
        }
        let others = verdict
            .outcomes
            .iter()
            .filter_map(|(at, outcome)| statements.unpublished(&events[*at].id, outcome));
        all.extend(others);
        all.push(stmt!("COMMIT"));
        execute_protected(&mut self.connection, &Statement::join(all)).await
    }

    /// Releases a claim.
    pub(crate) async fn release(&mut self) -> Result<()> {
        execute_protected(&mut self.connection, &stmt!("ROLLBACK")).await
    }

    /// Runs a query and returns its rows.
    pub(crate) async fn query(&mut self, question: &Statement) -> Result<Vec<Row>> {
        let rows = query_each(&mut self.connection, question).await;
        Ok(rows.map_err(|error| self.explained(error))?.into_iter().flatten().collect())
    }

    /// Runs an update and returns the number of events.
    pub(crate) async fn change(&mut self, change: &Statement) -> Result<u64> {
        martydb_pg::server::execute(&mut self.connection, change).await.map_err(|error| self.explained(error))
    }

    #[martydb_pg::boxed]
    pub(crate) async fn close(self) {
        self.connection.close().await;
    }

    fn explained(&self, error: Error) -> Error {
        let hint = match error.sqlstate.as_deref() {
            Some("42P01") => {
                "run `martydb upgrade`: the table comes with a migration (`martydb revision SERVICE --template outbox -m outbox`)"
            }
            Some("42501") => {
                "run `martydb apply` after the migration that creates the table: it grants the relay access"
            }
            Some("42703") => "set the names of its columns under `columns` of the manifest's outbox",
            _ => return error,
        };
        error.hint(hint)
    }
}

fn claim_of(
    rows: &[Row],
    width: BatchShape,
    batch: u32,
    source: &Arc<str>,
) -> Result<BatchClaim, Unreadable> {
    let (mut found, mut aggregates, mut last) = (vec![], 0, None);
    for row in rows {
        let number: i64 = row.try_get(0)?;
        let aggregate = usize::try_from(number).map_err(|_| Unreadable::new("a number below zero"))?;
        if aggregate > aggregates {
            aggregates = aggregate;
            last = Some((row.try_get(1)?, row.try_get(2)?));
        }
        // An aggregate that is not due or is locked elsewhere has a row without an event.
        if let Some(id) = row.try_get(3)? {
            let (payload, excess): (Option<String>, Option<i64>) = (row.try_get(6)?, row.try_get(10)?);
            let is_read = payload.is_some() || excess.is_some();
            let event = is_read.then(|| event(row, id, source)).transpose()?;
            found.push(ClaimedEvent { aggregate, event });
        }
    }
    let whole = aggregates < width.aggregates as usize && rows.len() < batch as usize;
    let claim = BatchClaim::new(found);
    let figures = ClaimSizes { aggregates, whole, ..claim.figures };
    Ok(BatchClaim { figures, last, ..claim })
}

fn event(row: &Row, id: String, source: &Arc<str>) -> Result<OutboxEvent, Unreadable> {
    let (payload, headers): (Option<String>, Option<String>) = (row.try_get(6)?, row.try_get(7)?);
    Ok(OutboxEvent {
        id,
        event_id: row.try_get(4)?,
        aggregate_type: row.try_get(1)?,
        aggregate_id: row.try_get(2)?,
        event_type: row.try_get(5)?,
        payload: payload.unwrap_or_default(),
        headers: OutboxEvent::headers_of(headers.as_deref()),
        occurred_at: row.try_get(8)?,
        attempts: row.try_get(9)?,
        source: source.clone(),
        excess: row.try_get(10)?,
    })
}

fn counted(rows: &[Row]) -> Result<BTreeMap<String, usize>, Unreadable> {
    let one = |row: &Row| {
        let (event, count): (_, i64) = row.read()?;
        Ok((event, usize::try_from(count).unwrap_or(usize::MAX)))
    };
    rows.iter().map(one).collect()
}

fn pending_of(rows: &[Row]) -> Result<BTreeMap<String, Vec<String>>, Unreadable> {
    let mut pending: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        pending.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
    }
    Ok(pending)
}
