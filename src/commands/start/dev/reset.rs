//! `dev reset`: drops a service's database and roles, and makes them again: provisioned, migrated, seeded. The stored passwords
//! stay, so that the application needs no restart.

use serde::Serialize;

use super::seed;
use crate::app::App;
use crate::commands::change::apply::{ApplyReport, provision_services};
use crate::commands::migrate::migrating::{UpgradeReport, plain_options, read_folders};
use crate::commands::migrate::upgrade::upgrade_services;
use crate::commands::start::init_all::names_tables;
use crate::commands::support::companions::companion_of;
use crate::commands::support::confirmation::Confirmation;
use martydb_apply::converge::{Planner, Policy, converge};
use martydb_apply::teardown::Teardown;
use martydb_context::targets;
use martydb_migrate::{EventSender, Goal};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::{DesiredService, Jobs};
use martydb_plan::teardown::AdoptedDatabase;
use martydb_provision::PlanOptions;
use martydb_ui::report::{Report, Style};

/// Checks the files, asks, and starts from nothing.
///
/// # Errors
/// If nothing was dropped. A later failure is in the report.
pub(super) async fn run(app: &App, service: &DesiredService) -> Result<ResetReport> {
    let services = std::slice::from_ref(service);
    let read = read_folders(app, services, Goal::Upgrade, &plain_options(app)).await;
    if let Some(error) = read.err().into_iter().flatten().find_map(|outcome| outcome.error) {
        return Err(error);
    }
    let seed = seed::read(service)?;
    let data = format!("database {} of {} and all of its data", service.database, service.name);
    let would = format!("{data} would be dropped and made again");
    app.confirm(&format!("Drop {data}, and make it again?"), &would, "see `martydb status`, then add -y")
        .await?;
    remove(app, service).await?;
    let mut report = ResetReport { provisioned: None, migrated: None, seeded: false };
    let provision =
        || provision_services(app, services, PlanOptions::default(), Confirmation::default(), None);
    if report.provisioned.insert(Box::new(provision().await?)).failed() {
        return Ok(report);
    }
    report.migrated = Some(Box::new(upgrade_services(app, services, plain_options(app)).await?));
    // The migrations may have made tables that a grant names.
    if names_tables(service) && report.status() == ExitStatus::Success {
        report.provisioned = Some(Box::new(provision().await?));
    }
    if let Some(file) = seed.filter(|_| report.status() == ExitStatus::Success) {
        seed::run(app, service, &file).await?;
        report.seeded = true;
    }
    Ok(report)
}

/// Drops the database and the roles, and the service's keys on its Redis server.
async fn remove(app: &App, service: &DesiredService) -> Result<()> {
    let access = app.admin(&service.server).await?;
    let desired = app.manifest.desired(&service.server);
    let mut teardown = Teardown::new(&access, &desired, service, AdoptedDatabase::Keep);
    teardown.remaining(&[]).await?;
    if teardown.keeps_database() {
        let message =
            format!("database {} existed before this manifest: nothing was touched", service.database);
        let hint = format!(
            "drop it with `martydb drop --service {} --adopted`, then run `martydb init-all`",
            service.name
        );
        return Err(Error::usage(message).hint(hint));
    }
    wait_for_other_runs(app, service).await?;
    let _held = app.lock_store().await?;
    let policy = Policy { lock_wait: Some(app.lock_wait), jobs: Jobs::ONE, record: None };
    converge(&access, &mut teardown, &policy).await.end?;
    if let Some(companion) = companion_of(app, service)? {
        let done = companion.teardown(service).await?.execution.await;
        done.errors.into_iter().next().map_or(Ok(()), |failed| Err(failed.error))?;
    }
    Ok(())
}

/// Waits for a run of migrations, which would lose its database.
async fn wait_for_other_runs(app: &App, service: &DesiredService) -> Result<()> {
    for (_, target) in targets::for_services(app, std::slice::from_ref(service)).await? {
        // Without a login there is no database to lose.
        let Ok(target) = target else { continue };
        martydb_migrate::wait_for_other_runs(&target, &plain_options(app), &EventSender::ignored()).await?;
    }
    Ok(())
}

#[derive(Serialize)]
pub struct ResetReport {
    provisioned: Option<Box<ApplyReport>>,
    migrated: Option<Box<UpgradeReport>>,
    /// `true` if `seed.sql` ran.
    seeded: bool,
}

impl Report for ResetReport {
    fn text(&self, style: &Style) -> String {
        let migrated = self.migrated.as_ref().map_or_else(String::new, |report| report.text(style));
        migrated + if self.seeded { "Seeded with seed.sql.\n" } else { "" }
    }

    fn messages(&self, style: &Style) -> String {
        let provisioned = self.provisioned.as_ref().map_or_else(String::new, |report| report.messages(style));
        provisioned + &self.migrated.as_ref().map_or_else(String::new, |report| report.messages(style))
    }

    fn status(&self) -> ExitStatus {
        let parts = [
            self.provisioned.as_ref().map(|part| part.status()),
            self.migrated.as_ref().map(|part| part.status()),
        ];
        ExitStatus::worst(parts.into_iter().flatten())
    }
}
