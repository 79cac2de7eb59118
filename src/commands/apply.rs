//! `apply`: makes the servers as the manifest says.

use clap::Args;
use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::plan::{Change, errors, plan_keys, side_notes};
use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::model::DesiredService;
use crate::plan::{Limit, Risk};
use crate::provision::{self, Planned, chosen};
use crate::report::{Cell, Look, Paint, Report, Table, error_text};
use crate::run::Run;
use crate::server::apply::Outcome;

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to work on.
    #[command(flatten)]
    pub select: Select,
}

/// Plans, asks where somebody may feel it, and acts.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.writable(&arguments.select)?;
    Ok(Box::new(provision_services(run, &services).await?))
}

/// The part that `init-all` shares.
pub async fn provision_services(run: &Run, services: &[DesiredService]) -> Result<ApplyReport> {
    let planned = provision::plan(run, services).await;
    ask(run, &planned)?;
    let mut report = ApplyReport::new(services);
    let chosen = chosen(services);
    let all = planned.iter().map(|(_, planned)| async {
        match planned {
            Ok(planned) => Ok((planned, provision::carry_out(run, planned, &chosen).await)),
            Err(error) => Err(error.clone()),
        }
    });
    for ((server, _), done) in planned.iter().zip(join_all(all).await) {
        match done {
            Ok((planned, applied)) => report.add(planned, &applied),
            Err(error) => report.failed.push((server.clone(), error)),
        }
    }
    Ok(report)
}

fn ask(run: &Run, planned: &[(String, Result<Planned>)]) -> Result<()> {
    let steps = planned
        .iter()
        .filter_map(|(_, planned)| planned.as_ref().ok())
        .flat_map(|planned| &planned.plan.steps);
    let grave: Vec<_> = steps.filter(|step| step.risk > Risk::Safe).collect();
    if grave.is_empty() {
        return Ok(());
    }
    for step in &grave {
        run.out.complain(&format!("{}: {}: {}", step.risk.name(), step.action.object(), step.reason));
    }
    run.confirm(&format!("{} of the changes may be felt by others. Make them?", grave.len()))
}

/// What was done.
pub struct ApplyReport {
    services: Vec<(String, String, String)>,
    changes: Vec<Change>,
    prunable: Vec<Change>,
    limits: Vec<Limit>,
    failed: Vec<(String, Error)>,
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
        }
    }

    fn add(&mut self, planned: &Planned, applied: &provision::Applied) {
        let major = planned.actual.major();
        let change = |step, outcome| Change::new(&planned.server, step, major, outcome);
        self.changes.extend(applied.steps.iter().map(|(step, outcome)| change(step, Some(*outcome))));
        self.prunable.extend(applied.plan.prunable.iter().map(|step| change(step, None)));
        self.limits.extend(applied.plan.limits.iter().cloned());
        self.failed.extend(applied.error.clone().map(|error| (planned.server.clone(), error)));
    }

    fn table(&self, look: &Look) -> String {
        let mut table = Table::new(&["service", "server", "database", "changes", "outcome"]);
        for (service, server, database) in &self.services {
            let (count, outcome) = self.outcome(server, Some(service));
            table.row([service.into(), server.into(), database.into(), Cell::number(count), outcome]);
        }
        for server in self.whole_servers() {
            let (count, outcome) = self.outcome(&server, None);
            table.row(["(server)".into(), (&server).into(), "".into(), Cell::number(count), outcome]);
        }
        table.render(look)
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
        let done = mine().filter(|change| change.outcome() == Some(Outcome::Ok)).count();
        let failed = mine().any(|change| change.outcome() == Some(Outcome::Failed));
        let skipped = mine().any(|change| change.outcome() == Some(Outcome::Skipped));
        let unreached = self.failed.iter().any(|(name, _)| name == server) && mine().next().is_none();
        let cell = match (failed, skipped || unreached, done) {
            (true, _, _) => Cell::new("failed", Paint::Bad),
            (false, true, _) => Cell::new("skipped", Paint::Warn),
            (false, false, 0) => Cell::new("unchanged", Paint::Dim),
            (false, false, _) => Cell::new("provisioned", Paint::Good),
        };
        (done, cell)
    }

    /// Whether anything was changed.
    pub fn changed(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The first error, for a run that cannot go on without.
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

    fn text(&self, look: &Look) -> String {
        let mut text = match (self.changes.is_empty(), self.failed.is_empty()) {
            (true, true) => "Nothing to do: the servers are as the manifest says.\n".to_owned(),
            _ => self.table(look),
        };
        text += &side_notes(&self.prunable, &self.limits);
        for (server, error) in &self.failed {
            text += &format!("\nserver {server}:\n{}\n", error_text(error, look));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()))
    }
}
