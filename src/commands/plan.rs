//! `plan`: what `apply` would change, and why.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::change::{Change, Summary, changes_table, errors, nothing_to_do, plan_keys, side_notes};
use super::{provisioning, saved};
use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::plan::{Plan, PrivilegeGap};
use crate::provision::{PlanOptions, PlannedServer};
use crate::report::{Report, Style, error_text};
use crate::run::Run;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
    /// Exit with 3 if anything differs.
    #[arg(long)]
    pub check: bool,
    /// Also try every stored password.
    #[arg(long)]
    pub check_logins: bool,
    /// Also remove what is not declared.
    #[arg(long)]
    pub prune: bool,
    /// Save the plan, without secrets, for `apply --plan`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let reach = PlanOptions { prune: arguments.prune, check_logins: arguments.check_logins, exact: false };
    let planned = provisioning::plan(run, &services, reach).await;
    if let Some(path) = &arguments.out {
        saved::write(run, path, &services, reach, &planned)?;
        run.out.note(&format!("Saved. Apply it with: martydb apply --plan {}", path.display()));
    }
    Ok(Box::new(PlanReport::new(&planned, arguments.check)))
}

/// The plans of all servers.
pub struct PlanReport {
    changes: Vec<Change>,
    prunable: Vec<Change>,
    limits: Vec<PrivilegeGap>,
    failed: Vec<(String, Error)>,
    check: bool,
}

impl PlanReport {
    fn new(planned: &[(String, Result<PlannedServer>)], check: bool) -> PlanReport {
        let mut report =
            PlanReport { changes: vec![], prunable: vec![], limits: vec![], failed: vec![], check };
        for (server, planned) in planned {
            match planned {
                Ok(planned) => {
                    report.add(server, &planned.plan, planned.actual.major());
                    let unread = planned.unread().into_iter();
                    report.failed.extend(unread.map(|(_, error)| (server.clone(), error)));
                }
                Err(error) => report.failed.push((server.clone(), error.clone())),
            }
        }
        report
    }

    fn add(&mut self, server: &str, plan: &Plan, major: u32) {
        self.changes.extend(plan.steps.iter().map(|step| Change::new(server, step, major, None)));
        self.prunable.extend(plan.prunable.iter().map(|step| Change::new(server, step, major, None)));
        self.limits.extend(plan.limits.iter().cloned());
    }
}

impl Report for PlanReport {
    fn json(&self) -> Map<String, Value> {
        let mut document = plan_keys(&self.changes, &self.prunable, &self.limits);
        document.insert("errors".into(), errors(&self.failed));
        document
    }

    fn text(&self, style: &Style) -> String {
        let mut text = String::new();
        if !self.changes.is_empty() {
            text += &changes_table(&self.changes, style);
            text += &format!("\nPlan: {}.\n", Summary::of(&self.changes));
        } else if self.failed.is_empty() {
            text += nothing_to_do(&self.limits);
        }
        text += &side_notes(&self.prunable, &self.limits);
        for (server, error) in &self.failed {
            text += &format!("\nserver {server}:\n{}\n", error_text(error, style));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        let found = if self.check && !self.changes.is_empty() {
            ExitStatus::Differences
        } else {
            ExitStatus::Success
        };
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()).chain([found]))
    }
}
