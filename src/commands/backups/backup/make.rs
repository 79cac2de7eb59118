//! `backup` itself: first reports what the backups would lose, then takes the snapshots of all services directly one
//! after the other, and dumps one service after another.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::on_failure::ServiceErrors;
use super::store::{BackupStore, StoreOutcome, error_of};
use crate::app::App;
use crate::commands::support::choice;
use crate::commands::support::per_service::{PerService, errors_of, errors_text, map_concurrent};
use martydb_backup::{
    BackupOptions, BackupRecord, DUMP, ExportedService, FoundAudit, RowsCompared, audit_size, examine,
};
use martydb_context::targets;
use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_model::units::{bytes, counted};
use martydb_model::{DesiredService, ServiceName};
use martydb_provision::{self as provision, PlanOptions};
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Report, ReportColumn, Style, printable};

#[derive(Debug, Default, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Omit objects that a backup cannot contain, and record them.
    #[arg(long)]
    pub accept: bool,
    /// Count rows without hashing them: `backup verify` and `restore` then compare only their number.
    #[arg(long)]
    pub no_hashes: bool,
    /// Number of sessions that read each database [default: the manifest's, or 2].
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub sessions: Option<NonZeroUsize>,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<CreatedBackups> {
    let services = choice::services(app, &arguments.select).await?;
    let store = BackupStore::open(app)?;
    store.warn_unencrypted(app);
    let how = BackupOptions {
        accept: arguments.accept,
        jobs: arguments.sessions.map_or(store.jobs(), NonZeroUsize::get),
        hashes: !arguments.no_hashes,
    };
    let plans = plan_changes(app, &services).await;
    let mut made = vec![];
    for (service, exported) in exported(app, &services, how).await? {
        let one = async { keep(app, &store, &service, exported?, &plans).await }.await;
        let stopped = one.as_ref().is_err_and(|error| error.kind == Kind::Interrupted);
        made.push(outcome(&service.name, one));
        if stopped {
            break;
        }
    }
    Ok(CreatedBackups { backups: made })
}

/// Returns the outcome for a service, whose error may be that of a store that did not get its backup.
fn outcome(service: &ServiceName, made: Result<CreatedBackup>) -> PerService<CreatedBackup> {
    let error = made.as_ref().ok().and_then(|made| {
        let id = made.id.as_deref().unwrap_or_default();
        let lacking = made.stores.iter().filter(|store| store.error.is_some());
        let places: Vec<String> = lacking.map(|store| store.store.clone()).collect();
        Some(error_of(&made.stores)?.while_doing(format!("{id} is missing in {}", places.join(" and "))))
    });
    let one = PerService::new(service.to_string(), made);
    PerService { error: error.or(one.error), ..one }
}

/// Returns the names of the services that the arguments select; empty if they are invalid.
pub(crate) fn service_names(app: &App, arguments: &Arguments) -> Vec<String> {
    let services = app.writable(&arguments.select).unwrap_or_default();
    services.iter().map(|service| service.name.to_string()).collect()
}

/// Returns the number of changes in `plan` for each service, where it is known.
async fn plan_changes(app: &App, services: &[DesiredService]) -> BTreeMap<ServiceName, usize> {
    let plans = provision::plan(app, services, PlanOptions::default()).await;
    let mut all = BTreeMap::new();
    for planned in plans.iter().filter_map(|(_, planned)| planned.as_ref().ok()) {
        let unread = planned.unread();
        let here = services.iter().filter(|service| service.server == planned.desired.name);
        for service in here.filter(|service| unread.iter().all(|(name, _)| *name != service.name)) {
            let due = planned.plan.steps.iter().filter(|step| step.service.as_ref() == Some(&service.name));
            all.insert(service.name.clone(), due.count());
        }
    }
    all
}

/// Takes the snapshots of all services. Each step is done for all services before the next.
async fn exported(
    app: &App,
    services: &[DesiredService],
    how: BackupOptions,
) -> Result<Vec<(DesiredService, Result<ExportedService>)>> {
    let mut targets = vec![];
    for (service, target) in targets::for_services(app, services).await? {
        let audited = async { Ok((target?, audit(app, &service).await?)) }.await;
        targets.push((service, audited));
    }
    let examining = |(service, target): (DesiredService, Result<(MigrationTarget, _)>)| async move {
        let examined = async {
            let (target, audit) = target?;
            examine(target, audit, how).await
        };
        (service, examined.await)
    };
    let examined = map_concurrent(app.jobs.count, targets, examining).await;
    let locking = |(service, examined): (DesiredService, Result<_>)| async move {
        let locked = async { martydb_backup::ExaminedService::lock(examined?).await };
        (service, locked.await)
    };
    let locked = map_concurrent(app.jobs.count, examined, locking).await;
    let mut all = vec![];
    for (service, locked) in locked {
        let exported = async { locked?.export().await }.await;
        all.push((service, exported));
    }
    Ok(all)
}

/// Returns the audit of a service whose backups have its rows.
async fn audit(app: &App, service: &DesiredService) -> Result<Option<FoundAudit>> {
    if !service.serve.as_ref().is_some_and(|exposure| exposure.audit.backup) {
        return Ok(None);
    }
    let (access, desired) = (app.admin(&service.server).await?, app.manifest.desired(&service.server));
    FoundAudit::find(&access, &desired, service).await.map(Some)
}

async fn keep(
    app: &App,
    store: &BackupStore,
    service: &DesiredService,
    exported: ExportedService,
    plans: &BTreeMap<ServiceName, usize>,
) -> Result<CreatedBackup> {
    let staged = store.stage(&service.name).await?;
    let exported_at = exported.at();
    let record = exported.write(staged.path(), plans.get(&service.name).copied()).await?;
    let size = size_of(staged.path());
    let (id, stores) = store.finish(app, staged, service, exported_at, &record).await?;
    Ok(CreatedBackup { stores, ..CreatedBackup::new(id, size, exported_at, &record) })
}

/// Returns the size of the archive and of the audit's rows before encryption, in bytes.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder.join(DUMP)).into_iter().flatten().flatten();
    let archive: u64 = entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum();
    archive + audit_size(folder)
}

#[derive(Serialize)]
pub struct CreatedBackups {
    /// Backups, one per service, in the manifest's order.
    backups: Vec<PerService<CreatedBackup>>,
}

impl ServiceErrors for CreatedBackups {
    fn errors(&self) -> Vec<(String, &Error)> {
        errors_of(&self.backups)
    }
}

/// Outcome of the backup of one service.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "snake_case")]
enum MakeOutcome {
    #[default]
    Failed,
    Made,
}

#[derive(Default, Serialize)]
pub(crate) struct CreatedBackup {
    id: Option<String>,
    outcome: MakeOutcome,
    /// Time of the snapshot, in RFC 3339.
    taken_at: Option<String>,
    size_bytes: u64,
    tables: usize,
    rows: u64,
    /// Comparison of rows that a restore can do.
    rows_compared: RowsCompared,
    migration_head: Option<i64>,
    /// Accepted gaps of the backup.
    left_out: Vec<String>,
    /// Stores, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stores: Vec<StoreOutcome>,
}

impl CreatedBackup {
    fn new(id: String, size: u64, taken_at: OffsetDateTime, record: &BackupRecord) -> CreatedBackup {
        let counts: Vec<u64> = record
            .contents
            .iter()
            .filter(|(name, _)| name.starts_with("table "))
            .filter_map(|(_, text)| text.split(' ').next()?.parse().ok())
            .collect();
        CreatedBackup {
            id: Some(id),
            outcome: MakeOutcome::Made,
            taken_at: taken_at.format(&Rfc3339).ok(),
            size_bytes: size,
            tables: counts.len(),
            rows: counts.iter().sum(),
            rows_compared: record.rows_compared(),
            migration_head: record.migration_head,
            left_out: record.left_out.clone(),
            stores: vec![],
        }
    }
}

/// Columns of service, backup and its record.
fn columns<'a>() -> Vec<ReportColumn<(&'a str, &'a str, &'a CreatedBackup)>> {
    vec![
        ReportColumn::shown("service", |(service, _, _), _| service.into()),
        ReportColumn::shown("backup", |(_, id, _), _| id.into()),
        ReportColumn::shown("size", |(_, _, made), _| {
            Cell::number(bytes(made.size_bytes.try_into().unwrap_or(i64::MAX)))
        }),
        ReportColumn::shown("tables", |(_, _, made), _| Cell::number(made.tables)),
        ReportColumn::shown("rows", |(_, _, made), _| Cell::number(made.rows)),
        ReportColumn::shown("migration", |(_, _, made), _| {
            made.migration_head.map_or_else(|| "-".to_owned(), |head| format!("V{head}")).into()
        }),
    ]
}

impl Report for CreatedBackups {
    fn text(&self, style: &Style) -> String {
        let made = self
            .backups
            .iter()
            .filter_map(|one| Some((&*one.service, one.answer.id.as_deref()?, &one.answer)));
        let mut text = ReportColumn::table(columns(), &[], made, style).render_or("", style);
        if self.backups.iter().any(|one| one.answer.rows_compared == RowsCompared::Counts) {
            text += "\nRows were counted and not hashed: `backup verify` and `restore` will compare only their number.\n";
        }
        for one in self.backups.iter().filter(|one| !one.answer.left_out.is_empty()) {
            let left_out = &one.answer.left_out;
            text += &format!("\n{} does not contain {}:\n", one.service, counted(left_out.len(), "thing"));
            text += &left_out.iter().map(|line| format!("  {}\n", printable(line))).collect::<String>();
        }
        text
    }

    fn messages(&self, style: &Style) -> String {
        errors_text(self.backups.iter().map(|one| (one.service.as_str(), one.error.as_ref())), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.backups.iter().filter_map(|one| one.error.as_ref()))
    }
}

/// Returns the service of a backup, or an error if the manifest no longer declares it.
pub(crate) fn service_of<'r>(app: &'r App, name: &str) -> Result<&'r DesiredService> {
    app.service(name).map_err(|error| -> Error {
        error.hint("a backup can be restored only for a service that the manifest declares")
    })
}
