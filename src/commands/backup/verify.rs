//! `backup verify`: a backup is good once it was restored.

use clap::Args;
use serde::Serialize;

use super::shelf::BackupShelf;
use crate::backup::{BackupRecord, LoadSource, RestoreTarget, RowsCompared, load};
use crate::error::Result;
use crate::report::{Report, Style};
use crate::run::Run;
use crate::targets;
use crate::units::counted;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The backup, as `backup list` names it.
    #[arg(value_name = "ID")]
    pub id: String,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<VerifiedBackup> {
    let shelf = BackupShelf::open(run)?;
    let fetched = shelf.fetch(run, &arguments.id).await?;
    let service = super::make::service_of(run, fetched.service())?;
    let (_, target) = targets::of(run, std::slice::from_ref(service)).await?.remove(0);
    let (access, desired) = (run.admin(&service.server).await?, run.manifest.desired(&service.server));
    let to =
        RestoreTarget { access: &access, desired: &desired, service, target: &target?, jobs: shelf.jobs() };
    let loaded = load(&to, LoadSource { folder: fetched.path(), record: &fetched.record }).await?;
    let notes = loaded.notes;
    loaded.scratch.remove_after(Ok(())).await?;
    shelf.mark_verified(&arguments.id).await?;
    Ok(VerifiedBackup::new(&arguments.id, service.name.as_str(), &fetched.record, notes))
}

#[derive(Serialize)]
pub struct VerifiedBackup {
    id: String,
    service: String,
    tables: usize,
    objects: usize,
    /// What the restored rows were held against.
    rows_compared: RowsCompared,
    /// What is other than it was, and was accepted when the backup was made.
    notes: Vec<String>,
}

impl VerifiedBackup {
    fn new(id: &str, service: &str, record: &BackupRecord, notes: Vec<String>) -> VerifiedBackup {
        let tables = record.contents.keys().filter(|name| name.starts_with("table ")).count();
        VerifiedBackup {
            id: id.into(),
            service: service.into(),
            tables,
            objects: record.catalogue.len(),
            rows_compared: record.rows_compared(),
            notes,
        }
    }
}

impl Report for VerifiedBackup {
    fn text(&self, _: &Style) -> String {
        let (id, tables) = (&self.id, counted(self.tables, "table"));
        let objects = counted(self.objects, "object");
        let mut text = match self.rows_compared {
            RowsCompared::Hashes => {
                format!("{id} restores: the rows of {tables} and {objects} are as they were recorded.\n")
            }
            RowsCompared::Counts => format!(
                "{id} restores: {tables} have as many rows as were recorded, and {objects} are as they were.\n\
                 The rows themselves were not compared: the backup was made with --no-hashes.\n"
            ),
        };
        for note in &self.notes {
            text += &format!("note: {note}\n");
        }
        text
    }
}
