//! The rows of the two history tables.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::files::{Direction, Migration, MigrationFolder, Replaced, VersionType, checksum};
use martydb_pg::server::{Row, Unreadable};

/// A row of refinery's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppliedRow {
    pub version: i64,
    pub name: String,
    /// refinery's checksum, a decimal number.
    pub checksum: String,
}

impl AppliedRow {
    pub(crate) fn from_migration(migration: &Migration, version_type: VersionType) -> AppliedRow {
        if let Some(last) = migration.replaces.last() {
            return AppliedRow::replaced(last, version_type);
        }
        let Migration { version, name, up, .. } = migration;
        let checksum = checksum(version_type, *version, name, &up.text);
        AppliedRow { version: *version, name: name.clone(), checksum }
    }

    /// Returns the row that a replaced migration has, or would have.
    pub(crate) fn replaced(replaced: &Replaced, version_type: VersionType) -> AppliedRow {
        AppliedRow {
            version: replaced.version,
            name: replaced.name.clone(),
            checksum: replaced.checksum(version_type).into(),
        }
    }
}

/// The rows of both tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HistoryRows {
    /// refinery's rows, by version.
    pub applied: Vec<AppliedRow>,
    /// Versions of these rows in the order in which they were applied.
    pub order: Vec<i64>,
    pub unfinished: Vec<Unfinished>,
    /// Rows that refinery's table has lost: martydb's history has their versions as applied.
    pub lost: Vec<AppliedRow>,
    /// Type of refinery's version column, if the table exists.
    pub version_type: Option<VersionType>,
}

impl HistoryRows {
    pub(crate) fn read(applied: &[Row], begun: &[Row], lost: &[Row]) -> Result<HistoryRows, Unreadable> {
        let mut all = applied.iter().map(applied_row).collect::<Result<Vec<_>, _>>()?;
        all.sort_by_key(|(_, row)| row.version);
        let rows = all.iter().map(|(_, row)| row.clone()).collect();
        all.sort_by_key(|(at, row)| (*at, row.version));
        Ok(HistoryRows {
            applied: rows,
            order: all.into_iter().map(|(_, row)| row.version).collect(),
            unfinished: begun.iter().map(Unfinished::read).collect::<Result<_, _>>()?,
            lost: lost.iter().map(lost_row).collect::<Result<_, _>>()?,
            version_type: applied.first().map(|row| VersionType::of_column(row.type_of(0))),
        })
    }

    /// Returns `true` if nothing is applied, and nothing was started.
    pub(crate) fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.unfinished.is_empty() && self.lost.is_empty()
    }

    /// Returns the type of versions: an existing table keeps its type; a new one gets the type that most tools
    /// can read.
    pub(crate) fn version_type_for(&self, folder: &MigrationFolder) -> VersionType {
        let lost = self.lost.iter().map(|row| row.version);
        self.version_type.unwrap_or_else(|| VersionType::narrowest(folder.versions().into_iter().chain(lost)))
    }
}

/// Returns a row of refinery's table with its time; an invalid time sorts before all others.
fn applied_row(row: &Row) -> Result<(Option<OffsetDateTime>, AppliedRow), Unreadable> {
    let at = text(row, 3)?;
    let applied = AppliedRow { version: row.try_get(0)?, name: text(row, 1)?, checksum: text(row, 2)? };
    Ok((OffsetDateTime::parse(&at, &Rfc3339).ok(), applied))
}

fn lost_row(row: &Row) -> Result<AppliedRow, Unreadable> {
    Ok(AppliedRow { version: row.try_get(0)?, name: text(row, 1)?, checksum: text(row, 2)? })
}

/// Returns a column that may be NULL in refinery's table.
pub fn text(row: &Row, at: usize) -> Result<String, Unreadable> {
    Ok(row.try_get::<Option<String>>(at)?.unwrap_or_default())
}

/// A non-transactional migration that was started and not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    pub version: i64,
    pub direction: Direction,
    pub end: Interruption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interruption {
    /// The server rejected one of its statements.
    Failed,
    /// The run died, or is still in progress.
    Started,
}

impl Unfinished {
    fn read(row: &Row) -> Result<Unfinished, Unreadable> {
        let (version, outcome, action): (_, String, String) = row.read()?;
        Ok(Unfinished {
            version,
            direction: if action == Direction::Down.action() { Direction::Down } else { Direction::Up },
            end: if outcome == "failed" { Interruption::Failed } else { Interruption::Started },
        })
    }

    pub fn hint(&self, service: &str) -> String {
        let (action, version) = (self.direction.action(), self.version);
        format!(
            "`martydb {action} --service {service}` continues after its last finished statement; to start over: \
             `martydb repair --service {service} --version {version} --reason …`"
        )
    }
}

impl std::fmt::Display for Unfinished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.direction == Direction::Up { "applying" } else { "undoing" };
        let end = if self.end == Interruption::Failed { "failed" } else { "was interrupted" };
        write!(f, "{what} V{} (no-transaction) {end} half way", self.version)
    }
}
