//! `init-all`: provisions, migrates and verifies in one run.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::change::apply::{ApplyReport, provision_services};
use crate::commands::migrate::migrating::{UpgradeReport, plain_options, read_folders};
use crate::commands::migrate::upgrade::upgrade_services;
use crate::commands::support::confirmation::Confirmation;
use crate::commands::support::relative_path::current_folder;
use crate::commands::verify::verify_isolation::{self, Probes, VerifyReport, verify_services};
use martydb_import::discovery::not_imported::{NotImported, separated};
use martydb_migrate::Goal;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_model::units::counted;
use martydb_model::{AccessExtent, DesiredService};
use martydb_provision::PlanOptions;
use martydb_ui::flags::Format;
use martydb_ui::report::{Out, Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Logins to try, as for verify-isolation.
    #[arg(long, value_enum, default_value = "auto", value_name = "HOW", hide_short_help = true)]
    pub probes: Probes,
}

/// Provisions, migrates, verifies. A failed step stops the run: the next one would only repeat the failure in other
/// words.
pub async fn run(app: &App, arguments: &Arguments) -> Result<InitAllReport> {
    let all: Vec<_> = app.manifest.services.values().cloned().collect();
    let (services, not_imported) = separated(&all, &current_folder());
    if let ([], [first, rest @ ..]) = (services.as_slice(), not_imported.as_slice()) {
        return Err(rest.iter().map(NotImported::error).fold(first.error(), together));
    }
    check_all_files(app, &services).await?;
    // The migrations need the migrators, and the proof all logins.
    app.store.check_present(&app.credential_keys())?;
    let options = PlanOptions::default();
    let provisioned = provision_services(app, &services, options, arguments.confirmation, None).await?;
    let mut report = InitAllReport { provisioned, migrated: None, verified: None, not_imported, printed: 0 };
    if report.provisioned.failed() {
        return Ok(report);
    }
    // The migrations may make these tables.
    report.provisioned.take_awaited_tables();
    let changed = report.provisioned.has_changed();
    match migrate_and_verify(app, arguments, &services, &mut report).await {
        Err(error) if changed && error.kind.status() == ExitStatus::Usage => {
            Err(Error { kind: Kind::Operation, ..error })
        }
        end => end.map(|()| report),
    }
}

async fn migrate_and_verify(
    app: &App,
    arguments: &Arguments,
    services: &[DesiredService],
    report: &mut InitAllReport,
) -> Result<()> {
    report.print_new(&app.out);
    report.migrated = Some(upgrade_services(app, services, plain_options(app)).await?);
    if report.status() == ExitStatus::Interrupted {
        return Ok(());
    }
    report.print_new(&app.out);
    if services.iter().any(names_tables) {
        let options = PlanOptions::default();
        let mut again = provision_services(app, services, options, arguments.confirmation, None).await?;
        again.take_awaited_tables().iter().for_each(|limit| app.out.note(limit));
        if again.failed() {
            report.provisioned = again;
            report.printed = 0;
        }
    }
    let verification = verify_isolation::Arguments { probes: arguments.probes, ..Default::default() };
    report.verified = Some(verify_services(app, &verification, services).await?);
    Ok(())
}

/// Checks the files of all services, before the first is provisioned.
///
/// # Errors
/// The problems of all services in one.
async fn check_all_files(app: &App, services: &[DesiredService]) -> Result<()> {
    let refused =
        read_folders(app, services, Goal::Upgrade, &plain_options(app)).await.err().unwrap_or_default();
    let errors: Vec<Error> = refused.into_iter().filter_map(|outcome| outcome.error).collect();
    let message = format!("the migration files of {} are invalid", counted(errors.len(), "service"));
    match <[Error; 1]>::try_from(errors) {
        Ok([only]) => Err(only),
        Err(none) if none.is_empty() => Ok(()),
        Err(several) => Err(several.into_iter().fold(Error::new(Kind::MigrationFile, message), together)),
    }
}

fn together(mut all: Error, one: Error) -> Error {
    if one.kind == Kind::NotImported {
        all.causes.push(one.message);
    }
    all.causes.extend(one.causes);
    let new: Vec<String> = one.hints.into_iter().filter(|hint| !all.hints.contains(hint)).collect();
    all.hints.extend(new);
    all
}

/// Returns `true` if the relay or further roles get access to single tables, which did not exist before the migrations.
pub(crate) fn names_tables(service: &DesiredService) -> bool {
    service.outbox.is_some()
        || service.access.iter().any(|grant| matches!(grant.extent, AccessExtent::Table(..)))
}

#[derive(Serialize)]
pub struct InitAllReport {
    #[serde(rename = "apply")]
    provisioned: ApplyReport,
    #[serde(rename = "upgrade")]
    migrated: Option<UpgradeReport>,
    #[serde(rename = "verify_isolation")]
    verified: Option<VerifyReport>,
    /// Services that were left out, because their migrations are not imported.
    not_imported: Vec<NotImported>,
    /// Number of parts already printed.
    #[serde(skip)]
    printed: usize,
}

impl InitAllReport {
    /// Returns the finished parts as text.
    fn parts(&self, style: &Style) -> Vec<String> {
        let part = |title: &str, text: String| format!("{title}\n\n{text}");
        let parts = [
            Some(part(self.provisioned.heading(), self.provisioned.text(style))),
            self.migrated.as_ref().map(|report| part(report.heading(), report.text(style))),
            self.verified.as_ref().map(|report| part("Isolation", report.text(style))),
        ];
        parts.into_iter().flatten().collect()
    }

    /// Prints each part as soon as it is done; an interrupt does not lose it.
    fn print_new(&mut self, out: &Out) {
        if out.format() == Format::Table {
            let text = self.text(&out.result_style());
            // A failed write is reported at the end of the run.
            out.text(&(text + "\n"), ExitStatus::Success);
            self.printed = self.parts(&Style::PLAIN).len();
        }
    }
}

impl Report for InitAllReport {
    fn text(&self, style: &Style) -> String {
        self.parts(style).split_off(self.printed).join("\n")
    }

    fn messages(&self, style: &Style) -> String {
        let migrated = self.migrated.as_ref().map_or_else(String::new, |report| report.messages(style));
        let waiting: String = self.not_imported.iter().map(NotImported::line).collect();
        let separator = if self.not_imported.is_empty() { "" } else { "\n" };
        self.provisioned.messages(style) + &migrated + separator + &waiting
    }

    fn status(&self) -> ExitStatus {
        let migrated = self.migrated.as_ref().map(Report::status);
        let verified = self.verified.as_ref().map(Report::status);
        let waiting = (!self.not_imported.is_empty()).then_some(ExitStatus::Differences);
        let parts = [Some(self.provisioned.status()), migrated, verified, waiting];
        ExitStatus::worst(parts.into_iter().flatten()).after_changes(self.provisioned.has_changed())
    }
}
