//! `init-all`: from nothing to proven, in one run.

use clap::Args;
use serde_json::{Map, Value};

use super::apply::{ApplyReport, provision_services};
use super::migrating::{UpgradeReport, plain_options};
use super::upgrade::upgrade_services;
use super::verify::{VerifyReport, verify_services};
use crate::error::{ExitStatus, Result};
use crate::report::{Report, Style};
use crate::run::Run;

/// Flags of `init-all`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Replace the passwords of roles that exist and that the secret store does not know.
    #[arg(long)]
    pub reset_passwords: bool,
}

/// Provisions, migrates, verifies. A step that failed stops the run before the next: what comes after would
/// only repeat the failure in other words.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services: Vec<_> = run.manifest.services.values().cloned().collect();
    let provisioned = provision_services(run, &services, arguments.reset_passwords).await?;
    let mut report = InitAllReport { provisioned, migrated: None, verified: None };
    if !report.provisioned.failed() {
        report.migrated = Some(upgrade_services(run, &services, plain_options(run)).await?);
        report.verified = Some(verify_services(run, &services).await?);
    }
    Ok(Box::new(report))
}

struct InitAllReport {
    provisioned: ApplyReport,
    migrated: Option<UpgradeReport>,
    verified: Option<VerifyReport>,
}

impl InitAllReport {
    fn parts(&self) -> Vec<(&'static str, &'static str, &dyn Report)> {
        let mut parts: Vec<(&str, &str, &dyn Report)> = vec![("apply", "Provisioned", &self.provisioned)];
        parts.extend(self.migrated.as_ref().map(|report| ("upgrade", "Migrated", report as &dyn Report)));
        parts.extend(
            self.verified.as_ref().map(|report| ("verify-isolation", "Isolation", report as &dyn Report)),
        );
        parts
    }
}

impl Report for InitAllReport {
    fn json(&self) -> Map<String, Value> {
        let part = |name: &str| {
            let found = self.parts().into_iter().find(|part| part.0 == name);
            found.map_or(Value::Null, |part| Value::Object(part.2.json()))
        };
        let names = ["apply", "upgrade", "verify-isolation"];
        names.into_iter().map(|name| (name.replace('-', "_"), part(name))).collect()
    }

    fn text(&self, style: &Style) -> String {
        let parts =
            self.parts().into_iter().map(|(_, title, report)| format!("{title}\n\n{}", report.text(style)));
        parts.collect::<Vec<_>>().join("\n")
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.parts().into_iter().map(|(_, _, report)| report.status()))
    }
}
