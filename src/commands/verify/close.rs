//! `--fix` and `--terminate`: the findings become a plan that goes the way of `apply`: shown, agreed to, looked at
//! again under the lock, done.
//!
//! Each finding is closed on its own: one that the server refuses leaves the others to be closed. What is left is
//! said by the verification that follows, which logs in and looks again.

use std::collections::BTreeSet;
use std::slice::from_ref;

use super::overlap::is_covered;
use super::{Arguments, VerifyReport, audit_again};
use crate::audit::closing;
use crate::commands::plan::Change;
use crate::error::{Error, Result};
use crate::model::{ActualServer, DbName, DesiredService, RoleName};
use crate::plan::Step;
use crate::probe::{Finding, Severity, Source, ways_in};
use crate::provision::{FIRST_PAUSE, RETRIES, is_race};
use crate::run::{Consent, Run};
use crate::server::apply::{Outcome, Tools, apply};
use crate::server::{Access, lock};
use crate::units::counted;

/// The kind of finding that ends a session: never part of `--fix`, since it may end somebody's work.
const SESSION: &str = "session-outlived-revoke";

/// Findings made their statements for the server's version already.
const ANY_MAJOR: u32 = 0;

/// What is to be closed, server by server, the worst first.
pub struct Closing {
    servers: Vec<(String, Vec<(Finding, Step)>)>,
}

/// What became of it.
#[derive(Default)]
pub struct Closed {
    /// Every step with how it ended.
    pub changes: Vec<Change>,
    /// What the servers said to those that failed.
    pub failed: Vec<Refused>,
}

/// A statement that did not close what it was for, or a server on which nothing could be tried.
pub struct Refused {
    /// The server.
    pub server: String,
    /// The database that the statement was for.
    pub database: Option<String>,
    /// What it said.
    pub error: Error,
}

impl Refused {
    /// Where it happened, in words.
    pub fn place(&self) -> String {
        match &self.database {
            Some(database) => format!("database {database} of server {}", self.server),
            None => format!("server {}", self.server),
        }
    }
}

/// Everything that was asked for. One statement that closes several findings is one step.
pub fn plan(arguments: &Arguments, report: &VerifyReport) -> Closing {
    let servers = report.checked.iter().map(|checked| {
        let due: Vec<_> = checked.findings.iter().filter(|finding| is_due(arguments, finding)).collect();
        let mut seen = BTreeSet::new();
        let left = due.iter().filter(|finding| !is_covered(finding, &due));
        let steps = left.filter_map(|finding| Some(((*finding).clone(), closing(finding)?)));
        let new =
            |(finding, _): &(Finding, Step)| seen.insert((finding.database.clone(), finding.fix.clone()));
        (checked.server.clone(), steps.filter(new).collect())
    });
    Closing { servers: servers.filter(|(_, steps): &(String, Vec<_>)| !steps.is_empty()).collect() }
}

fn is_due(arguments: &Arguments, finding: &Finding) -> bool {
    let asked = if finding.id == SESSION { arguments.terminate } else { arguments.fix };
    asked && finding.severity >= Severity::Medium
}

impl Closing {
    /// Nothing was asked for, or nothing can be closed by a statement.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        let all = self.servers.iter();
        all.flat_map(|(server, steps)| steps.iter().map(move |(_, step)| (server.as_str(), step)))
    }

    /// The plan as it is shown.
    pub fn changes(&self) -> Vec<Change> {
        self.steps().map(|(server, step)| Change::new(server, step, ANY_MAJOR, None)).collect()
    }
}

/// Shows, asks, and closes under each server's lock.
pub async fn carry_out(run: &Run, services: &[DesiredService], closing: Closing) -> Result<Closed> {
    for change in closing.changes() {
        run.out.show(&change.in_words());
    }
    run.confirm(&consent(closing.steps().count())).await?;
    let mut closed = Closed::default();
    for (server, steps) in &closing.servers {
        let work = Work { run, services, server };
        if let Err(error) = work.close(steps, &mut closed).await {
            closed.failed.push(Refused { server: server.clone(), database: None, error });
        }
    }
    Ok(closed)
}

fn consent(changes: usize) -> Consent {
    let (these, changes) = (if changes == 1 { "this" } else { "these" }, counted(changes, "change"));
    Consent {
        question: format!("Make {these} {changes} to close what was found?"),
        would: format!("{changes} would close what was found"),
        hint: "look at them with `martydb verify-isolation --fix --dry-run`, then say -y".into(),
    }
}

struct Work<'a> {
    run: &'a Run,
    services: &'a [DesiredService],
    server: &'a str,
}

impl Work<'_> {
    async fn close(&self, steps: &[(Finding, Step)], closed: &mut Closed) -> Result<()> {
        let access = self.run.admin(self.server).await?;
        let _lock = lock::server(&access, self.run.lock_wait).await?;
        let mut left = self.left().await?;
        for (finding, step) in steps {
            let mut end = Ok(());
            let mut outcome = Outcome::Skipped;
            // Whoever closed it meanwhile did so for good: a statement that finds nothing to do only warns.
            if left.is_open(finding) {
                end = close_one(&access, step).await;
                outcome = if end.is_ok() { Outcome::Ok } else { Outcome::Failed };
            }
            if let Err(error) = end {
                left = self.left().await?;
                match left.is_open(finding) {
                    true => closed.failed.push(Refused {
                        server: self.server.to_owned(),
                        database: finding.database.clone(),
                        error,
                    }),
                    // Another finding's statement has closed this one too.
                    false => outcome = Outcome::Ok,
                }
            }
            closed.changes.push(Change::new(self.server, step, ANY_MAJOR, Some(outcome)));
        }
        Ok(())
    }

    async fn left(&self) -> Result<Left> {
        let (actual, findings) = audit_again(self.run, self.server, self.services).await?;
        Ok(Left { actual, findings })
    }
}

/// What the catalogues show now.
struct Left {
    actual: ActualServer,
    findings: Vec<Finding>,
}

impl Left {
    /// A hole that a login found is known to the catalogue by another name, or as a way in.
    fn is_open(&self, finding: &Finding) -> bool {
        let hole = |finding: &Finding| (finding.id, finding.role.clone(), finding.database.clone());
        let by_login = finding.kind == Source::Probe;
        let same =
            |other: &Finding| hole(finding) == hole(other) && (by_login || finding.object == other.object);
        self.findings.iter().any(same) || by_login && self.lets_in(finding)
    }

    fn lets_in(&self, finding: &Finding) -> bool {
        let role = RoleName::found(finding.role.as_str());
        let database = finding.database.as_deref().map(DbName::found);
        match (role, database) {
            (Ok(role), Some(Ok(database))) => !ways_in(&self.actual, &role, &database).is_empty(),
            _ => false,
        }
    }
}

async fn close_one(access: &Access, step: &Step) -> Result<()> {
    let tools = Tools { access, major: ANY_MAJOR, authority: None, password: &|_| None, parallel: 1 };
    let mut races = 0;
    loop {
        let (_, end) = apply(&tools, from_ref(step), &|step| {
            tracing::info!(target: "martydb", "{} {}: {}", step.action.verb().name(), step.action.object(), step.reason);
        })
        .await;
        match &end {
            Err(error) if is_race(error) && races < RETRIES => {
                tokio::time::sleep(FIRST_PAUSE * 2u32.pow(races)).await;
                races += 1;
            }
            _ => return end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::kinds::{IN_DATABASE, PUBLIC_RIGHT, UNMANAGED_POWER};
    use crate::stmt;

    #[test]
    fn a_step_names_what_it_changes_and_where_its_statement_runs() {
        let shown = |finding: Finding| {
            let step = closing(&finding).unwrap();
            Change::new("main", &step, ANY_MAJOR, None).in_words()
        };
        let power = UNMANAGED_POWER.of("barman").seen("it is REPLICATION");
        assert_eq!(
            shown(power.close(stmt!("ALTER ROLE barman NOREPLICATION")).on("main")),
            "caution: role barman: it is REPLICATION\n  on server main: ALTER ROLE barman NOREPLICATION;"
        );
        let inside = IN_DATABASE.of("red_ro").database("red").object("CREATE SCHEMA").seen("it may");
        assert_eq!(
            shown(inside.close(stmt!("SET ROLE x;\nREVOKE y")).on("main")),
            "caution: role red_ro: it may\n  in red: SET ROLE x; REVOKE y;"
        );
        let table = PUBLIC_RIGHT.of("PUBLIC").database("red").object("table t").seen("it may");
        assert!(shown(table.close(stmt!("REVOKE z")).on("main")).starts_with("caution: table t: "));
    }

    #[test]
    fn what_needs_a_yes_is_told_as_a_statement() {
        assert_eq!(consent(1).would, "1 change would close what was found");
        assert_eq!(consent(1).question, "Make this 1 change to close what was found?");
        assert_eq!(consent(2).question, "Make these 2 changes to close what was found?");
    }
}
