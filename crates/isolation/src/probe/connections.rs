//! `test-connections`: tests for every login whether it can connect to its own database, with latency and TLS.

use std::time::Duration;

use serde::Serialize;

use super::task::{ProbeLogin, Task};
use super::verdict::judge_own;
use martydb_model::error::ExitStatus;
use martydb_model::units::first_of;
use martydb_pg::wire::{Attempt, Outcome};
use martydb_ui::report::{Cell, Paint, Report, Style, Table, printable};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginResult {
    Ok,
    Refused,
    /// No answer, or none that makes sense.
    Failed,
}

/// Result of one login at its own database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionRow {
    pub service: String,
    pub role: String,
    pub server: String,
    /// Replica of the server that it was tried at; `None` for the server itself.
    pub at: Option<String>,
    pub database: String,
    pub outcome: LoginResult,
    /// Latency in milliseconds; `None` without an answer.
    pub latency_ms: Option<f64>,
    pub tls: Option<bool>,
    pub server_version: Option<String>,
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connections {
    /// Results in the order of the services.
    pub connections: Vec<ConnectionRow>,
}

pub fn connections(task: &Task, attempts: &[Attempt]) -> Vec<ConnectionRow> {
    let one = |(login, attempt): (&ProbeLogin, &Attempt)| {
        let (outcome, session) = match &attempt.outcome {
            Outcome::Accepted(session) => (LoginResult::Ok, Some(session)),
            Outcome::Rejected(_) => (LoginResult::Refused, None),
            Outcome::Failed(_) => (LoginResult::Failed, None),
        };
        ConnectionRow {
            service: login.service.to_string(),
            role: login.role.to_string(),
            server: task.server.clone(),
            at: None,
            database: login.database.to_string(),
            outcome,
            latency_ms: (outcome != LoginResult::Failed).then(|| milliseconds(attempt.latency)),
            tls: session.map(|session| session.tls),
            server_version: session.map(|session| session.server_version.clone()),
            error: judge_own(&attempt.outcome).why,
        }
    };
    task.logins.iter().zip(attempts).map(one).collect()
}

/// Rounds to a tenth of a millisecond: more digits would be noise.
fn milliseconds(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Number of logins named for one error.
const MAX_NAMED: usize = 5;

/// Returns the errors, each once with its logins.
fn failures(rows: &[ConnectionRow]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = vec![];
    for (row, error) in rows.iter().filter_map(|row| Some((row, row.error.as_deref()?))) {
        let at = row.at.as_ref().map_or(String::new(), |replica| format!("at replica {replica}: "));
        let (role, error) = (row.role.as_str(), printable(&format!("{at}{error}")));
        match groups.iter_mut().find(|group| group.0 == error) {
            Some(group) => group.1.push(role),
            None => groups.push((error, vec![role])),
        }
    }
    groups
        .iter()
        .map(|(error, roles)| format!("{}: {error}\n", printable(&first_of(roles, MAX_NAMED))))
        .collect()
}

impl Report for Connections {
    fn text(&self, style: &Style) -> String {
        let replicas = self.connections.iter().any(|row| row.at.is_some());
        let place: &[&str] = if replicas { &["at"] } else { &[] };
        let head = [&["service", "role"], place, &["database", "result", "ms", "tls", "version"]].concat();
        let mut table = Table::new(&head).spare(&["version", "tls"]);
        for row in &self.connections {
            let (word, paint) = match row.outcome {
                LoginResult::Ok => ("ok", Paint::Good),
                LoginResult::Refused => ("refused", Paint::Bad),
                LoginResult::Failed => ("failed", Paint::Bad),
            };
            let mut cells = vec![Cell::from(&row.service), printable(&row.role).into()];
            if replicas {
                cells.push(row.at.as_deref().unwrap_or("-").into());
            }
            cells.extend([
                printable(&row.database).into(),
                Cell::new(word, paint),
                Cell::number(row.latency_ms.map_or("-".into(), |ms| format!("{ms:.1}"))),
                row.tls.map_or("-", |tls| if tls { "yes" } else { "no" }).into(),
                printable(row.server_version.as_deref().unwrap_or("-")).into(),
            ]);
            table.row(cells);
        }
        let failed = failures(&self.connections);
        let gap = if failed.is_empty() { "" } else { "\n" };
        table.render(style) + gap + &failed
    }

    fn status(&self) -> ExitStatus {
        let all = self.connections.iter().all(|row| row.outcome == LoginResult::Ok);
        if all { ExitStatus::Success } else { ExitStatus::Unreachable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_many_logins_is_printed_once() {
        let row = |role: &str, error: Option<&str>| ConnectionRow {
            service: "shop".into(),
            role: role.into(),
            server: "main".into(),
            at: None,
            database: "shop".into(),
            outcome: if error.is_some() { LoginResult::Failed } else { LoginResult::Ok },
            latency_ms: None,
            tls: None,
            server_version: None,
            error: error.map(str::to_owned),
        };
        let mut rows: Vec<_> = (0..7).map(|n| row(&format!("r{n}"), Some("port 5433 is taken"))).collect();
        rows.extend([row("fine", None), row("late", Some("timed out"))]);
        assert_eq!(failures(&rows), "r0, r1, r2, r3, r4 and 2 more: port 5433 is taken\nlate: timed out\n");
    }
}
