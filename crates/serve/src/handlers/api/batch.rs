//! Batches: operations that happen together or not at all.

use std::borrow::Cow;

use super::call::{ApiCall, JSON};
use crate::answer::{HttpAnswer, StatementResult};
use crate::error::{HttpError, HttpResult};
use crate::face::api::{OperationBatch, parse_batch};
use crate::run::{Handled, PreparedRequest, RequestStep, RequestWork, TransactionMode};

/// Repetitions after a conflict with another transaction: all that the batch does is known.
const REPETITIONS: u32 = 3;

impl<'a> ApiCall<'a> {
    /// Prepares a batch, whose answer has the results in its order.
    pub(super) fn batch(self) -> HttpResult<Handled<'a>> {
        let batch = parse_batch(&self.request.body, &self.service.exposure.limits)?;
        let writes = batch.operations.iter().any(|one| one.writes());
        self.check_right(writes)?;
        let mut session = self.session(writes);
        session.isolation = batch.isolation;
        if !writes {
            session.mode = TransactionMode::ReadOnly;
        }
        let (context, work) = (self.context()?, BatchRequest { call: self, batch });
        let request = PreparedRequest::new(context, session, work);
        Ok(PreparedRequest { repetitions: REPETITIONS, ..request }.into())
    }
}

struct BatchRequest<'a> {
    call: ApiCall<'a>,
    batch: OperationBatch,
}

impl RequestWork for BatchRequest<'_> {
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        let Some(operation) = self.batch.operations.get(done.len()) else { return Ok(None) };
        let texts: Vec<&str> = done.iter().map(text).collect();
        let operation = operation.resolved(&texts, &|name| self.call.kind(name))?;
        let mut prepared = self.call.prepare(&operation)?;
        let compiled = std::mem::take(&mut prepared.compiled);
        let step = prepared.step(Cow::Owned(compiled));
        let service = self.call.service;
        let before: usize = texts.iter().map(|text| text.len()).sum();
        let written = move |result| {
            let result = prepared.check(result)?;
            let body = prepared.text(&result, &service.cursors)?.into_bytes();
            let most = service.exposure.limits.answer();
            if before + body.len() > most {
                Err(HttpError::too_large(most))
            } else {
                Ok(StatementResult { body, ..result })
            }
        };
        Ok(Some(step.checked(written)))
    }

    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        let results: Vec<&str> = done.iter().map(text).collect();
        let headers = vec![("Content-Type".into(), JSON.to_owned())];
        let body = format!("{{\"results\":[{}]}}", results.join(",")).into_bytes();
        Ok(HttpAnswer { status: 200, headers, body })
    }

    fn explain(&self, step: usize, mut error: HttpError) -> HttpError {
        error.message = format!("operation {step}: {}", error.message);
        error
    }
}

/// Returns the text of an operation's result.
fn text(result: &StatementResult) -> &str {
    std::str::from_utf8(&result.body).unwrap_or_default()
}
