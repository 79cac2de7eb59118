//! Report of `restore`.

use serde::Serialize;

use crate::commands::backups::backup::store::FetchedBackup;
use crate::commands::verify::verify_isolation::VerifyReport;
use martydb_backup::{ArchivePart, BackupRecord, HeadAgainstFiles, RestoreOutcome, RowsCompared};
use martydb_model::error::ExitStatus;
use martydb_model::units::counted;
use martydb_model::{DbName, DesiredService};
use martydb_ui::report::{Report, Style, printable};

#[derive(Default, Serialize)]
pub struct RestoreReport {
    service: String,
    /// Set if nothing was done.
    pub dry_run: bool,
    /// Sessions that a restore would end now; `None` if it was done.
    pub sessions: Option<usize>,
    /// Restored backup; `None` if former databases were discarded.
    from: Option<String>,
    /// Restored database.
    database: Option<String>,
    /// Database that it replaced.
    kept: Option<String>,
    discarded: Vec<String>,
    /// Restored tables with their rows, if not all.
    tables: Vec<RestoredTable>,
    /// Objects of these tables that were not restored.
    left_out: Vec<String>,
    /// Differences from the record of the backup.
    notes: Vec<String>,
    /// Comparison of the restored rows; `None` if nothing was restored.
    rows_compared: Option<RowsCompared>,
    migration_head: Option<i64>,
    /// `true` if the files have migrations that the backup lacks.
    upgrade_due: bool,
    /// Number of changes in `plan` now; `None` for a database other than the service's.
    pub plan_changes: Option<usize>,
    /// Number of changes in `plan` when the backup was made.
    plan_changes_then: Option<usize>,
    #[serde(rename = "verify_isolation")]
    pub verified: Option<VerifyReport>,
}

/// A table that was restored alone.
#[derive(Serialize)]
struct RestoredTable {
    table: String,
    /// Number of rows; `None` for a partitioned table.
    rows: Option<usize>,
}

/// Returns the restored tables of a part of a backup, with the recorded numbers of their rows.
fn tables_of(part: &ArchivePart, record: &BackupRecord) -> Vec<RestoredTable> {
    let rows = |name: &String| record.contents.get(&format!("table {name}"))?.split(' ').next()?.parse().ok();
    part.tables
        .iter()
        .map(|table| RestoredTable { table: table.name.clone(), rows: rows(&table.name) })
        .collect()
}

impl RestoreReport {
    pub fn new(
        service: &DesiredService,
        from: &str,
        restore_as: &Option<DbName>,
        end: RestoreOutcome,
        fetched: &FetchedBackup,
        head: HeadAgainstFiles,
    ) -> RestoreReport {
        let part = end.part.unwrap_or_default();
        let need = |name: &String| format!("table {name} is empty: only its definition is needed here");
        RestoreReport {
            service: service.name.to_string(),
            from: Some(from.to_owned()),
            database: Some(restore_as.as_ref().unwrap_or(&service.database).to_string()),
            kept: end.kept.map(|kept| kept.to_string()),
            tables: tables_of(&part, &fetched.record),
            notes: end.notes.into_iter().chain(part.without_rows.iter().map(need)).collect(),
            left_out: part.left_out,
            rows_compared: Some(fetched.record.rows_compared()),
            migration_head: fetched.record.migration_head,
            upgrade_due: head == HeadAgainstFiles::Older,
            plan_changes_then: fetched.record.plan_changes,
            ..RestoreReport::default()
        }
    }

    pub(crate) fn discarded(service: &DesiredService, discarded: Vec<String>) -> RestoreReport {
        RestoreReport { service: service.name.to_string(), discarded, ..RestoreReport::default() }
    }

    fn text_of_restore(&self, from: &str, database: &str, style: &Style) -> String {
        let mut text = match self.tables.is_empty() {
            true => format!("Restored {from} into database {database}: {}\n", self.compared()),
            false => self.text_of_tables(from, database),
        };
        if let Some(kept) = &self.kept {
            text += &format!(
                "The former database is kept as {kept}, closed; `martydb restore {} --discard-old` removes it.\n",
                self.service
            );
        }
        self.notes.iter().for_each(|note| text += &format!("note: {note}\n"));
        if self.upgrade_due {
            let head = self.migration_head.map_or_else(|| "none".into(), |head| format!("V{head}"));
            text += &format!(
                "Its newest migration is {head}, and the files have newer ones: `martydb upgrade {}`\n",
                self.service
            );
        }
        match self.plan_changes {
            Some(0) => text += "Nothing differs from the manifest.\n",
            Some(due) => {
                text += &format!(
                    "{} from the manifest: `martydb plan {}`\n",
                    counted(due, "difference"),
                    self.service
                );
            }
            None => {}
        }
        if let Some(verified) = &self.verified {
            text += &format!("\nIsolation\n\n{}", verified.text(style));
        }
        text
    }
}

impl RestoreReport {
    fn preview(&self, from: &str, database: &str) -> String {
        let mut text =
            format!("Would restore {from} into database {database}, after a comparison with its record.\n");
        if let Some(sessions) = self.sessions.filter(|sessions| *sessions > 0) {
            text +=
                &format!("{} of service {} would be ended.\n", counted(sessions, "session"), self.service);
        }
        let head = self.migration_head.map_or_else(|| "none".into(), |head| format!("V{head}"));
        let newer = if self.upgrade_due { "; the files have newer ones" } else { "" };
        text + &format!("Its newest migration is {head}{newer}. Nothing was changed.\n")
    }

    fn compared(&self) -> &'static str {
        match self.rows_compared {
            Some(RowsCompared::Counts) => {
                "privileges, objects and row counts match the record.\n\
                 The rows themselves were not compared: the backup was made with --no-hashes."
            }
            _ => "rows, privileges and objects match the record.",
        }
    }

    fn text_of_tables(&self, from: &str, database: &str) -> String {
        let tables = counted(self.tables.len(), "table");
        let compared = match self.rows_compared {
            Some(RowsCompared::Counts) => {
                "row counts match the record; the backup was made with --no-hashes."
            }
            _ => "rows match the record.",
        };
        let mut text = format!("Restored {tables} of {from} into database {database}: {compared}\n");
        for one in &self.tables {
            let rows = one.rows.map_or_else(String::new, |rows| format!(": {}", counted(rows, "row")));
            text += &format!("  {}{rows}\n", printable(&one.table));
        }
        if !self.left_out.is_empty() {
            text += "Left out:\n";
        }
        text + &self.left_out.iter().map(|line| format!("  {}\n", printable(line))).collect::<String>()
    }
}

impl Report for RestoreReport {
    fn text(&self, style: &Style) -> String {
        match (&self.from, &self.database) {
            (Some(from), Some(database)) if self.dry_run => self.preview(from, database),
            (Some(from), Some(database)) => self.text_of_restore(from, database, style),
            _ if self.discarded.is_empty() => format!("No former database of {} is kept.\n", self.service),
            _ => format!("Removed {}.\n", self.discarded.join(", ")),
        }
    }

    fn status(&self) -> ExitStatus {
        self.verified.as_ref().map_or(ExitStatus::Success, Report::status)
    }
}
