//! `redo`: reverts the last migration and applies it again, which a developer does while writing it.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::migrating::{UpgradeReport, migrate_each, plain_options};
use super::upgrade::upgrade_services;
use crate::app::App;
use crate::commands::change::apply::{ApplyReport, provision_services};
use crate::commands::start::init_all::names_tables;
use crate::commands::support::confirmation::Confirmation;
use crate::commands::support::{choice, disposable};
use martydb_context::targets;
use martydb_migrate::files::Direction;
use martydb_migrate::files::folder::load_valid;
use martydb_migrate::{DowngradeTo, Execution, Goal, MigrationId, Options};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_provision::PlanOptions;
use martydb_ui::flags::OneService;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Show what would be reverted; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Reverts the last file of the folder if it is applied, though it was edited since, and applies what is pending. A run that
/// failed half way, and a file that was never applied, need the second part only.
pub async fn run(app: &App, arguments: &Arguments) -> Result<RedoReport> {
    let service = choice::service(app, &arguments.service).await?;
    disposable::check(app, &service, "redo")?;
    let name = &service.name;
    let folder = load_valid(&service.migrations, name.as_str())?;
    let last = folder.migrations.last().ok_or_else(|| Error::usage(format!("{name} has no migrations")))?;
    let label = MigrationId { version: last.version, name: last.name.clone() }.label();
    let goal = Goal::Downgrade(DowngradeTo::Redone(last.version));
    let (folders, options) = ([(service.name.clone(), Arc::new(folder))].into(), plain_options(app));
    let services = [service];
    let targets = targets::for_services(app, &services).await?;
    let dry = Options { execution: Execution::Dry, ..options.clone() };
    let planned = migrate_each(app, &folders, targets.clone(), goal, &dry).await?;
    let is_applied = planned.iter().any(|outcome| !outcome.planned.is_empty());
    let shown = UpgradeReport::new(planned, Direction::Down, Execution::Dry);
    let mut report = RedoReport { reverted: None, migrated: None, provisioned: None };
    if shown.status() != ExitStatus::Success || arguments.dry_run && is_applied {
        report.reverted = Some(shown);
        return Ok(report);
    }
    if arguments.dry_run {
        report.migrated = Some(upgrade_services(app, &services, dry).await?);
        return Ok(report);
    }
    if is_applied {
        let question =
            format!("Revert {label} of {} and apply it again? Its data may be lost.", services[0].name);
        let would = format!("{label} would be reverted and applied again, and its data may be lost");
        app.confirm(&question, &would, "see it with --dry-run, then add -y").await?;
        let outcomes = migrate_each(app, &folders, targets, goal, &options).await?;
        let reverted = report.reverted.insert(UpgradeReport::new(outcomes, Direction::Down, Execution::Real));
        if reverted.status() != ExitStatus::Success {
            return Ok(report);
        }
    }
    report.migrated = Some(upgrade_services(app, &services, options).await?);
    // A table that was made again has lost the grants that name it.
    if report.status() == ExitStatus::Success && names_tables(&services[0]) {
        let granted =
            provision_services(app, &services, PlanOptions::default(), Confirmation::default(), None).await?;
        report.provisioned = Some(Box::new(granted));
    }
    Ok(report)
}

#[derive(Serialize)]
pub struct RedoReport {
    /// Absent if the last file was not applied.
    reverted: Option<UpgradeReport>,
    migrated: Option<UpgradeReport>,
    /// Grants on single tables, which were made again.
    provisioned: Option<Box<ApplyReport>>,
}

impl RedoReport {
    fn parts(&self) -> impl Iterator<Item = &UpgradeReport> {
        self.reverted.iter().chain(&self.migrated)
    }
}

impl Report for RedoReport {
    fn text(&self, style: &Style) -> String {
        let part = |title: &str, part: &UpgradeReport| format!("{title}\n\n{}", part.text(style));
        let reverted = self.reverted.iter().map(|one| part("Down", one));
        reverted.chain(self.migrated.iter().map(|one| part("Up", one))).collect::<Vec<_>>().join("\n")
    }

    fn messages(&self, style: &Style) -> String {
        let granted = self.provisioned.as_ref().map_or_else(String::new, |part| part.messages(style));
        self.parts().map(|part| part.messages(style)).collect::<String>() + &granted
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(
            self.parts().map(Report::status).chain(self.provisioned.iter().map(|part| part.status())),
        )
    }
}
