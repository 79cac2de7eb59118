//! `--fix` and `--terminate`: findings become steps of a plan, which are shown, confirmed, checked again under the
//! lock, and executed.
//!
//! Each finding is closed separately, so one that the server rejects does not stop the others. The next
//! verification reports the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use super::assessment::Assessment;
use super::breaches::access_paths;
use super::coverage::is_covered;
use super::judge::audited;
use super::observe::server_context;
use martydb_apply::converge::{Planner, Policy, Remaining, converge};
use martydb_context::Context;
use martydb_model::error::{Error, Result};
use martydb_model::findings::{
    FOREIGN_CONNECT, Finding, FindingSource, IN_DATABASE, PUBLIC, SESSION, Severity,
};
use martydb_model::grants::{Effect, Fix};
use martydb_model::sql::stmt;
use martydb_model::{ActualServer, DbName, DesiredService, Jobs, RoleName, ServiceName};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, lock, query_one};
use martydb_plan::{Action, Risk, Stage, Step, StepOutcome};

/// The findings' statements already match the server's version.
pub const ANY_MAJOR: u32 = 0;

/// Steps that close findings, server by server, worst first.
pub struct Remediation {
    servers: Vec<(String, Vec<(Finding, Step)>)>,
}

#[derive(Default)]
pub struct RemediationResult {
    /// Executed steps in their order, each with its server and the finding that it closes.
    pub steps: Vec<(String, Finding, Step, StepOutcome)>,
    pub failed: Vec<FailedFix>,
}

/// A statement that did not close its finding, or a server on which nothing could be tried.
pub struct FailedFix {
    pub server: String,
    pub database: Option<String>,
    pub error: Error,
}

impl Remediation {
    /// Returns the steps: with `fix` for findings that a statement closes, with `terminate` for sessions that
    /// outlived a REVOKE, of medium severity and above. A statement that closes several findings is one step.
    pub fn plan(assessment: &Assessment, fix: bool, terminate: bool) -> Remediation {
        let is_due = |finding: &&Finding| {
            // Ending a session may end its work, so `--fix` does not do it.
            let asked = if finding.is(SESSION) { terminate } else { fix };
            asked && finding.severity >= Severity::Medium
        };
        // A replica takes no statement: what it replays is closed at its primary.
        let servers = assessment.by_server().filter(|view| view.server.at.is_none()).map(|view| {
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

    /// Returns `true` if nothing was requested, or no statement closes anything.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    pub fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        let all = self.servers.iter();
        all.flat_map(|(server, steps)| steps.iter().map(move |(_, step)| (server.as_str(), step)))
    }
}

/// Executes the steps under each server's lock. A finding that no longer exists needs no statement.
pub async fn remediate(
    context: &Context,
    services: &[DesiredService],
    remediation: &Remediation,
) -> RemediationResult {
    let mut result = RemediationResult::default();
    for (server, steps) in &remediation.servers {
        if let Err(error) = close(context, services, server, steps, &mut result).await {
            result.failed.push(FailedFix { server: server.clone(), database: None, error });
        }
    }
    result
}

async fn close(
    context: &Context,
    services: &[DesiredService],
    server: &str,
    steps: &[(Finding, Step)],
    result: &mut RemediationResult,
) -> Result<()> {
    let access = context.admin(server).await?;
    let _lock = lock::server(&access, context.lock_wait).await?;
    let reloads = steps.iter().any(|(_, step)| reloads(step));
    let loaded = if reloads { load_time(&access).await? } else { None };
    let mut left = RemainingFindings::read(context, server, services).await?;
    for (finding, step) in steps {
        let mut planner = FixPlanner { finding, step, left: &left };
        // The lock is held for all findings.
        let done =
            converge(&access, &mut planner, &Policy { lock_wait: None, jobs: Jobs::ONE, record: None }).await;
        let mut outcome = done.steps.last().map_or(StepOutcome::Skipped, |(_, outcome)| *outcome);
        if let Err(error) = done.end {
            left = RemainingFindings::read(context, server, services).await?;
            if left.is_open(finding) {
                let database = finding.database.clone();
                result.failed.push(FailedFix { server: server.into(), database, error });
            } else {
                // Another finding's statement has closed this one too.
                outcome = StepOutcome::Ok;
            }
        }
        result.steps.push((server.into(), finding.clone(), step.clone(), outcome));
    }
    if reloads {
        // The server reloads some time after the call; a session that begins later has the new values.
        let mut backoff = Backoff::tries(RELOAD_TRIES, FIRST_PAUSE, LONGEST_PAUSE);
        while load_time(&access).await? == loaded && backoff.wait().await {}
    }
    Ok(())
}

fn reloads(step: &Step) -> bool {
    matches!(&step.action, Action::Close { fix, .. } if fix.statements().any(|one| one.shown().contains("pg_reload_conf()")))
}

const RELOAD_TRIES: u32 = 20;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

async fn load_time(access: &Access) -> Result<Option<String>> {
    let mut session = access.read(&access.maintenance).await?;
    query_one(&mut session, &stmt!("SELECT pg_catalog.pg_conf_load_time()::pg_catalog.text")).await
}

/// Findings that the catalogs show now.
struct RemainingFindings {
    actual: ActualServer,
    findings: Vec<Finding>,
}

impl RemainingFindings {
    async fn read(context: &Context, server: &str, services: &[DesiredService]) -> Result<RemainingFindings> {
        let (_, context) = server_context(context, server, services).await?;
        Ok(RemainingFindings { findings: audited(&context), actual: context.catalog.actual })
    }

    /// The catalog may report a login's finding by another object, or as an access path.
    fn is_open(&self, finding: &Finding) -> bool {
        let gap = |finding: &Finding| (finding.id, finding.role.clone(), finding.database.clone());
        let by_login = finding.kind == FindingSource::Probe;
        let same =
            |other: &Finding| gap(finding) == gap(other) && (by_login || finding.object == other.object);
        self.findings.iter().any(same) || by_login && self.admits(finding)
    }

    fn admits(&self, finding: &Finding) -> bool {
        let role = RoleName::found(finding.role.as_str()).ok();
        let database = finding.database.as_deref().and_then(|name| DbName::found(name).ok());
        role.zip(database).is_some_and(|(role, name)| !access_paths(&self.actual, &role, &name).is_empty())
    }
}

struct FixPlanner<'a> {
    finding: &'a Finding,
    step: &'a Step,
    left: &'a RemainingFindings,
}

impl Planner for FixPlanner<'_> {
    /// Skips findings that are already closed: a REVOKE with no effect only warns. The next verification of the
    /// whole server shows whether the statement closed this one.
    async fn remaining(&mut self, done: &[Step]) -> Result<Remaining> {
        let due = done.is_empty() && self.left.is_open(self.finding);
        Ok(Remaining {
            steps: if due { vec![self.step.clone()] } else { vec![] },
            with_temporary_membership: 0,
        })
    }

    fn actual(&self) -> &ActualServer {
        &self.left.actual
    }

    /// The statement is the finding's; who closed it meanwhile is read after an error.
    fn replans(&self) -> bool {
        false
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        Error::operation(format!("{} is not closed", left[0].action.object()))
    }
}

/// Returns an error if a finding whose statements were executed is still found.
pub fn unclosed(finding: &Finding, after: &Assessment) -> Option<FailedFix> {
    let is_left = |other: &Finding| {
        (&other.server, &other.at, other.key()) == (&finding.server, &finding.at, finding.key())
            && other.severity >= Severity::Medium
    };
    let left = after.findings.iter().find(|other| is_left(other))?;
    let error = Error::operation(format!("{} is still found after its fix: {}", left.id, left.evidence));
    Some(FailedFix { server: left.server.clone(), database: left.database.clone(), error })
}

/// Returns the step that closes a finding; `None` if it needs a human decision.
pub fn step(finding: &Finding) -> Option<Step> {
    let fix = finding.fix.clone()?;
    let effect = fix.effect()?;
    Some(Step {
        service: finding.service.as_ref().and_then(|name| ServiceName::new(name.as_str()).ok()),
        database: finding.database.as_ref().and_then(|name| DbName::found(name.as_str()).ok()),
        stage: Stage::Autocommit,
        reason: finding.evidence.clone(),
        risk: match effect {
            _ if fix.is_destructive() => Risk::Destructive,
            // `apply` revokes this without a question: a service's login holds CONNECT on another service's
            // database.
            Effect::Revoke if finding.is(FOREIGN_CONNECT) && finding.role != PUBLIC => Risk::Safe,
            // Undeclared, but possibly in use.
            _ => Risk::Caution,
        },
        action: Action::Close { object: changed(finding), fix },
        part_of: None,
    })
}

/// Returns the object that the fix changes. The object of a finding about a login's own database is a phrase.
fn changed(finding: &Finding) -> String {
    let role = || format!("role {}", finding.role);
    match (&finding.object, &finding.database) {
        _ if finding.is(IN_DATABASE) => role(),
        (Some(object), _) => object.clone(),
        (None, Some(database)) => format!("database {database}"),
        (None, None) if finding.role != PUBLIC => role(),
        (None, None) => format!("server {}", finding.server),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::findings::PREPARED;
    use martydb_model::grants::{Repair, RepairScope, alter_role};
    use martydb_model::sql::{Keyword, stmt};
    use martydb_plan::Verb;

    #[test]
    fn a_step_is_as_risky_as_its_fix_is_grave() {
        let alter = || alter_role("a", Keyword("NOLOGIN"));
        let drop = || Repair::drop(RepairScope::Database, stmt!("DROP TRIGGER t ON a"));
        for (repairs, verb, risk) in [
            (vec![alter()], Verb::Alter, Risk::Caution),
            (vec![alter(), drop()], Verb::Drop, Risk::Destructive),
        ] {
            let found = repairs.into_iter().fold(PREPARED.of("r"), |found, one| found.fix(one));
            let step = step(&found.on("main")).unwrap();
            assert_eq!((step.action.verb(), step.risk), (verb, risk));
        }
        assert_eq!(step(&PREPARED.of("r").on("main")), None);
    }
}
