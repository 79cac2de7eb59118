//! `init-all`: from nothing to proven, in one run.

use clap::Args;
use serde::Serialize;

use super::apply::{ApplyReport, Consent, provision_services};
use super::migrating::{UpgradeReport, plain_options};
use super::upgrade::upgrade_services;
use super::verify::{self, VerifyReport, verify_services};
use crate::error::{ExitStatus, Result};
use crate::provision::PlanOptions;
use crate::report::{Report, Style};
use crate::run::Run;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Replace the passwords of roles that exist and that the secret store does not know.
    #[arg(long)]
    pub reset_passwords: bool,
    /// Make an empty database also where one that this manifest made belongs to no service any more.
    #[arg(long)]
    pub new_database: bool,
}

/// Provisions, migrates, verifies. A step that failed stops the run before the next: what comes after would
/// only repeat the failure in other words.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<InitAllReport> {
    let services: Vec<_> = run.manifest.services.values().cloned().collect();
    let consent =
        Consent { reset_passwords: arguments.reset_passwords, new_database: arguments.new_database };
    let provisioned = provision_services(run, &services, PlanOptions::default(), consent, None).await?;
    let mut report = InitAllReport { provisioned, migrated: None, verified: None };
    if !report.provisioned.failed() {
        report.migrated = Some(upgrade_services(run, &services, plain_options(run)).await?);
        report.verified = Some(verify_services(run, &verify::Arguments::default(), &services).await?);
    }
    Ok(report)
}

#[derive(Serialize)]
pub struct InitAllReport {
    #[serde(rename = "apply")]
    provisioned: ApplyReport,
    #[serde(rename = "upgrade")]
    migrated: Option<UpgradeReport>,
    #[serde(rename = "verify_isolation")]
    verified: Option<VerifyReport>,
}

impl Report for InitAllReport {
    fn text(&self, style: &Style) -> String {
        let part = |title: &str, text: String| format!("{title}\n\n{text}");
        let parts = [
            Some(part("Provisioned", self.provisioned.text(style))),
            self.migrated.as_ref().map(|report| part("Migrated", report.text(style))),
            self.verified.as_ref().map(|report| part("Isolation", report.text(style))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    fn messages(&self, style: &Style) -> String {
        let migrated = self.migrated.as_ref().map_or_else(String::new, |report| report.messages(style));
        self.provisioned.messages(style) + &migrated
    }

    fn status(&self) -> ExitStatus {
        let migrated = self.migrated.as_ref().map(Report::status);
        let verified = self.verified.as_ref().map(Report::status);
        ExitStatus::worst([Some(self.provisioned.status()), migrated, verified].into_iter().flatten())
    }
}
