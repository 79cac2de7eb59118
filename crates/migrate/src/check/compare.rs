//! Comparison of files with the database's history: pending migrations and differences. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::files::{Direction, Migration, MigrationFolder, Replaced, VersionType, checkpoint, checksum};
use crate::history::{AppliedRow, HistoryRows, Unfinished};
use martydb_model::contract::REFINERY_TABLE;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// Different SQL.
    Content,
    /// Line endings, blank lines at the end or a byte order mark; the same SQL.
    Blanks(&'static str),
    /// The same text under another name.
    Name,
}

/// A difference between files and history that a run must not ignore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Divergence {
    /// An applied file does not have the checksum of its row.
    Edited { version: i64, name: String, applied_as: String, edit: Edit },
    /// An applied file is not in the folder.
    Missing {
        version: i64,
        /// Its name when it was applied.
        name: String,
    },
    /// The row of a migration that a checkpoint replaces differs from the checkpoint's entry.
    Replaced { version: i64, name: String, checkpoint: i64 },
    /// A migration that only a checkpoint contains is not applied, while others are.
    BelowCheckpoint { version: i64, name: String, checkpoint: i64 },
    /// martydb's history has the version as applied, and refinery's table has lost its row.
    #[serde(rename = "row_lost")]
    RowLost { version: i64, name: String },
    /// A file that is not applied is older than one that is.
    #[serde(rename = "late")]
    OutOfOrder { version: i64, name: String, current: i64 },
}

impl Divergence {
    pub fn version(&self) -> i64 {
        match self {
            Divergence::Edited { version, .. }
            | Divergence::Missing { version, .. }
            | Divergence::Replaced { version, .. }
            | Divergence::BelowCheckpoint { version, .. }
            | Divergence::RowLost { version, .. }
            | Divergence::OutOfOrder { version, .. } => *version,
        }
    }

    pub fn hint(&self, service: &str) -> String {
        match self {
            Divergence::Edited { version, .. } => format!(
                "undo the edit and write it as a new migration, or accept it: \
                 `martydb repair --service {service} --version {version} --reason …`"
            ),
            Divergence::Missing { .. } => {
                "restore the file from version control: an applied migration must stay in the folder".into()
            }
            Divergence::Replaced { checkpoint, .. } => format!(
                "the checkpoint replaces other files than this database's: squash those applied here, or restore them and \
                 remove {}",
                checkpoint::file_name(*checkpoint)
            ),
            Divergence::BelowCheckpoint { checkpoint, .. } => format!(
                "restore the files up to V{checkpoint} from the commit before the squash, run `martydb upgrade --service \
                 {service} --to {checkpoint}`, and return to this commit"
            ),
            Divergence::RowLost { .. } => format!(
                "put its row back: `martydb repair --service {service} --reason …`; `martydb downgrade` undoes what it \
                 ran, if that is wanted"
            ),
            Divergence::OutOfOrder { .. } => format!(
                "give it a version above the current one, or apply it out of order: \
                 `martydb upgrade --service {service} --allow-out-of-order`"
            ),
        }
    }
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Divergence::Missing { version, name } => {
                write!(f, "V{version}__{name} is applied, but its file is not in the folder")
            }
            Divergence::Replaced { version, name, checkpoint } => {
                write!(
                    f,
                    "V{version}__{name} is applied, and is not the V{version} that C{checkpoint} replaces"
                )
            }
            Divergence::BelowCheckpoint { version, name, checkpoint } => write!(
                f,
                "V{version}__{name} is not applied, and only the checkpoint C{checkpoint} contains it, which a \
                 database with a history cannot run"
            ),
            Divergence::RowLost { version, name } => write!(
                f,
                "V{version}__{name} was applied according to martydb.history, and its row in {REFINERY_TABLE} is lost"
            ),
            Divergence::OutOfOrder { version, name, current } => {
                write!(f, "V{version}__{name} is not applied, and older than V{current}, the current version")
            }
            Divergence::Edited { version, name, edit: Edit::Content, .. } => {
                write!(f, "V{version}__{name} was edited after it was applied")
            }
            Divergence::Edited { version, name, edit: Edit::Blanks(what), .. } => {
                write!(f, "V{version}__{name} differs from what was applied only in its {what}")
            }
            Divergence::Edited { version, name, applied_as, edit: Edit::Name } => {
                write!(f, "V{version}__{name} was applied under the name V{version}__{applied_as}")
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// The highest applied version.
    pub current: Option<i64>,
    /// The highest version in the folder.
    pub latest: Option<i64>,
    /// Versions to apply, the lowest first, without late ones.
    pub pending: Vec<i64>,
    /// Differences by version.
    pub divergences: Vec<Divergence>,
    pub unfinished: Vec<Unfinished>,
}

/// Compares a folder with a history. Versions whose rows are lost count as applied, and differ.
pub(crate) fn compare(folder: &MigrationFolder, history: &HistoryRows) -> Comparison {
    let mut rows: Vec<AppliedRow> = history.applied.iter().chain(&history.lost).cloned().collect();
    rows.sort_by_key(|row| row.version);
    let mut comparison = compare_folder(folder, &rows, &history.unfinished);
    let lost = history.lost.iter().map(|AppliedRow { version, name, .. }| Divergence::RowLost {
        version: *version,
        name: name.clone(),
    });
    comparison.divergences.extend(lost);
    comparison.divergences.sort_by_key(Divergence::version);
    comparison
}

fn compare_folder(folder: &MigrationFolder, rows: &[AppliedRow], unfinished: &[Unfinished]) -> Comparison {
    let mut comparison = compare_files(&folder.migrations, rows, unfinished);
    let Some(checkpoint) = &folder.checkpoint else { return comparison };
    comparison.latest = comparison.latest.max(Some(checkpoint.version()));
    comparison.divergences.retain(|divergence| match divergence {
        Divergence::Missing { version, .. } => checkpoint.replaced(*version).is_none(),
        _ => true,
    });
    let absent = checkpoint.replaces.iter().filter(|one| {
        folder.migrations.iter().all(|file| file.version != one.version && file.replaces.is_empty())
    });
    for Replaced { version, name, .. } in absent.clone().filter_map(|one| unlike(one, rows)) {
        let (version, name, checkpoint) = (*version, name.clone(), checkpoint.version());
        comparison.divergences.push(Divergence::Replaced { version, name, checkpoint });
    }
    let is_begun = !rows.is_empty() || !unfinished.is_empty();
    let is_applied = |one: &&Replaced| rows.iter().any(|row| row.version == one.version);
    let below = absent.clone().filter(|_| is_begun).find(|one| !is_applied(one));
    if let Some(Replaced { version, name, .. }) = below {
        let (version, name, checkpoint) = (*version, name.clone(), checkpoint.version());
        comparison.divergences.push(Divergence::BelowCheckpoint { version, name, checkpoint });
    }
    comparison.divergences.sort_by_key(Divergence::version);
    comparison
}

/// Returns the replaced migration if its row differs.
fn unlike<'a>(replaced: &'a Replaced, rows: &[AppliedRow]) -> Option<&'a Replaced> {
    let row = rows.iter().find(|row| row.version == replaced.version)?;
    (!replaced.is(&row.name, &row.checksum)).then_some(replaced)
}

/// Compares without the checkpoint.
fn compare_files(files: &[Migration], rows: &[AppliedRow], unfinished: &[Unfinished]) -> Comparison {
    let applied: BTreeMap<i64, &AppliedRow> = rows.iter().map(|row| (row.version, row)).collect();
    let current = applied.keys().next_back().copied();
    let mut comparison =
        Comparison { current, latest: files.last().map(|file| file.version), ..Comparison::default() };
    for file in files {
        match (applied.get(&file.version), current) {
            (Some(row), _) => comparison.divergences.extend(edited(file, row)),
            (None, Some(current)) if file.version < current => {
                let (version, name) = (file.version, file.name.clone());
                comparison.divergences.push(Divergence::OutOfOrder { version, name, current });
            }
            (None, _) => comparison.pending.push(file.version),
        }
    }
    let gone = |row: &&AppliedRow| files.binary_search_by_key(&row.version, |file| file.version).is_err();
    let missing = |row: &AppliedRow| Divergence::Missing { version: row.version, name: row.name.clone() };
    comparison.divergences.extend(rows.iter().filter(gone).map(missing));
    comparison.divergences.sort_by_key(Divergence::version);
    let open =
        |begun: &&Unfinished| applied.contains_key(&begun.version) == (begun.direction == Direction::Down);
    comparison.unfinished = unfinished.iter().filter(open).cloned().collect();
    comparison
}

/// Returns `true` if a row has the checksum of this name and text, for either version type.
fn matches(row: &AppliedRow, name: &str, sql: &str) -> bool {
    [VersionType::Int4, VersionType::Int8]
        .iter()
        .any(|version_type| checksum(*version_type, row.version, name, sql) == row.checksum)
}

fn edited(file: &Migration, row: &AppliedRow) -> Option<Divergence> {
    let text = &*file.up.text;
    let edit = match (matches(row, &row.name, text), row.name == file.name) {
        (true, true) => return None,
        (true, false) => Edit::Name,
        (false, _) => match blanks(text).iter().find(|(_, variant)| matches(row, &row.name, variant)) {
            Some((what, _)) => Edit::Blanks(what),
            None => Edit::Content,
        },
    };
    let (version, name) = (file.version, file.name.clone());
    Some(Divergence::Edited { version, name, applied_as: row.name.clone(), edit })
}

/// Returns the texts of the same SQL as an editor or version control may have stored it before.
fn blanks(text: &str) -> Vec<(&'static str, String)> {
    const ENDINGS: &str = "line endings (CRLF against LF)";
    const NEWLINES: &str = "blank lines at the end";
    let unix = text.replace("\r\n", "\n");
    let windows = unix.replace('\n', "\r\n");
    let bare = unix.trim_end_matches('\n').to_owned();
    let (same, other) = if text == windows { (&windows, &unix) } else { (&unix, &windows) };
    let mut all = vec![(ENDINGS, other.clone()), (ENDINGS, same.clone())];
    for end in ["", "\n", "\n\n"] {
        let ended = format!("{bare}{end}");
        all.push((NEWLINES, ended.replace('\n', "\r\n")));
        all.push((NEWLINES, ended));
    }
    all.push(("byte order mark", format!("\u{feff}{text}")));
    all
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::check::plan::{PlanRefusal, plan_upgrade};
    use crate::files::source;
    use crate::history::rows::Interruption;
    use crate::target::Order;

    fn file(version: i64, name: &str, sql: &str) -> Migration {
        let up = source::read(Path::new("x"), sql.into()).unwrap();
        Migration { version, name: name.into(), up, down: None, waived: vec![], replaces: vec![] }
    }

    fn row(version_type: VersionType, version: i64, name: &str, sql: &str) -> AppliedRow {
        AppliedRow { version, name: name.into(), checksum: checksum(version_type, version, name, sql) }
    }

    fn edit_of(now: (&str, &str), then: (&str, &str)) -> Option<Edit> {
        let comparison =
            compare_files(&[file(1, now.0, now.1)], &[row(VersionType::Int4, 1, then.0, then.1)], &[]);
        comparison.divergences.into_iter().next().map(|divergence| match divergence {
            Divergence::Edited { edit, .. } => edit,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn rows_of_both_version_types_match_their_files() {
        let files = [file(1, "a", "SELECT 1"), file(2, "b", "SELECT 2"), file(3, "c", "SELECT 3")];
        for version_type in [VersionType::Int4, VersionType::Int8] {
            let rows = [row(version_type, 1, "a", "SELECT 1"), row(version_type, 2, "b", "SELECT 2")];
            let comparison = compare_files(&files, &rows, &[]);
            assert_eq!((comparison.current, comparison.latest), (Some(2), Some(3)));
            assert_eq!((comparison.pending, comparison.divergences), (vec![3], vec![]));
        }
    }

    #[test]
    fn an_edit_is_described_by_its_effect() {
        const ENDINGS: Option<Edit> = Some(Edit::Blanks("line endings (CRLF against LF)"));
        const NEWLINES: Option<Edit> = Some(Edit::Blanks("blank lines at the end"));
        for (now, then, edit) in [
            ("SELECT 1;\n", "SELECT 1;\n", None),
            ("SELECT 1;\n", "SELECT 2;\n", Some(Edit::Content)),
            ("SELECT\n1;\n", "SELECT\r\n1;\r\n", ENDINGS),
            ("SELECT\r\n1;\r\n", "SELECT\n1;\n", ENDINGS),
            ("SELECT 1;\n", "SELECT 1;", NEWLINES),
            ("SELECT 1;", "SELECT 1;\n", NEWLINES),
            ("SELECT 1;", "SELECT 1;\r\n", NEWLINES),
            ("SELECT 1;\n\n\n", "SELECT 1;\n", NEWLINES),
            ("SELECT 1;", "\u{feff}SELECT 1;", Some(Edit::Blanks("byte order mark"))),
        ] {
            assert_eq!(edit_of(("a", now), ("a", then)), edit, "{now:?} after {then:?}");
        }
        assert_eq!(edit_of(("b", "SELECT 1"), ("a", "SELECT 1")), Some(Edit::Name));
        assert_eq!(edit_of(("b", "SELECT 1"), ("a", "SELECT 2")), Some(Edit::Content));
    }

    #[test]
    fn missing_and_late_files_are_named() {
        let files = [file(1, "a", "SELECT 1"), file(2, "late", "SELECT 2"), file(5, "new", "SELECT 5")];
        let rows =
            [row(VersionType::Int4, 1, "a", "SELECT 1"), row(VersionType::Int4, 3, "gone", "SELECT 3")];
        let comparison = compare_files(&files, &rows, &[]);
        let said: Vec<_> = comparison.divergences.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "V2__late is not applied, and older than V3, the current version",
                "V3__gone is applied, but its file is not in the folder",
            ]
        );
        assert_eq!(comparison.pending, [5]);
        let plan = plan_upgrade(&comparison, None, Order::AllowOutOfOrder);
        assert!(matches!(plan, Err(PlanRefusal::Diverged(found)) if found.len() == 1));
    }

    #[test]
    fn an_interrupted_migration_that_was_applied_is_finished() {
        let begun = |version| Unfinished { version, direction: Direction::Up, end: Interruption::Started };
        let rows = [row(VersionType::Int4, 1, "a", "SELECT 1")];
        let comparison = compare_files(&[file(1, "a", "SELECT 1")], &rows, &[begun(1), begun(2)]);
        assert_eq!(comparison.unfinished, [begun(2)]);
    }
}
