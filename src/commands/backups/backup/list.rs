//! `backup list`: lists backups with age and size.

use serde::Serialize;
use time::OffsetDateTime;

use super::listing::{OwnBackup, list};
use super::store::{StoreOutcome, error_of};
use crate::app::App;
use martydb_backup::store::Encryption;
use martydb_model::error::{ExitStatus, Result};
use martydb_model::units::bytes;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_text, printable, when};

pub use martydb_ui::flags::Select as Arguments;

/// Title of the column that only several stores need.
pub const STORE: &str = "store";

pub async fn run(app: &App, select: &Arguments) -> Result<BackupList> {
    let stores = app.backups()?;
    let own = list(app, &stores, select).await?;
    let now = OffsetDateTime::now_utc();
    Ok(BackupList {
        backups: own.backups.iter().map(|one| BackupRow::new(one, now)).collect(),
        problems: own.problems,
        stores: own.stores,
    })
}

#[derive(Serialize)]
pub struct BackupList {
    /// Backups, oldest first.
    backups: Vec<BackupRow>,
    /// Entries of the store that are not complete backups.
    problems: Vec<String>,
    /// Stores, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stores: Vec<StoreOutcome>,
}

#[derive(Serialize)]
pub struct BackupRow {
    pub id: String,
    pub service: String,
    pub server: String,
    pub database: String,
    pub taken_at: String,
    pub age_s: i64,
    pub size_bytes: u64,
    pub encrypted: bool,
    /// Time of the last verified restore.
    pub verified_at: Option<String>,
    pub migration_head: Option<String>,
    /// Store with this copy, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

impl BackupRow {
    pub fn new(own: &OwnBackup<'_>, now: OffsetDateTime) -> BackupRow {
        let listed = &own.backup;
        let (manifest, header) = (&listed.manifest, &listed.manifest.header);
        BackupRow {
            id: manifest.id.to_string(),
            service: header.service.clone(),
            server: header.server.clone(),
            database: header.database.clone(),
            taken_at: header.taken_at.clone(),
            age_s: (now - manifest.id.taken_at()).whole_seconds().max(0),
            size_bytes: manifest.size(),
            encrypted: manifest.encryption != Encryption::None,
            verified_at: listed.verified_at.clone(),
            migration_head: header.migration_head.clone(),
            store: own.store.clone(),
        }
    }

    pub fn size(&self) -> String {
        bytes(i64::try_from(self.size_bytes).unwrap_or(i64::MAX))
    }
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a BackupRow>> {
    vec![
        ReportColumn::new("id", "id", |one, _| one.id.as_str().into()),
        ReportColumn::new("service", "service", |one, _| one.service.as_str().into()),
        ReportColumn::new("taken_at", "taken", |one, style| when(&one.taken_at, style).into()),
        ReportColumn::key("age_s"),
        ReportColumn::new("size_bytes", "size", |one, _| Cell::number(one.size())),
        ReportColumn::spare(1, "encrypted", "encrypted", |one, _| match one.encrypted {
            true => Cell::new("yes", Paint::Plain),
            false => Cell::new("no", Paint::Warn),
        }),
        ReportColumn::new("verified_at", "verified", |one, style| {
            one.verified_at.as_ref().map_or_else(|| "-".to_owned(), |at| when(at, style)).into()
        }),
        ReportColumn::spare(0, "migration_head", "version", |one, _| {
            Cell::number(one.migration_head.as_deref().unwrap_or("-"))
        }),
        ReportColumn::key("outcome"),
        ReportColumn::new("store", STORE, |one, _| printable(one.store.as_deref().unwrap_or("-")).into()),
    ]
}

impl Report for BackupList {
    fn text(&self, style: &Style) -> String {
        if self.backups.is_empty() {
            return "No backups.\n".into();
        }
        let hidden: &[&str] = if self.stores.is_empty() { &[STORE] } else { &[] };
        ReportColumn::table(columns(), hidden, &self.backups, style).render(style)
    }

    fn messages(&self, style: &Style) -> String {
        error_of(&self.stores).map_or_else(String::new, |error| error_text(&error, style))
    }

    fn status(&self) -> ExitStatus {
        error_of(&self.stores).map_or(ExitStatus::Success, |error| error.kind.status())
    }
}
