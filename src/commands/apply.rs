//! `apply`: makes the servers as the manifest says.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::change::{Change, errors, nothing_to_do, plan_keys, side_notes};
use super::{provisioning, saved};
use crate::converge::{Converged, StepOutcome};
use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::model::DesiredService;
use crate::plan::{PrivilegeGap, Risk, Step};
use crate::provision::{self, Agreement, PlanOptions, PlannedServer};
use crate::report::printable;
use crate::report::{Cell, Paint, Report, Style, Table, error_text};
use crate::run::{Consent, Run};
use crate::secrets::StoreLock;
use crate::units::counted;

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to work on.
    #[command(flatten)]
    pub select: Select,
    /// Apply exactly this plan, saved by `plan --out`; refused if it no longer fits.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["service", "all", "prune", "check_logins"])]
    pub plan: Option<PathBuf>,
    /// Also remove what is not declared: rights of others on what is managed, and roles and databases that carry
    /// this manifest's marker.
    #[arg(long)]
    pub prune: bool,
    /// Also try every stored password, and set those again that the server refuses.
    #[arg(long)]
    pub check_logins: bool,
    /// Replace the passwords of roles that exist and that the secret store does not know.
    #[arg(long)]
    pub reset_passwords: bool,
}

/// Plans, asks where other users could be affected, and acts.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    if let Some(path) = &arguments.plan {
        let saved = saved::read(run, path)?;
        let planned = provisioning::plan(run, &saved.services, saved.reach).await;
        saved.check(&planned)?;
        let job = Job { services: &saved.services, options: saved.reach, reset: arguments.reset_passwords };
        return Ok(Box::new(carry_out(run, &planned, &job).await?));
    }
    let services = run.writable(&arguments.select)?;
    let options = PlanOptions { prune: arguments.prune, check_logins: arguments.check_logins, exact: false };
    let planned = provisioning::plan(run, &services, options).await;
    let job = Job { services: &services, options, reset: arguments.reset_passwords };
    Ok(Box::new(carry_out(run, &planned, &job).await?))
}

pub async fn provision_services(
    run: &Run,
    services: &[DesiredService],
    reset_passwords: bool,
) -> Result<ApplyReport> {
    let planned = provisioning::plan(run, services, PlanOptions::default()).await;
    let job = Job { services, options: PlanOptions::default(), reset: reset_passwords };
    carry_out(run, &planned, &job).await
}

struct Job<'a> {
    services: &'a [DesiredService],
    options: PlanOptions,
    /// Passwords that the store has lost are replaced.
    reset: bool,
}

async fn carry_out(
    run: &Run,
    planned: &[(String, Result<PlannedServer>)],
    job: &Job<'_>,
) -> Result<ApplyReport> {
    if !job.reset {
        keep_passwords(planned)?;
    }
    ask(run, planned).await?;
    let mut report = ApplyReport::new(job.services);
    let scope = provisioning::scope(run, job.services, job.options);
    let agreement = Agreement { yes: run.yes, lock_wait: run.lock_wait };
    let mut held = lock_store(run, planned).await?;
    let all: Vec<_> = planned
        .iter()
        .zip(&mut held)
        .map(|((_, planned), held)| {
            let (scope, held) = (&scope, held.take());
            async move {
                match planned {
                    Ok(planned) => Ok((planned, provision::apply(scope, planned, agreement, held).await)),
                    Err(error) => Err(error.clone()),
                }
            }
        })
        .collect();
    for ((server, _), done) in planned.iter().zip(join_all(all).await) {
        match done {
            Ok((planned, applied)) => report.add(planned, &applied),
            Err(error) => {
                report.stopped.push(server.clone());
                report.failed.push((server.clone(), error));
            }
        }
    }
    Ok(report)
}

/// One lock of the store for all servers that need it, each of which lets go of it when it is done with the store.
async fn lock_store(
    run: &Run,
    planned: &[(String, Result<PlannedServer>)],
) -> Result<Vec<Option<Arc<StoreLock>>>> {
    let needs: Vec<bool> = planned
        .iter()
        .map(|(_, planned)| planned.as_ref().is_ok_and(|planned| provision::makes_passwords(&planned.plan)))
        .collect();
    let held = if needs.contains(&true) { Some(Arc::new(run.lock_store().await?)) } else { None };
    Ok(needs.into_iter().map(|needs| held.clone().filter(|_| needs)).collect())
}

/// A password that clients use is replaced only where that was asked for in so many words: the store may be another
/// one than usual, or be back in a minute.
fn keep_passwords(planned: &[(String, Result<PlannedServer>)]) -> Result<()> {
    let mut lost = vec![];
    for (server, planned) in
        planned.iter().filter_map(|(server, planned)| Some((server, planned.as_ref().ok()?)))
    {
        let roles: Vec<String> = planned
            .plan
            .steps
            .iter()
            .filter_map(Step::replaces_password)
            .map(|role| format!("\"{role}\""))
            .collect();
        if !roles.is_empty() {
            lost.push(format!("on server \"{server}\" these roles exist: {}", roles.join(", ")));
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    let error = Error::usage("the secret store lacks the passwords of roles that exist, nothing was touched");
    Err(lost
        .into_iter()
        .fold(error, Error::cause)
        .hint("restore the secret store, or check that it is the one for this environment")
        .hint("or replace the passwords with --reset-passwords: the present ones stop working"))
}

async fn ask(run: &Run, planned: &[(String, Result<PlannedServer>)]) -> Result<()> {
    let steps = planned
        .iter()
        .filter_map(|(_, planned)| planned.as_ref().ok())
        .flat_map(|planned| &planned.plan.steps);
    let grave: Vec<_> = steps.filter(|step| step.risk > Risk::Safe).collect();
    if grave.is_empty() {
        return Ok(());
    }
    for step in &grave {
        let words = format!("{}: {}: {}", step.risk.name(), step.action.object(), step.reason);
        run.out.eprint(&printable(&words));
    }
    let felt = format!("{} can affect other users of this server", counted(grave.len(), "change"));
    run.confirm(&Consent {
        question: format!("{felt}. Make {}?", if grave.len() == 1 { "it" } else { "them" }),
        would: felt,
        hint: "look at them with `martydb plan`, then add -y".into(),
    })
    .await
}

pub struct ApplyReport {
    services: Vec<(String, String, String)>,
    changes: Vec<Change>,
    prunable: Vec<Change>,
    limits: Vec<PrivilegeGap>,
    failed: Vec<(String, Error)>,
    /// Servers on which the run came to a halt.
    stopped: Vec<String>,
    /// Server and name of services whose database could not be read.
    unread: Vec<(String, String)>,
}

impl ApplyReport {
    fn new(services: &[DesiredService]) -> ApplyReport {
        let row = |service: &DesiredService| {
            (service.name.to_string(), service.server.clone(), service.database.to_string())
        };
        ApplyReport {
            services: services.iter().map(row).collect(),
            changes: vec![],
            prunable: vec![],
            limits: vec![],
            failed: vec![],
            stopped: vec![],
            unread: vec![],
        }
    }

    fn add(&mut self, planned: &PlannedServer, applied: &Converged) {
        let major = planned.actual.major();
        let change = |step, outcome| Change::new(&planned.server, step, major, outcome);
        self.changes.extend(applied.steps.iter().map(|(step, outcome)| change(step, Some(*outcome))));
        self.prunable.extend(planned.plan.prunable.iter().map(|step| change(step, None)));
        self.limits.extend(planned.plan.limits.iter().cloned());
        for (service, error) in planned.unread() {
            self.unread.push((planned.server.clone(), service.to_string()));
            self.failed.push((planned.server.clone(), error));
        }
        if let Err(error) = &applied.end {
            self.stopped.push(planned.server.clone());
            self.failed.push((planned.server.clone(), error.clone()));
        }
    }

    fn table(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "server", "database", "changes", "outcome"]);
        for (service, server, database) in &self.services {
            let (count, outcome) = self.outcome(server, Some(service));
            table.row([service.into(), server.into(), database.into(), Cell::number(count), outcome]);
        }
        for server in self.whole_servers() {
            let (count, outcome) = self.outcome(&server, None);
            table.row(["(server)".into(), (&server).into(), "".into(), Cell::number(count), outcome]);
        }
        table.render(style)
    }

    /// Servers on which something was done that belongs to no service.
    fn whole_servers(&self) -> Vec<String> {
        let whole = self.changes.iter().filter(|change| change.service().is_none());
        let servers: std::collections::BTreeSet<_> = whole.map(|change| change.server().to_owned()).collect();
        servers.into_iter().collect()
    }

    fn outcome(&self, server: &str, service: Option<&str>) -> (usize, Cell) {
        let mine =
            || self.changes.iter().filter(|change| change.server() == server && change.service() == service);
        let done = mine().filter(|change| change.outcome() == Some(StepOutcome::Ok)).count();
        let is_unread = |(at, name): &(String, String)| at == server && Some(name.as_str()) == service;
        let failed = mine().any(|change| change.outcome() == Some(StepOutcome::Failed))
            || self.unread.iter().any(is_unread);
        let skipped = mine().any(|change| change.outcome() == Some(StepOutcome::Skipped));
        let untouched = !self.changes.iter().any(|change| change.server() == server);
        let unreached = self.stopped.iter().any(|name| name == server) && untouched;
        let cell = match (failed, skipped || unreached, done) {
            (true, _, _) => Cell::new("failed", Paint::Bad),
            (false, true, _) => Cell::new("skipped", Paint::Warn),
            (false, false, 0) => Cell::new("unchanged", Paint::Dim),
            (false, false, _) => Cell::new("provisioned", Paint::Good),
        };
        (done, cell)
    }

    pub fn failed(&self) -> bool {
        !self.failed.is_empty()
    }
}

impl Report for ApplyReport {
    fn json(&self) -> Map<String, Value> {
        let mut document = plan_keys(&self.changes, &self.prunable, &self.limits);
        document.insert("errors".into(), errors(&self.failed));
        document
    }

    fn text(&self, style: &Style) -> String {
        let mut text = match (self.changes.is_empty(), self.failed.is_empty()) {
            (true, true) => nothing_to_do(&self.limits).to_owned(),
            _ => self.table(style),
        };
        text += &side_notes(&self.prunable, &self.limits);
        for (server, error) in &self.failed {
            text += &format!("\nserver {server}:\n{}\n", error_text(error, style));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()))
    }
}
