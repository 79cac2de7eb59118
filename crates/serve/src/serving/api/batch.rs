//! Batches: operations that happen together or not at all.

use std::time::Duration;

use martydb_model::sql::stmt;

use super::call::{ApiCall, JSON};
use super::execute::audited;
use crate::face::api::OperationBatch;
use crate::face::rest::TransactionEnd;
use crate::fault::{RequestFault, Served};
use crate::serving::answer::HttpAnswer;
use crate::serving::records::{AuditedAction, Begun};
use crate::session::{DatabaseFault, LoginSession};

/// Repetitions after a conflict with another transaction: all that the batch does is known.
const REPETITIONS: u32 = 3;

impl ApiCall<'_> {
    /// Runs a batch, and answers with the results in its order.
    pub async fn batch(&self, batch: &OperationBatch) -> Served<HttpAnswer> {
        let writes = batch.operations.iter().any(|one| one.writes());
        self.check_right(writes)?;
        let mut repetition = 0;
        loop {
            let mut session = self.service.pool_of(&self.caller.caller, writes)?.get().await?;
            let mut current = None;
            match self.batch_in(&mut session, batch, writes, &mut current).await {
                Ok(answer) => {
                    session.discard().await;
                    return answer;
                }
                Err(fault) if repetition < REPETITIONS && is_conflict(&fault) => {
                    if session.execute(&stmt!("ROLLBACK")).await.is_ok() {
                        session.discard().await;
                    }
                    repetition += 1;
                    tokio::time::sleep(pause(repetition)).await;
                }
                Err(fault) => {
                    let fault = fault.answer(self.is_authenticated(), true);
                    return Err(match current {
                        Some(number) => of_operation(number, fault),
                        None => fault,
                    });
                }
            }
        }
    }

    async fn batch_in(
        &self,
        session: &mut LoginSession,
        batch: &OperationBatch,
        writes: bool,
        current: &mut Option<usize>,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        let settings = self.settings().isolated(batch.isolation);
        match writes {
            true => {
                if let Begun::Answered(answer) = self.records.begin(session, &settings).await? {
                    return Ok(answer);
                }
            }
            false => settings.begin(session, false).await?,
        }
        let mut done = vec![];
        let ended = self.results(session, batch, (writes, &mut done), current).await?;
        let results: Vec<&str> = done.iter().map(|(text, _)| text.as_str()).collect();
        let answer = ended.map(|()| HttpAnswer {
            status: 200,
            headers: vec![("Content-Type".into(), JSON.to_owned())],
            body: format!("{{\"results\":[{}]}}", results.join(",")).into_bytes(),
        });
        match answer {
            Ok(answer) if !writes => {
                session.execute(&stmt!("COMMIT")).await?;
                for (_, action) in &done {
                    self.records.read(session, action).await?;
                }
                Ok(Ok(answer))
            }
            answer => {
                let ended = self.end(session, answer).await?;
                // The rows of the reads went with the transaction, and the caller gets what was read.
                if ended.is_ok() && self.preferences.end == Some(TransactionEnd::Rollback) {
                    for (_, action) in done.iter().filter(|(_, action)| action.operation == "read") {
                        self.records.read(session, action).await?;
                    }
                }
                Ok(ended)
            }
        }
    }

    async fn results(
        &self,
        session: &mut LoginSession,
        batch: &OperationBatch,
        (writes, finished): (bool, &mut Vec<(String, AuditedAction)>),
        current: &mut Option<usize>,
    ) -> Result<Served<()>, DatabaseFault> {
        let mut bytes = 0;
        for (number, operation) in batch.operations.iter().enumerate() {
            *current = Some(number);
            let texts: Vec<&str> = finished.iter().map(|(text, _)| text.as_str()).collect();
            let prepared = operation
                .resolved(&texts, &|name| self.kind(name))
                .and_then(|operation| self.prepare(&operation));
            let done = match prepared {
                Ok(prepared) => self.execute(session, prepared, writes).await?,
                Err(fault) => Err(fault),
            };
            let text = done.and_then(|done| {
                let text = done.prepared.text(&done.result, &self.service.cursors)?;
                Ok((text, audited(&done.prepared, &done.result)))
            });
            match text {
                Ok(one) => finished.push(one),
                Err(fault) => return Ok(Err(of_operation(number, fault))),
            }
            bytes += finished.last().map_or(0, |(text, _)| text.len());
            let most = self.service.exposure.limits.answer;
            if bytes > most {
                return Ok(Err(RequestFault::too_large(most)));
            }
        }
        *current = None;
        Ok(Ok(()))
    }
}

/// Names the operation in a fault.
fn of_operation(number: usize, mut fault: RequestFault) -> RequestFault {
    fault.message = format!("operation {number}: {}", fault.message);
    fault
}

/// Returns `true` for a conflict with another transaction, after which a repetition may succeed.
fn is_conflict(fault: &DatabaseFault) -> bool {
    matches!(fault.sqlstate(), Some("40001" | "40P01"))
}

/// Returns the pause before a repetition, longer each time.
fn pause(repetition: u32) -> Duration {
    Duration::from_millis(5 << repetition)
}
