//! Statements of requests, timed for the statistics and the slow log.

use std::time::Instant;

use crate::compile::CompiledStatement;
use crate::guard::{ShapeSubject, StatementOutcome};
use crate::run::service::ServedService;

/// A statement that runs. Dropped before its end is recorded, because it failed or its caller hung up, it counts as failed.
pub(crate) struct TimedStatement<'a> {
    service: &'a ServedService,
    subject: ShapeSubject<'a>,
    begun: Instant,
    rows: Option<i64>,
}

impl TimedStatement<'_> {
    /// Tells the number of its rows.
    pub(crate) fn end(mut self, rows: i64) {
        self.rows = Some(rows);
    }
}

impl Drop for TimedStatement<'_> {
    fn drop(&mut self) {
        let outcome = StatementOutcome { took: self.begun.elapsed(), rows: self.rows };
        self.service.count_statement(self.subject, outcome);
    }
}

impl ServedService {
    /// Counts a statement that has ended, and logs a slow one.
    pub(crate) fn count_statement(&self, subject: ShapeSubject<'_>, outcome: StatementOutcome) {
        let slow = self.exposure.limits.slow;
        if self.guard.shapes.count(subject, outcome, slow, Instant::now()) {
            let ShapeSubject { operation, collection, login, .. } = subject;
            let (service, took) = (&self.name, outcome.took.as_millis());
            // Neither the statement nor a value: others read the log.
            tracing::warn!(target: "martydb", "slow: {service}: {operation} of {collection} by {login} took {took} ms");
        }
    }

    /// Counts a statement from now until its end is recorded.
    pub(crate) fn timed<'a>(
        &'a self,
        login: &'a str,
        (operation, collection): (&'static str, &'a str),
        compiled: &'a CompiledStatement,
    ) -> TimedStatement<'a> {
        let (statement, digest) = (compiled.statement.exact(), compiled.digest());
        TimedStatement {
            service: self,
            subject: ShapeSubject { login, operation, collection, statement, digest },
            begun: Instant::now(),
            rows: None,
        }
    }
}
