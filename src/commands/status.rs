//! `status`: one line per service.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::fleet;
use crate::migrate::{self, ServiceStatus, State};
use crate::model::DesiredService;
use crate::provision;
use crate::report::{Cell, Look, Paint, Report, Table, error_text, indented};
use crate::run::Run;

/// Flags of `status`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
    /// Also compare the server with the manifest.
    #[arg(long)]
    pub drift: bool,
    /// Compare both, and exit with 3 unless all is up to date.
    #[arg(long)]
    pub check: bool,
}

/// Looks, and writes nothing.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let mut all = look_at(run, &services).await?;
    if arguments.drift || arguments.check {
        mark_drift(run, &services, &mut all).await;
    }
    Ok(Box::new(StatusReport { services: all, check: arguments.check }))
}

async fn look_at(run: &Run, services: &[DesiredService]) -> Result<Vec<ServiceStatus>> {
    let targets = fleet::targets(run, services).await?;
    let wait = run.lock_wait;
    let all = fleet::side_by_side(run.jobs, targets, |(service, target)| async move {
        match target {
            Ok(target) => migrate::status(&target, wait).await,
            Err(error) => ServiceStatus::unreachable(&service, error),
        }
    });
    Ok(all.await)
}

/// A service whose database or roles differ from the manifest has drifted, unless something worse is the matter.
async fn mark_drift(run: &Run, services: &[DesiredService], all: &mut [ServiceStatus]) {
    for (server, planned) in provision::plan(run, services, provision::Reach::default()).await {
        let planned = match planned {
            Ok(planned) => planned,
            Err(error) => {
                let there = |status: &&mut ServiceStatus| status.server == server;
                all.iter_mut().filter(there).for_each(|status| not_compared(status, &error));
                continue;
            }
        };
        for (service, error) in planned.unread() {
            let its = |status: &&mut ServiceStatus| status.service == service.as_str();
            all.iter_mut().filter(its).for_each(|status| not_compared(status, &error));
        }
        let drifted = |status: &ServiceStatus| {
            let steps = &planned.plan.steps;
            steps.iter().any(|step| step.service.as_ref().is_some_and(|name| name.as_str() == status.service))
        };
        for status in all.iter_mut().filter(|status| matches!(status.state, State::UpToDate | State::Pending))
        {
            if drifted(status) {
                status.state = State::Drifted;
            }
        }
    }
}

/// Whether it has drifted is not known: that is no good end.
fn not_compared(status: &mut ServiceStatus, error: &Error) {
    if matches!(status.state, State::UpToDate | State::Pending) {
        status.state = State::Unreachable;
        status.error.get_or_insert(error.clone());
    }
}

struct StatusReport {
    services: Vec<ServiceStatus>,
    check: bool,
}

fn word(state: State) -> Cell {
    match state {
        State::UpToDate => Cell::new("up to date", Paint::Good),
        State::Pending => Cell::new("pending", Paint::Warn),
        State::NotProvisioned => Cell::new("not provisioned", Paint::Warn),
        State::Drifted => Cell::new("drifted", Paint::Warn),
        State::Divergent => Cell::new("divergent", Paint::Bad),
        State::Unreachable => Cell::new("unreachable", Paint::Bad),
    }
}

impl Report for StatusReport {
    fn json(&self) -> Map<String, Value> {
        Map::from_iter([("services".to_owned(), json!(self.services))])
    }

    fn text(&self, look: &Look) -> String {
        let mut table = Table::new(&[
            "service",
            "database",
            "state",
            "current",
            "latest",
            "pending",
            "size",
            "connections",
        ])
        .spare(&["connections", "size", "latest", "database"]);
        for status in &self.services {
            let number = |value: Option<i64>| {
                Cell::number(value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
            };
            table.row([
                status.service.as_str().into(),
                status.database.as_str().into(),
                word(status.state),
                number(status.current),
                number(status.latest),
                Cell::number(status.pending.len()),
                Cell::number(status.size_bytes.map_or_else(|| "-".to_owned(), crate::units::bytes)),
                number(status.connections),
            ]);
        }
        let mut text = table.render(look);
        for status in &self.services {
            text += &details(status, look);
        }
        text
    }

    /// Without `--check` it is enough to have looked.
    fn status(&self) -> ExitStatus {
        let worst = self.services.iter().map(|status| match (status.state, self.check) {
            (State::Unreachable, _) => ExitStatus::Unreachable,
            // A file that cannot run is no good end, even with nothing else pending.
            (State::UpToDate, true) if status.error.is_some() => ExitStatus::Differences,
            (State::UpToDate, _) | (_, false) => ExitStatus::Success,
            (_, true) => ExitStatus::Differences,
        });
        ExitStatus::worst(worst)
    }
}

fn details(status: &ServiceStatus, look: &Look) -> String {
    let mut text = String::new();
    for divergence in &status.divergences {
        text += &told(&status.service, &divergence.to_string(), &divergence.hint(&status.service));
    }
    for begun in &status.unfinished {
        text += &told(&status.service, &begun.to_string(), &begun.hint(&status.service));
    }
    for foreign in &status.foreign {
        let what = format!("{} has kept its history in {}", foreign.tool, foreign.table);
        text += &told(&status.service, &what, &migrate::foreign::hint(&status.service));
    }
    if let Some(error) = status.error.as_ref().filter(|_| status.state != State::NotProvisioned) {
        text += &format!("\n{}:\n{}\n", status.service, error_text(error, look));
    }
    text
}

fn told(service: &str, what: &str, hint: &str) -> String {
    format!("\n{service}: {}\n  hint: {}\n", indented(what, 2), indented(hint, 8))
}
