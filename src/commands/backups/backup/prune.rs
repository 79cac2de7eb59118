//! `backup prune`: removes the backups that no rule of `keep` retains.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;

use super::list::{BackupRow, STORE};
use super::listing::{OwnBackup, list};
use super::store::StoreOutcome;
use crate::app::App;
use martydb_backup::store::{Retainable, RetentionRule, retained};
use martydb_model::RetentionPolicy;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_texts, printable, when};

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Show what would be removed and which rules keep the rest; remove nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<PrunedBackups> {
    let stores = app.backups()?;
    let keep = app.manifest.backup.as_ref().and_then(|settings| settings.keep).ok_or_else(|| {
        Error::usage("the manifest has no retention rules for backups, nothing was removed")
            .hint("add it: backup: { keep: { last: 3, daily: 7, weekly: 4, monthly: 12 } }")
    })?;
    let own = list(app, &stores, &arguments.select).await?;
    let mut backups = judged(keep, &own.backups);
    let due = backups.iter().filter(|one| one.outcome == PruneOutcome::Due).count();
    if due > 0 && !arguments.dry_run {
        let what = format!("{} in {}", counted(due, "backup"), stores.places());
        let (question, would) = (format!("Remove {what}?"), format!("{what} would be removed"));
        app.confirm(&question, &would, "see them with --dry-run, then add -y").await?;
        remove(&own.backups, &mut backups).await;
        for repository in stores.iter().filter(|repository| own.has_read(repository)) {
            repository.sweep().await?;
        }
    }
    Ok(PrunedBackups { backups, stores: own.stores })
}

/// Applies the retention rules to each service in each store.
fn judged(keep: RetentionPolicy, all: &[OwnBackup<'_>]) -> Vec<PrunedBackup> {
    let mut groups: BTreeMap<(Option<&str>, &str), Vec<Retainable>> = BTreeMap::new();
    for OwnBackup { backup, store, .. } in all {
        let retainable = Retainable { id: &backup.manifest.id, verified: backup.verified_at.is_some() };
        groups.entry((store.as_deref(), &backup.manifest.header.service)).or_default().push(retainable);
    }
    let retained: BTreeMap<_, BTreeMap<_, Vec<RetentionRule>>> =
        groups.iter().map(|(group, backups)| (*group, retained(keep, backups))).collect();
    let now = OffsetDateTime::now_utc();
    let judge = |one: &OwnBackup| {
        let manifest = &one.backup.manifest;
        let group = retained.get(&(one.store.as_deref(), manifest.header.service.as_str()));
        let why = group.and_then(|group| group.get(&manifest.id)).cloned().unwrap_or_default();
        let outcome = if why.is_empty() { PruneOutcome::Due } else { PruneOutcome::Kept };
        let kept_by = why.into_iter().map(RetentionRule::name).collect();
        PrunedBackup { backup: BackupRow::new(one, now), outcome, kept_by, error: None }
    };
    all.iter().map(judge).collect()
}

/// Removes backups one by one, oldest first; a failure does not stop the others.
async fn remove(own: &[OwnBackup<'_>], backups: &mut [PrunedBackup]) {
    let due = backups.iter_mut().zip(own).filter(|(one, _)| one.outcome == PruneOutcome::Due);
    for (one, own) in due {
        match own.repository.remove(&own.backup.manifest.id).await {
            Ok(()) => one.outcome = PruneOutcome::Removed,
            Err(error) => (one.outcome, one.error) = (PruneOutcome::Failed, Some(error)),
        }
    }
}

#[derive(Serialize)]
pub struct PrunedBackups {
    /// Backups, oldest first.
    backups: Vec<PrunedBackup>,
    /// Stores, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stores: Vec<StoreOutcome>,
}

#[derive(Serialize)]
pub(crate) struct PrunedBackup {
    #[serde(flatten)]
    backup: BackupRow,
    outcome: PruneOutcome,
    /// Rules that retain the backup.
    kept_by: Vec<&'static str>,
    error: Option<Error>,
}

/// Outcome of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum PruneOutcome {
    Kept,
    /// A run without --dry-run would remove the backup.
    Due,
    Removed,
    Failed,
}

impl PrunedBackup {
    fn outcome(&self) -> Cell {
        match self.outcome {
            PruneOutcome::Kept => Cell::new(format!("stays: {}", self.kept_by.join(", ")), Paint::Plain),
            PruneOutcome::Due => Cell::new("would be removed", Paint::Warn),
            PruneOutcome::Removed => Cell::new("removed", Paint::Warn),
            PruneOutcome::Failed => Cell::new("cannot be removed", Paint::Bad),
        }
    }
}

impl PrunedBackups {
    fn errors(&self) -> impl Iterator<Item = &Error> {
        let backups = self.backups.iter().filter_map(|one| one.error.as_ref());
        backups.chain(self.stores.iter().filter_map(|one| one.error.as_ref()))
    }
}

impl Report for PrunedBackups {
    fn text(&self, style: &Style) -> String {
        if self.backups.is_empty() {
            return "No backups.\n".into();
        }
        let columns: Vec<ReportColumn<&PrunedBackup>> = vec![
            ReportColumn::shown("id", |one, _| one.backup.id.as_str().into()),
            ReportColumn::shown("service", |one, _| one.backup.service.as_str().into()),
            ReportColumn::shown("taken", |one, style| when(&one.backup.taken_at, style).into()),
            ReportColumn::spare(0, "size_bytes", "size", |one, _| Cell::number(one.backup.size())),
            ReportColumn::shown("outcome", |one, _| one.outcome()),
            ReportColumn::shown(STORE, |one, _| printable(one.backup.store.as_deref().unwrap_or("-")).into()),
        ];
        let hidden: &[&str] = if self.stores.is_empty() { &[STORE] } else { &[] };
        ReportColumn::table(columns, hidden, &self.backups, style).render(style)
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.errors(), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.errors())
    }
}
