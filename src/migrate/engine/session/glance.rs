//! The history and a few more answers in one message, for commands that look at many databases and write in none.
//!
//! A first question costs a new session most of what it costs at all, and another round trip costs as much again. So the
//! history is asked for where it usually is, before it is known to be there; if it is not, the server refuses the
//! message, and the way is the usual one.

use std::time::{Duration, Instant};

use super::{Intent, MigrationSession, NoSession};
use crate::error::Result;
use crate::migrate::history::{HistoryRows, Present, tables};
use crate::migrate::report::EventSender;
use crate::migrate::target::MigrationTarget;
use crate::server::Row;
use crate::sql::{Statement, stmt};

/// What a session was asked at its start.
pub struct Glance<'a> {
    pub session: MigrationSession<'a>,
    pub history: Result<HistoryRows>,
    /// The answers to the other questions.
    pub others: Vec<Vec<Row>>,
}

impl<'a> Glance<'a> {
    /// Logs in, reads the history as the owner, and asks `others` as the login itself.
    ///
    /// # Errors
    /// If there is no session, or its database is not provisioned.
    pub async fn take(
        target: &'a MigrationTarget,
        wait: Duration,
        others: &[Statement],
    ) -> Result<Glance<'a>, NoSession> {
        let deadline = Instant::now() + wait;
        let mut session =
            MigrationSession::log_in(target, Intent::Read, deadline, &EventSender::ignored()).await?;
        if let Some((applied, others)) = guess(&mut session, others).await {
            let history = session.history_with(&applied).await;
            return Ok(Glance { session, history, others });
        }
        session.start(None).await?;
        let history = session.rows().await;
        // If they cannot be had, neither can the history, and its error says why.
        let answers = session.query(as_login(&session, others)).await.unwrap_or_default();
        Ok(Glance { session, history, others: of_login(answers.into_iter(), others.len()) })
    }
}

/// The rows of refinery's table in the first of the schemas, and the other answers. `None` where it is not there, or
/// anything else is wrong.
async fn guess(
    session: &mut MigrationSession<'_>,
    others: &[Statement],
) -> Option<(Vec<Row>, Vec<Vec<Row>>)> {
    let schema = session.target.schemas.first()?;
    let mut asked = vec![session.act_as_owner(), tables::beside(), tables::read_refinery(schema)];
    asked.extend(as_login(session, others));
    let mut results = session.query(asked).await.ok()?.into_iter().skip(1);
    let beside = results.next()?;
    let (process, present) = Present::beside(beside.first()?, schema).ok()?;
    // Behind a pooler the answers are another session's; the usual way says so.
    if process != session.connection.backend() {
        return None;
    }
    session.present = present;
    Some((results.next()?, of_login(results, others.len())))
}

/// The answers to the `count` statements of [`as_login`].
fn of_login(results: impl Iterator<Item = Vec<Row>>, count: usize) -> Vec<Vec<Row>> {
    results.skip(1).take(count).collect()
}

/// Leaves the session as the owner's.
fn as_login(session: &MigrationSession<'_>, asked: &[Statement]) -> Vec<Statement> {
    let mut all = vec![stmt!("SET ROLE NONE")];
    all.extend_from_slice(asked);
    all.push(session.act_as_owner());
    all
}
