//! Transactions of several requests: begin, operations, commit or rollback. An error rolls back at once, so that a caller that
//! is gone holds nothing.

use martydb_model::sql::stmt;
use serde_json::json;
use tokio::time::timeout_at;

use super::call::{ApiCall, JSON};
use super::execute::{DoneOperation, audited};
use crate::compile::CompiledStatement;
use crate::face::api::{BatchOperation, BodyKeys, isolation};
use crate::fault::{RequestFault, Served};
use crate::serving::answer::HttpAnswer;
use crate::serving::idempotency::lasting_claims;
use crate::serving::open_transactions::{TakenTransaction, TransactionOwner, ended};
use crate::serving::records::commit_alone;
use crate::session::{DatabaseFault, LoginSession};

impl ApiCall<'_> {
    fn owner(&self) -> TransactionOwner {
        TransactionOwner { caller: self.caller.caller.name.clone(), claims: lasting_claims(self.caller) }
    }

    fn said(&self, status: u16, text: String) -> HttpAnswer {
        let headers = vec![("Content-Type".into(), JSON.to_owned())];
        HttpAnswer { status, headers, body: text.into_bytes() }
    }

    /// Begins a transaction, and answers with its id.
    pub async fn begin(&self) -> Served<HttpAnswer> {
        let times = self.service.transactions.times()?;
        self.check_right(true)?;
        self.records.check_keyless()?;
        let level = match self.request.body.trim() {
            "" => None,
            text => {
                let mut body = BodyKeys::parse(text)?;
                let level = isolation(&mut body)?;
                body.finish()?;
                level
            }
        };
        let taken = self.service.transactions.begin(self.owner())?;
        let mut session = self.service.pool_of(&self.caller.caller, true)?.get().await?;
        let settings = self.settings().isolated(level);
        let begun = async {
            settings.begin(&mut session, true).await?;
            // The process's own clock counts; this one is for the case that the process is stuck.
            let statement =
                stmt!("SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', $1::text, true)");
            let idle = (times.idle.as_millis() + 1000).to_string();
            session.query(&CompiledStatement::new(statement, vec![idle])).await
        };
        begun.await.map_err(|fault| fault.answer(self.is_authenticated(), true))?;
        let (idle, total) = (times.idle.as_millis() as u64, times.total.as_millis() as u64);
        let text = json!({ "id": taken.id(), "idle_ms": idle, "total_ms": total }).to_string();
        let place = format!("/{}/api/db/transactions/{}", self.service.name, taken.id());
        taken.put_back(Some(session));
        let mut answer = self.said(201, text);
        answer.headers.push(("Location".into(), place));
        Ok(answer)
    }

    /// Runs one operation in a transaction.
    pub async fn operate(&self, id: &str) -> Served<HttpAnswer> {
        self.records.check_keyless()?;
        let operation = BatchOperation::parse(&self.request.body)?.resolved(&[], &|name| self.kind(name))?;
        let prepared = self.prepare(&operation)?;
        let (taken, session) = self.taken(id).await?;
        let Some(mut session) = session else {
            taken.put_back(None);
            return Err(failed());
        };
        let done = timeout_at(taken.deadline, self.execute(&mut session, prepared, false)).await;
        let Ok(done) = done else { return Err(ended()) };
        let text = match done {
            Ok(Ok(done)) => self
                .recorded_beside(&done)
                .await
                .and_then(|()| done.prepared.text(&done.result, &self.service.cursors)),
            Ok(Err(fault)) => Err(fault),
            Err(fault) => Err(self.lost(fault)?),
        };
        match text {
            Ok(text) => {
                taken.put_back(Some(session));
                Ok(self.said(200, text))
            }
            Err(fault) => {
                roll_back(session).await;
                taken.put_back(None);
                Err(fault)
            }
        }
    }

    /// Records a read on a connection of its own: its row stays when the transaction is rolled back.
    async fn recorded_beside(&self, done: &DoneOperation) -> Served<()> {
        if done.prepared.writes || !self.service.exposure.records.reads {
            return Ok(());
        }
        let mut beside = self.service.pool_of(&self.caller.caller, true)?.get().await?;
        let recorded = self.records.read(&mut beside, &audited(&done.prepared, &done.result)).await;
        recorded.map_err(|fault| fault.answer(self.is_authenticated(), true))?;
        beside.discard().await;
        Ok(())
    }

    /// Returns the answer to an error of the server, after which the session can be used; after another one it is over.
    fn lost(&self, fault: DatabaseFault) -> Served<RequestFault> {
        let answer = fault.answer(self.is_authenticated(), true);
        match fault.sqlstate().is_some_and(|state| !state.starts_with("57")) {
            true => Ok(answer),
            false => Err(answer),
        }
    }

    /// Commits a transaction.
    pub async fn commit(&self, id: &str) -> Served<HttpAnswer> {
        self.records.check_keyless()?;
        let (taken, session) = self.taken(id).await?;
        let Some(mut session) = session else {
            taken.finish();
            return Err(failed());
        };
        let done = timeout_at(taken.deadline, commit_alone(&mut session)).await;
        let Ok(done) = done else {
            taken.finish();
            return Err(DatabaseFault::UnknownOutcome.answer(true, true));
        };
        taken.finish();
        done.map_err(|fault| fault.answer(self.is_authenticated(), true))?;
        session.discard().await;
        Ok(self.said(200, json!({ "committed": true }).to_string()))
    }

    /// Rolls a transaction back.
    pub async fn roll_back(&self, id: &str) -> Served<HttpAnswer> {
        let (taken, session) = self.service.transactions.take(id, &self.owner())?;
        if let Some(session) = session {
            roll_back(session).await;
        }
        taken.finish();
        Ok(HttpAnswer { status: 204, headers: vec![], body: vec![] })
    }

    /// Takes a transaction of this caller; ends it if the caller has lost the right to write meanwhile.
    async fn taken(&self, id: &str) -> Served<(TakenTransaction, Option<LoginSession>)> {
        let (taken, session) = self.service.transactions.take(id, &self.owner())?;
        let Err(fault) = self.check_right(true) else { return Ok((taken, session)) };
        if let Some(session) = session {
            roll_back(session).await;
        }
        taken.finish();
        Err(fault)
    }
}

/// Rolls back, and gives the connection back to its pool; one that cannot is closed.
async fn roll_back(mut session: LoginSession) {
    if session.execute(&stmt!("ROLLBACK")).await.is_ok() {
        session.discard().await;
    }
}

fn failed() -> RequestFault {
    let message = "the transaction has failed, and was rolled back";
    RequestFault::new(409, "25P02", message).hint("DELETE it, and begin another one")
}
