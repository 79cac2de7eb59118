//! One migration in one direction, ready for the executor.

use std::borrow::Cow;

use crate::migrate::files::{Direction, MigrationFile};
use crate::migrate::history::{AppliedRow, Record, tables};
use crate::migrate::report::{MigrationId, PlannedFile};

pub struct MigrationStep<'a> {
    pub direction: Direction,
    pub file: Cow<'a, MigrationFile>,
    /// The row of refinery's table: after an upgrade, or before a downgrade.
    pub row: AppliedRow,
}

impl MigrationStep<'_> {
    pub fn id(&self) -> MigrationId {
        MigrationId { version: self.row.version, name: self.row.name.clone() }
    }

    pub fn planned(&self) -> PlannedFile {
        PlannedFile {
            version: self.row.version,
            name: self.row.name.clone(),
            file: self.file.path.display().to_string(),
            mode: self.file.directives.mode,
            sql: self.file.text.to_string(),
        }
    }

    /// An event for the history, with nothing measured yet.
    pub fn record(&self, outcome: &'static str) -> Record<'_> {
        let content = (outcome == "ok").then(|| tables::content(&self.file.text)).flatten();
        let mode = self.file.directives.mode;
        Record { mode, content, ..Record::new(self.direction.action(), &self.row, outcome) }
    }
}
