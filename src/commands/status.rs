//! `status`: one line per service.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::per_service::{errors_text, map_concurrent};
use crate::error::{Error, ExitStatus, Result};
use crate::flags::{Format, Select};
use crate::migrate::check::other_tools;
use crate::migrate::{self, MigrationTarget, ServiceState, ServiceStatus, Sizes};
use crate::model::DesiredService;
use crate::provision::{self, PlanOptions, PlannedServer};
use crate::report::{Cell, Paint, Report, Style, Table, indented, printable};
use crate::run::Run;
use crate::targets;
use crate::units::counted;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Also compare the server with the manifest.
    #[arg(long)]
    pub drift: bool,
    /// Compare both, and exit with 3 unless all is up to date.
    #[arg(long)]
    pub check: bool,
    /// Also show the size on disk, for which the server looks at every file; `-o json` always does.
    #[arg(long)]
    pub size: bool,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<StatusReport> {
    let services = run.readable(&arguments.select)?;
    let measured = arguments.size || run.out.format() == Format::Json;
    let sizes = if measured { Sizes::Measured } else { Sizes::Skipped };
    let mut all = look_at(run, &services, sizes).await?;
    if arguments.drift || arguments.check {
        mark_drift(run, &services, &mut all).await;
    }
    Ok(StatusReport { services: all, check: arguments.check, sizes })
}

/// The status of each service; one whose server gives no answer is unreachable.
pub async fn look_at(run: &Run, services: &[DesiredService], sizes: Sizes) -> Result<Vec<ServiceStatus>> {
    let wait = run.lock_wait;
    let one = |(service, target): (DesiredService, Result<MigrationTarget>)| async move {
        match target {
            Ok(target) => migrate::status(&target, sizes, wait).await,
            Err(error) => ServiceStatus::unreachable(&service, error),
        }
    };
    Ok(map_concurrent(run.jobs.count, targets::of(run, services).await?, one).await)
}

/// A service whose database or roles differ from the manifest has drifted, unless its state is worse.
async fn mark_drift(run: &Run, services: &[DesiredService], all: &mut [ServiceStatus]) {
    let plans = provision::plan(run, services, PlanOptions::default()).await;
    let plans: BTreeMap<String, Result<PlannedServer>> = plans.into_iter().collect();
    let compared = |state| matches!(state, ServiceState::UpToDate | ServiceState::Pending);
    for status in all.iter_mut().filter(|status| compared(status.state)) {
        match drifted(&plans[&status.server], &status.service) {
            Ok(false) => {}
            Ok(true) => status.state = ServiceState::Drifted,
            // Whether it has drifted is not known, and that is not a success.
            Err(error) => {
                status.state = ServiceState::Unreachable;
                status.error.get_or_insert(error);
            }
        }
    }
}

fn drifted(planned: &Result<PlannedServer>, service: &str) -> Result<bool> {
    let planned = planned.as_ref().map_err(Error::clone)?;
    match planned.unread().into_iter().find(|(unread, _)| unread.as_str() == service) {
        Some((_, error)) => Err(error),
        None => {
            let mut of = planned.plan.steps.iter().filter_map(|step| step.service.as_ref());
            Ok(of.any(|name| name.as_str() == service))
        }
    }
}

#[derive(Serialize)]
pub struct StatusReport {
    services: Vec<ServiceStatus>,
    #[serde(skip)]
    check: bool,
    #[serde(skip)]
    sizes: Sizes,
}

fn word(state: ServiceState) -> Cell {
    match state {
        ServiceState::UpToDate => Cell::new("up to date", Paint::Good),
        ServiceState::Pending => Cell::new("pending", Paint::Warn),
        ServiceState::NotProvisioned => Cell::new("not provisioned", Paint::Warn),
        ServiceState::Drifted => Cell::new("drifted", Paint::Warn),
        ServiceState::Divergent => Cell::new("divergent", Paint::Bad),
        ServiceState::Unreachable => Cell::new("unreachable", Paint::Bad),
    }
}

impl Report for StatusReport {
    fn text(&self, style: &Style) -> String {
        let mut columns = vec!["service", "database", "state", "current", "latest", "pending", "connections"];
        columns.extend((self.sizes == Sizes::Measured).then_some("size"));
        let mut table = Table::new(&columns).spare(&["connections", "size", "latest", "database"]);
        for status in &self.services {
            let number = |value: Option<i64>| {
                Cell::number(value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
            };
            let mut row = vec![
                status.service.as_str().into(),
                status.database.as_str().into(),
                word(status.state),
                number(status.current),
                number(status.latest),
                Cell::number(status.pending.len() + status.repeatable_pending.len()),
                number(status.connections),
            ];
            let size = status.size_bytes.map_or_else(|| "-".to_owned(), crate::units::bytes);
            row.extend((self.sizes == Sizes::Measured).then(|| Cell::number(size)));
            table.row(row);
        }
        table.render(style) + &self.services.iter().map(details).collect::<String>()
    }

    fn messages(&self, style: &Style) -> String {
        let provisioned = |status: &&ServiceStatus| status.state != ServiceState::NotProvisioned;
        let asked = self.services.iter().filter(provisioned);
        errors_text(asked.map(|status| (status.service.as_str(), status.error.as_ref())), style)
    }

    /// Without `--check` it is enough to have looked.
    fn status(&self) -> ExitStatus {
        let worst = self.services.iter().map(|status| match (status.state, self.check) {
            (ServiceState::Unreachable, _) => ExitStatus::Unreachable,
            // A file that cannot run is not a success, even with nothing else pending.
            (ServiceState::UpToDate, true) if status.error.is_some() => ExitStatus::Differences,
            (ServiceState::UpToDate, _) | (_, false) => ExitStatus::Success,
            (_, true) => ExitStatus::Differences,
        });
        ExitStatus::worst(worst)
    }
}

fn details(status: &ServiceStatus) -> String {
    let mut text = String::new();
    for divergence in &status.divergences {
        text += &told(&status.service, &divergence.to_string(), &divergence.hint(&status.service));
    }
    for begun in &status.unfinished {
        text += &told(&status.service, &begun.to_string(), &begun.hint(&status.service));
    }
    if !status.repeatable_pending.is_empty() {
        let names: Vec<_> = status.repeatable_pending.iter().map(|due| printable(&due.name)).collect();
        let count = counted(names.len(), "repeatable migration");
        text += &format!("\n{}: {count} due: {}\n", status.service, names.join(", "));
    }
    for foreign in &status.foreign {
        let what = format!("{} keeps its history in {}", foreign.tool, foreign.table);
        text += &told(&status.service, &what, &other_tools::hint(&status.service, &foreign.tool));
    }
    text
}

fn told(service: &str, what: &str, hint: &str) -> String {
    format!("\n{service}: {}\n  hint: {}\n", indented(what, 2), indented(hint, 8))
}
