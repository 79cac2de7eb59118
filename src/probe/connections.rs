//! `test-connections`: can every login reach its own database, how fast, and how safely?

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::task::Task;
use super::verdict::judge_own;
use crate::error::ExitStatus;
use crate::report::{Cell, Look, Paint, Report, Table, keys, printable};
use crate::wire::{Attempt, Outcome};

/// How a login fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    /// It got in.
    Ok,
    /// The server said no.
    Refused,
    /// There was no answer, or none that made sense.
    Failed,
}

impl Reached {
    fn word(self) -> (&'static str, Paint) {
        match self {
            Reached::Ok => ("ok", Paint::Good),
            Reached::Refused => ("refused", Paint::Bad),
            Reached::Failed => ("failed", Paint::Bad),
        }
    }
}

/// One login at its own database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connection {
    /// Whose login.
    pub service: String,
    /// The role.
    pub role: String,
    /// The server.
    pub server: String,
    /// Its database.
    pub database: String,
    /// How it fared.
    pub outcome: Reached,
    /// How long it took, `None` where there was no answer.
    pub latency_ms: Option<f64>,
    /// Whether the session was encrypted.
    pub tls: Option<bool>,
    /// What the server says it is.
    pub server_version: Option<String>,
    /// Why it got in not.
    pub error: Option<String>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connections {
    /// In the order of the services.
    pub connections: Vec<Connection>,
}

/// What [`super::try_own`] saw, for people and scripts.
pub fn connections(task: &Task, attempts: &[Attempt]) -> Vec<Connection> {
    let one = |(login, attempt): (&super::ProbeLogin, &Attempt)| {
        let (outcome, session) = match &attempt.outcome {
            Outcome::LetIn(session) => (Reached::Ok, Some(session)),
            Outcome::Refused(_) => (Reached::Refused, None),
            Outcome::Broken(_) => (Reached::Failed, None),
        };
        Connection {
            service: login.service.to_string(),
            role: login.role.to_string(),
            server: task.server.clone(),
            database: login.database.to_string(),
            outcome,
            latency_ms: (outcome != Reached::Failed).then(|| milliseconds(attempt.latency)),
            tls: session.map(|session| session.tls),
            server_version: session.map(|session| session.server_version.clone()),
            error: judge_own(&attempt.outcome).why,
        }
    };
    task.logins.iter().zip(attempts).map(one).collect()
}

/// To a tenth: what a person reads, and no false precision.
fn milliseconds(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 10_000.0).round() / 10.0
}

impl Report for Connections {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, look: &Look) -> String {
        let mut table = Table::new(&["service", "role", "database", "result", "ms", "tls", "version"])
            .spare(&["version", "tls"]);
        for row in &self.connections {
            let (word, paint) = row.outcome.word();
            table.row([
                Cell::from(&row.service),
                printable(&row.role).into(),
                printable(&row.database).into(),
                Cell::new(word, paint),
                Cell::number(row.latency_ms.map_or("-".into(), |ms| format!("{ms:.1}"))),
                row.tls.map_or("-", |tls| if tls { "yes" } else { "no" }).into(),
                printable(row.server_version.as_deref().unwrap_or("-")).into(),
            ]);
        }
        let failed = self.connections.iter().filter_map(|row| {
            let error = row.error.as_deref()?;
            Some(format!("{}: {}\n", printable(&row.role), printable(error)))
        });
        let failed: String = failed.collect();
        match failed.is_empty() {
            true => table.render(look),
            false => format!("{}\n{failed}", table.render(look)),
        }
    }

    fn status(&self) -> ExitStatus {
        match self.connections.iter().all(|row| row.outcome == Reached::Ok) {
            true => ExitStatus::Success,
            false => ExitStatus::Unreachable,
        }
    }
}
