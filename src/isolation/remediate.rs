//! `--fix` and `--terminate`: the findings become steps of a plan, which are shown, confirmed, checked again under the
//! lock, and run.
//!
//! Each finding is closed on its own: one that the server refuses leaves the others to be closed. The verification that
//! follows shows what is left.

use std::collections::BTreeSet;

use super::access_paths::access_paths;
use super::assessment::Assessment;
use super::dedup::is_covered;
use super::judge::audited;
use super::observe::context;
use crate::audit::step;
use crate::converge::{Jobs, Planner, Policy, Remaining, StepOutcome, converge};
use crate::error::{Error, Result};
use crate::findings::{Finding, SESSION, SeenBy, Severity};
use crate::grants::Fix;
use crate::model::{ActualServer, DbName, DesiredService, RoleName};
use crate::plan::Step;
use crate::run::Run;
use crate::server::lock;

/// Findings made their statements for the server's version already.
pub const ANY_MAJOR: u32 = 0;

/// The steps that close findings, server by server, the worst first.
pub struct Remediation {
    servers: Vec<(String, Vec<(Finding, Step)>)>,
}

#[derive(Default)]
pub struct RemediationResult {
    /// In the order in which they were run, each with its server.
    pub steps: Vec<(String, Step, StepOutcome)>,
    pub failed: Vec<FailedFix>,
}

/// A statement that did not close what it was for, or a server on which nothing could be tried.
pub struct FailedFix {
    pub server: String,
    pub database: Option<String>,
    pub error: Error,
}

impl FailedFix {
    pub fn place(&self) -> String {
        match &self.database {
            Some(database) => format!("database {database} of server {}", self.server),
            None => format!("server {}", self.server),
        }
    }
}

impl Remediation {
    /// With `fix` the findings that a statement closes, with `terminate` the sessions that outlived a revoke, of medium
    /// severity and above. One statement that closes several findings is one step.
    pub fn plan(assessment: &Assessment, fix: bool, terminate: bool) -> Remediation {
        let is_due = |finding: &&Finding| {
            // Ending a session may end work: `--fix` alone does not.
            let asked = if finding.is(SESSION) { terminate } else { fix };
            asked && finding.severity >= Severity::Medium
        };
        let servers = assessment.by_server().map(|view| {
            let due: Vec<_> = view.findings.into_iter().filter(is_due).collect();
            let mut seen = BTreeSet::new();
            let left = due.iter().filter(|finding| !is_covered(finding, &due));
            let steps = left.filter_map(|finding| Some(((*finding).clone(), step(finding)?)));
            let new = |(finding, _): &(Finding, Step)| {
                seen.insert((finding.database.clone(), finding.fix.as_ref().map(Fix::to_string)))
            };
            (view.server.name.clone(), steps.filter(new).collect())
        });
        Remediation { servers: servers.filter(|(_, steps): &(String, Vec<_>)| !steps.is_empty()).collect() }
    }

    /// Nothing was asked for, or nothing can be closed by a statement.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    pub fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        let all = self.servers.iter();
        all.flat_map(|(server, steps)| steps.iter().map(move |(_, step)| (server.as_str(), step)))
    }
}

/// Runs the steps under each server's lock. A finding that is not there any more needs no statement.
pub async fn remediate(
    run: &Run,
    services: &[DesiredService],
    remediation: &Remediation,
) -> RemediationResult {
    let mut result = RemediationResult::default();
    for (server, steps) in &remediation.servers {
        let work = ServerRemediation { run, services, server };
        if let Err(error) = work.close(steps, &mut result).await {
            result.failed.push(FailedFix { server: server.clone(), database: None, error });
        }
    }
    result
}

struct ServerRemediation<'a> {
    run: &'a Run,
    services: &'a [DesiredService],
    server: &'a str,
}

impl ServerRemediation<'_> {
    async fn close(&self, steps: &[(Finding, Step)], result: &mut RemediationResult) -> Result<()> {
        let access = self.run.admin(self.server).await?;
        let _lock = lock::server(&access, self.run.lock_wait).await?;
        let mut left = self.left().await?;
        for (finding, step) in steps {
            let mut planner = OneFix { finding, step, left: &left };
            // The lock is held for all findings.
            let done = converge(&access, &mut planner, &Policy { lock_wait: None, jobs: Jobs::ONE }).await;
            let mut outcome = done.steps.last().map_or(StepOutcome::Skipped, |(_, outcome)| *outcome);
            if let Err(error) = done.end {
                left = self.left().await?;
                if left.is_open(finding) {
                    let (server, database) = (self.server.to_owned(), finding.database.clone());
                    result.failed.push(FailedFix { server, database, error });
                } else {
                    // Another finding's statement has closed this one too.
                    outcome = StepOutcome::Ok;
                }
            }
            result.steps.push((self.server.to_owned(), step.clone(), outcome));
        }
        Ok(())
    }

    async fn left(&self) -> Result<Left> {
        let (_, context) = context(self.run, self.server, self.services).await?;
        Ok(Left { findings: audited(&context), actual: context.catalogue.actual })
    }
}

/// What the catalogues show now.
struct Left {
    actual: ActualServer,
    findings: Vec<Finding>,
}

impl Left {
    /// The catalogue may know what a login found by another object, or as an access path.
    fn is_open(&self, finding: &Finding) -> bool {
        let gap = |finding: &Finding| (finding.id, finding.role.clone(), finding.database.clone());
        let by_login = finding.kind == SeenBy::Probe;
        let same =
            |other: &Finding| gap(finding) == gap(other) && (by_login || finding.object == other.object);
        self.findings.iter().any(same) || by_login && self.lets_in(finding)
    }

    fn lets_in(&self, finding: &Finding) -> bool {
        let role = RoleName::found(finding.role.as_str());
        let database = finding.database.as_deref().map(DbName::found);
        match (role, database) {
            (Ok(role), Some(Ok(database))) => !access_paths(&self.actual, &role, &database).is_empty(),
            _ => false,
        }
    }
}

struct OneFix<'a> {
    finding: &'a Finding,
    step: &'a Step,
    left: &'a Left,
}

impl Planner for OneFix<'_> {
    /// A finding that is closed already is left alone: a statement that finds nothing to do only warns. Whether the
    /// statement closed this one is seen by the verification of the whole server that follows.
    async fn remaining(&mut self, done: &[Step]) -> Result<Remaining> {
        let due = done.is_empty() && self.left.is_open(self.finding);
        Ok(Remaining { steps: if due { vec![self.step.clone()] } else { vec![] }, lent: 0 })
    }

    fn actual(&self) -> &ActualServer {
        &self.left.actual
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        Error::operation(format!("{} is not closed", left[0].action.object()))
    }
}
