//! `backup prune`: removes the backups that no rule of `keep` retains.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;

use super::list::BackupRow;
use super::listing::list;
use martydb_config::backup_store::{ListedBackup, Repository, Retainable, RetentionRule, retained};
use martydb_model::RetentionPolicy;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_provision::run::Run;
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, Style, Table, error_text, when};

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Show what would be removed and which rules keep the rest; remove nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<PrunedBackups> {
    let repository = run.backups()?;
    let keep = run.manifest.backup.as_ref().and_then(|settings| settings.keep).ok_or_else(|| {
        Error::usage("the manifest has no retention rules for backups, nothing was removed")
            .hint("add it: backup: { keep: { last: 3, daily: 7, weekly: 4, monthly: 12 } }")
    })?;
    let own = list(run, &repository, &arguments.select).await?;
    let mut backups = judged(keep, &own.backups);
    let due = backups.iter().filter(|one| one.outcome == PruneOutcome::Due).count();
    if due > 0 && !arguments.dry_run {
        let what = format!("{} in {}", counted(due, "backup"), repository.place());
        let (question, would) = (format!("Remove {what}?"), format!("{what} would be removed"));
        run.confirm(&question, &would, "see them with --dry-run, then add -y").await?;
        remove(&repository, &mut backups).await;
        repository.sweep().await?;
    }
    Ok(PrunedBackups { backups })
}

/// Applies the retention rules to each service.
fn judged(keep: RetentionPolicy, all: &[ListedBackup]) -> Vec<PrunedBackup> {
    let mut services: BTreeMap<&str, Vec<Retainable>> = BTreeMap::new();
    for one in all {
        let backup = Retainable { id: &one.manifest.id, verified: one.verified_at.is_some() };
        services.entry(&one.manifest.header.service).or_default().push(backup);
    }
    let mut retained: BTreeMap<_, Vec<RetentionRule>> =
        services.values().flat_map(|backups| retained(keep, backups)).collect();
    let now = OffsetDateTime::now_utc();
    let judge = |one: &ListedBackup| {
        let why = retained.remove(&one.manifest.id).unwrap_or_default();
        let outcome = if why.is_empty() { PruneOutcome::Due } else { PruneOutcome::Kept };
        let kept_by = why.into_iter().map(RetentionRule::name).collect();
        PrunedBackup { backup: BackupRow::new(one, now), outcome, kept_by, error: None }
    };
    all.iter().map(judge).collect()
}

/// Removes backups one by one, oldest first; a failure does not stop the others.
async fn remove(repository: &Repository, backups: &mut [PrunedBackup]) {
    for one in backups.iter_mut().filter(|one| one.outcome == PruneOutcome::Due) {
        let removed = match one.backup.id.parse() {
            Ok(id) => repository.remove(&id).await,
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) => one.outcome = PruneOutcome::Removed,
            Err(error) => (one.outcome, one.error) = (PruneOutcome::Failed, Some(error)),
        }
    }
}

#[derive(Serialize)]
pub struct PrunedBackups {
    /// Backups, oldest first.
    backups: Vec<PrunedBackup>,
}

#[derive(Serialize)]
pub struct PrunedBackup {
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

impl Report for PrunedBackups {
    fn text(&self, style: &Style) -> String {
        if self.backups.is_empty() {
            return "No backups.\n".into();
        }
        let mut table = Table::new(&["id", "service", "taken", "size", "outcome"]).spare(&["size"]);
        for one in &self.backups {
            table.row([
                one.backup.id.as_str().into(),
                one.backup.service.as_str().into(),
                when(&one.backup.taken_at, style).into(),
                Cell::number(one.backup.size()),
                one.outcome(),
            ]);
        }
        table.render(style)
    }

    fn messages(&self, style: &Style) -> String {
        self.backups
            .iter()
            .filter_map(|one| one.error.as_ref())
            .map(|error| error_text(error, style))
            .collect()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.backups.iter().filter_map(|one| Some(one.error.as_ref()?.kind.status())))
    }
}
