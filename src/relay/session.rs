//! One session of a relay's login: claims, what became of them, and waiting for more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::claim::{BatchClaim, ClaimedRow, Width};
use super::statements::{OutboxStatements, SETTINGS, listen};
use super::verdict::{BatchVerdict, pause};
use crate::broker::OutboxEvent;
use crate::error::{Error, Kind, Result};
use crate::model::{DesiredService, Outbox};
use crate::run::Run;
use crate::secrets::CredentialKey;
use crate::server::{Connection, Login, Row, Unreadable, connect_watched, execute_protected, query_each};
use crate::sql::{Statement, stmt};

/// A service's outbox, and the session that works on it.
pub struct OutboxSession {
    connection: Connection,
    outbox: Arc<Outbox>,
    source: Arc<str>,
}

/// Logs in as the relay of a service, with the password that the store has now.
///
/// # Errors
/// If there is none, or the server does not let it in.
pub async fn open(run: &Run, service: &DesiredService, outbox: &Arc<Outbox>) -> Result<OutboxSession> {
    let run = run.again();
    let access = run.access(&service.server).await?;
    let desired = run.manifest.desired(&service.server);
    let key =
        desired.access.get(&outbox.relay).and_then(|role| CredentialKey::of_access(&service.server, role));
    let secrets = run.store.read(key.as_slice()).await?;
    let password = secrets.get(&service.server, &outbox.relay).cloned();
    if password.is_none() {
        let message = format!("the secret store has no password of {}", outbox.relay);
        return Err(Error::new(Kind::Unreachable, message)
            .hint(format!("run `martydb apply --service {}`: it makes the login", service.name)));
    }
    let login = Login::of_service(outbox.relay.as_str(), password);
    let connection = connect_watched(&access.endpoint, &login, service.database.as_str(), SETTINGS).await?;
    let source = format!("/{}/{}", run.manifest.project, service.name).into();
    Ok(OutboxSession { connection, outbox: outbox.clone(), source })
}

impl OutboxSession {
    fn statements(&self) -> OutboxStatements<'_> {
        OutboxStatements(&self.outbox)
    }

    /// Asks to be woken where the service notifies.
    pub async fn listen(&mut self) -> Result<()> {
        query_each(&mut self.connection, &listen()).await.map(drop)
    }

    /// Waits until events may be there. It can be dropped at any moment.
    pub async fn wait(&mut self, patience: Duration) -> Result<bool> {
        let woken = self.connection.notified(patience).await;
        woken.map_err(|failed| failed.fault.into_error(&listen()))
    }

    /// Whether any event is still to be sent, due or not.
    pub async fn has_pending(&mut self) -> Result<bool> {
        let question = self.statements().has_pending();
        Ok(!self.ask(&question).await?.is_empty())
    }

    /// Begins a transaction and locks what may be published.
    pub async fn claim(&mut self, after: Option<&(String, String)>, width: Width) -> Result<BatchClaim> {
        let look = self.statements().claim(after, width);
        let answers = query_each(&mut self.connection, &Statement::join([stmt!("BEGIN"), look])).await;
        let rows = answers.map_err(|error| self.explained(error))?.pop().unwrap_or_default();
        read(claim_of(&rows, width, self.outbox.batch))
    }

    /// The events of a claim, of each aggregate without a gap, and of all as many as these bytes hold.
    pub async fn events(
        &mut self,
        claim: &mut BatchClaim,
        bytes: i64,
        each: u32,
    ) -> Result<Vec<Vec<OutboxEvent>>> {
        let last: Vec<&str> = claim.lanes.iter().filter_map(|lane| lane.last()).map(String::as_str).collect();
        let ids: Vec<&str> = claim.lanes.iter().flatten().map(String::as_str).collect();
        let statements = self.statements();
        let both = Statement::join([statements.pending(&last, each), statements.fetch(&ids, bytes)]);
        let mut answers = query_each(&mut self.connection, &both).await?;
        let (events, pending) = (answers.pop().unwrap_or_default(), answers.pop().unwrap_or_default());
        claim.without_gaps(&read(pending_of(&pending))?);
        let event = |row: &Row| self.event(row);
        let events = read(events.iter().map(event).collect::<Result<Vec<_>, _>>())?;
        Ok(in_lanes(claim, events))
    }

    fn event(&self, row: &Row) -> Result<OutboxEvent, Unreadable> {
        let headers: Option<String> = row.try_get(6)?;
        Ok(OutboxEvent {
            id: row.try_get(0)?,
            event_id: row.try_get(1)?,
            aggregate_type: row.try_get(2)?,
            aggregate_id: row.try_get(3)?,
            event_type: row.try_get(4)?,
            payload: row.try_get(5)?,
            headers: OutboxEvent::headers_of(headers.as_deref()),
            occurred_at: row.try_get(7)?,
            attempts: row.try_get(8)?,
            source: self.source.clone(),
        })
    }

    /// Writes down what became of a batch and ends the transaction, after a signal too: what the broker has must not be
    /// published again.
    pub async fn settle(&mut self, events: &[OutboxEvent], verdict: &BatchVerdict) -> Result<()> {
        let statements = self.statements();
        let published: Vec<&str> = verdict.published.iter().map(|at| events[*at].id.as_str()).collect();
        let mut all = vec![];
        if !published.is_empty() {
            all.push(statements.published(&published));
        }
        for (at, why) in &verdict.failed {
            let event = &events[*at];
            all.push(statements.failed(&event.id, why, pause(&self.outbox.retry, event.attempts + 1)));
        }
        all.push(stmt!("COMMIT"));
        execute_protected(&mut self.connection, &Statement::join(all)).await
    }

    /// Gives a claim back.
    pub async fn release(&mut self) -> Result<()> {
        execute_protected(&mut self.connection, &stmt!("ROLLBACK")).await
    }

    /// Runs one question and hands its rows back.
    pub async fn ask(&mut self, question: &Statement) -> Result<Vec<Row>> {
        let rows = query_each(&mut self.connection, question).await;
        Ok(rows.map_err(|error| self.explained(error))?.into_iter().flatten().collect())
    }

    /// Runs one change and says how many events it was about.
    pub async fn change(&mut self, change: &Statement) -> Result<u64> {
        crate::server::execute(&mut self.connection, change).await.map_err(|error| self.explained(error))
    }

    /// Lets an answer be as long as it takes.
    pub fn be_patient(&mut self) {
        self.connection.be_patient(true);
    }

    pub async fn close(self) {
        self.connection.close().await;
    }

    fn explained(&self, error: Error) -> Error {
        let hint = match error.sqlstate.as_deref() {
            Some("42P01") => {
                "run `martydb upgrade`: the table comes with a migration (`martydb revision SERVICE --template outbox -m outbox`)"
            }
            Some("42501") => {
                "run `martydb apply` after the migration that makes the table: it lets the relay read it"
            }
            Some("42703") => "`columns` of the manifest's outbox says what its columns are called",
            _ => return error,
        };
        error.hint(hint)
    }
}

fn read<T>(end: Result<T, Unreadable>) -> Result<T> {
    end.map_err(|error| Error::operation("the server's answer cannot be read").cause(error))
}

fn claim_of(rows: &[Row], width: Width, batch: u32) -> Result<BatchClaim, Unreadable> {
    let (mut found, mut looked, mut last) = (vec![], 0, None);
    for row in rows {
        let number: i64 = row.try_get(0)?;
        let aggregate = usize::try_from(number).map_err(|_| Unreadable::new("a number below zero"))?;
        if aggregate > looked {
            looked = aggregate;
            last = Some((row.try_get(1)?, row.try_get(2)?));
        }
        if let Some(id) = row.try_get(3)? {
            found.push(ClaimedRow { aggregate, id });
        }
    }
    let whole = looked < width.aggregates as usize && rows.len() < batch as usize;
    Ok(BatchClaim { looked, last, whole, ..BatchClaim::of(found) })
}

fn pending_of(rows: &[Row]) -> Result<BTreeMap<String, Vec<String>>, Unreadable> {
    let mut pending: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        pending.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
    }
    Ok(pending)
}

/// What was fetched, in the order of the claim; a lane ends where the bytes did.
fn in_lanes(claim: &BatchClaim, events: Vec<OutboxEvent>) -> Vec<Vec<OutboxEvent>> {
    let mut fetched: BTreeMap<String, OutboxEvent> =
        events.into_iter().map(|event| (event.id.clone(), event)).collect();
    let lanes = claim.lanes.iter().map(|lane| lane.iter().map_while(|id| fetched.remove(id)).collect());
    lanes.filter(|lane: &Vec<OutboxEvent>| !lane.is_empty()).collect()
}
