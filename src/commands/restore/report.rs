//! Report of `restore`.

use serde::Serialize;

use crate::commands::backup::store::FetchedBackup;
use crate::commands::verify::VerifyReport;
use martydb_model::error::ExitStatus;
use martydb_model::units::counted;
use martydb_model::{DbName, DesiredService};
use martydb_provision::backup::{HeadAgainstFiles, RestoreOutcome, RowsCompared};
use martydb_ui::report::{Report, Style};

#[derive(Serialize)]
pub struct RestoreReport {
    service: String,
    /// Restored backup; `None` if former databases were discarded.
    from: Option<String>,
    /// Restored database.
    database: Option<String>,
    /// Database that it replaced.
    kept: Option<String>,
    discarded: Vec<String>,
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

impl RestoreReport {
    pub fn new(
        service: &DesiredService,
        from: &str,
        beside: &Option<DbName>,
        end: RestoreOutcome,
        fetched: &FetchedBackup,
        head: HeadAgainstFiles,
    ) -> RestoreReport {
        RestoreReport {
            service: service.name.to_string(),
            from: Some(from.to_owned()),
            database: Some(beside.as_ref().unwrap_or(&service.database).to_string()),
            kept: end.kept.map(|kept| kept.to_string()),
            discarded: vec![],
            notes: end.notes,
            rows_compared: Some(fetched.record.rows_compared()),
            migration_head: fetched.record.migration_head,
            upgrade_due: head == HeadAgainstFiles::Older,
            plan_changes: None,
            plan_changes_then: fetched.record.plan_changes,
            verified: None,
        }
    }

    pub fn discarded(service: &DesiredService, discarded: Vec<String>) -> RestoreReport {
        RestoreReport {
            service: service.name.to_string(),
            from: None,
            database: None,
            kept: None,
            discarded,
            notes: vec![],
            rows_compared: None,
            migration_head: None,
            upgrade_due: false,
            plan_changes: None,
            plan_changes_then: None,
            verified: None,
        }
    }

    fn text_of_restore(&self, from: &str, database: &str, style: &Style) -> String {
        let compared = match self.rows_compared {
            Some(RowsCompared::Counts) => {
                "privileges, objects and row counts match the record.\n\
                 The rows themselves were not compared: the backup was made with --no-hashes."
            }
            _ => "rows, privileges and objects match the record.",
        };
        let mut text = format!("Restored {from} into database {database}: {compared}\n");
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

impl Report for RestoreReport {
    fn text(&self, style: &Style) -> String {
        match (&self.from, &self.database) {
            (Some(from), Some(database)) => self.text_of_restore(from, database, style),
            _ if self.discarded.is_empty() => format!("No former database of {} is kept.\n", self.service),
            _ => format!("Removed {}.\n", self.discarded.join(", ")),
        }
    }

    fn status(&self) -> ExitStatus {
        self.verified.as_ref().map_or(ExitStatus::Success, Report::status)
    }
}
