//! `backup verify`: verifies a backup by restoring it.

use clap::Args;
use serde::Serialize;

use super::listing::list;
use super::on_failure::ServiceErrors;
use super::store::BackupStore;
use crate::app::App;
use crate::commands::support::per_service::{PerService, errors_of, errors_text};
use martydb_backup::store::BackupId;
use martydb_backup::{BackupRecord, LoadSource, RestoreTarget, RowsCompared, load};
use martydb_context::targets;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_model::units::counted;
use martydb_ui::flags::Select;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Backup to verify, as `backup list` names it.
    #[arg(value_name = "ID", required_unless_present = "newest")]
    pub id: Option<String>,
    /// Verify the newest backup of each service of the manifest.
    #[arg(long, conflicts_with = "id")]
    pub newest: bool,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<VerifiedBackups> {
    let store = BackupStore::open(app)?;
    let Some(id) = &arguments.id else {
        return newest(app, &store).await;
    };
    let (service, verified) = one(app, &store, id).await?;
    Ok(VerifiedBackups { backups: vec![PerService::new(service, Ok(verified))] })
}

/// Returns the names of the services that the arguments select; empty if they are invalid.
pub(crate) fn service_names(app: &App, arguments: &Arguments) -> Vec<String> {
    match &arguments.id {
        None => app.manifest.services.keys().map(ToString::to_string).collect(),
        Some(id) => id.parse().into_iter().map(|id: BackupId| id.service().to_owned()).collect(),
    }
}

/// Verifies one backup after another, because each takes space on its server; a failure does not stop the others.
async fn newest(app: &App, store: &BackupStore) -> Result<VerifiedBackups> {
    let stores = app.backups()?;
    let all = list(app, &stores, &Select::default()).await?.backups;
    let mut backups = vec![];
    for service in app.manifest.services.keys() {
        let of =
            all.iter().map(|one| &one.backup).filter(|one| one.manifest.header.service == service.as_str());
        let verified = match of.max_by_key(|one| one.manifest.id.clone()) {
            Some(newest) => one(app, store, newest.manifest.id.as_str()).await.map(|(_, verified)| verified),
            None => {
                Err(Error::operation("no backup to verify").hint(format!("run `martydb backup {service}`")))
            }
        };
        let stopped = verified.as_ref().is_err_and(|error| error.kind == Kind::Interrupted);
        backups.push(PerService::new(service.to_string(), verified));
        if stopped {
            break;
        }
    }
    Ok(VerifiedBackups { backups })
}

/// Also returns the name of its service.
async fn one(app: &App, store: &BackupStore, id: &str) -> Result<(String, VerifiedBackup)> {
    let fetched = store.fetch(app, id).await?;
    let service = super::make::service_of(app, fetched.service())?;
    let (_, target) = targets::for_services(app, std::slice::from_ref(service)).await?.remove(0);
    let (access, desired) = (app.admin(&service.server).await?, app.manifest.desired(&service.server));
    let to =
        RestoreTarget { access: &access, desired: &desired, service, target: &target?, jobs: store.jobs() };
    let from =
        LoadSource { folder: fetched.path(), record: &fetched.record, tables: &[], accept: &[], audit: true };
    let loaded = load(&to, from).await?;
    let notes = loaded.notes;
    loaded.scratch.remove_after(Ok(())).await?;
    fetched.mark_verified().await?;
    Ok((service.name.to_string(), VerifiedBackup::new(id, &fetched.record, notes)))
}

#[derive(Serialize)]
pub struct VerifiedBackups {
    backups: Vec<PerService<VerifiedBackup>>,
}

impl ServiceErrors for VerifiedBackups {
    fn errors(&self) -> Vec<(String, &Error)> {
        errors_of(&self.backups)
    }
}

#[derive(Default, Serialize)]
pub(crate) struct VerifiedBackup {
    id: Option<String>,
    tables: usize,
    objects: usize,
    /// Comparison of the restored rows with the record.
    rows_compared: Option<RowsCompared>,
    /// Accepted differences from the record.
    notes: Vec<String>,
}

impl VerifiedBackup {
    fn new(id: &str, record: &BackupRecord, notes: Vec<String>) -> VerifiedBackup {
        let tables = record.contents.keys().filter(|name| name.starts_with("table ")).count();
        VerifiedBackup {
            id: Some(id.into()),
            tables,
            objects: record.catalog.len(),
            rows_compared: Some(record.rows_compared()),
            notes,
        }
    }

    fn text(&self) -> String {
        let (Some(id), tables) = (&self.id, counted(self.tables, "table")) else { return String::new() };
        let objects = counted(self.objects, "object");
        let mut text = match self.rows_compared {
            None | Some(RowsCompared::Hashes) => {
                format!("{id} restores: the rows of {tables} and {objects} match the record.\n")
            }
            Some(RowsCompared::Counts) => format!(
                "{id} restores: the row counts of {tables} and {objects} match the record.\n\
                 The rows themselves were not compared: the backup was made with --no-hashes.\n"
            ),
        };
        for note in &self.notes {
            text += &format!("note: {note}\n");
        }
        text
    }
}

impl Report for VerifiedBackups {
    fn text(&self, _: &Style) -> String {
        self.backups.iter().map(|one| one.answer.text()).collect()
    }

    fn messages(&self, style: &Style) -> String {
        errors_text(self.backups.iter().map(|one| (one.service.as_str(), one.error.as_ref())), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.backups.iter().filter_map(|one| one.error.as_ref()))
    }
}
