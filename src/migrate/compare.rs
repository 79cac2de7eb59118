//! Files against the database's history: what is pending, and where the two contradict each other. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::checksum::{Width, checksum};
use super::folder::Migration;
use super::name::Direction;

/// A row of refinery's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedRow {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// refinery's checksum, a decimal number.
    pub checksum: String,
}

/// A migration outside a transaction of which the history has a beginning and no good end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Its version.
    pub version: i64,
    /// Whether it was being applied or undone.
    pub direction: Direction,
    /// Whether an error ended it, or nobody knows.
    pub end: End,
}

impl std::fmt::Display for Unfinished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.direction == Direction::Up { "applying" } else { "undoing" };
        let end = if self.end == End::Failed { "failed half way" } else { "was interrupted half way" };
        write!(f, "{what} V{} {end}, outside a transaction", self.version)
    }
}

impl Unfinished {
    /// What to do about it, with the service named.
    pub fn hint(&self, service: &str) -> String {
        let (action, version) = (self.direction.action(), self.version);
        format!(
            "`martydb {action} --service {service}` goes on behind its last finished statement; to begin anew: \
             `martydb repair --service {service} --version {version} --reason …`"
        )
    }
}

/// How an unfinished migration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The server refused one of its statements.
    Failed,
    /// The run died, or is still at it.
    Started,
}

/// What an edit of an applied file amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// Other SQL.
    Content,
    /// Line endings, blank lines at the end or a byte order mark; the same SQL.
    Blanks(&'static str),
    /// The same text under another name.
    Name,
}

/// One contradiction between files and history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Divergence {
    /// An applied file no longer has the checksum of its row.
    Edited {
        /// Its version.
        version: i64,
        /// Its name now.
        name: String,
        /// The name when it was applied.
        applied_as: String,
        /// What changed.
        edit: Edit,
    },
    /// An applied file is not in the folder.
    Missing {
        /// Its version.
        version: i64,
        /// Its name when it was applied.
        name: String,
    },
    /// A file that is not applied is older than one that is.
    Late {
        /// Its version.
        version: i64,
        /// Its name.
        name: String,
        /// The version that the database is at.
        current: i64,
    },
}

impl Divergence {
    /// The version it is about.
    pub fn version(&self) -> i64 {
        match self {
            Divergence::Edited { version, .. }
            | Divergence::Missing { version, .. }
            | Divergence::Late { version, .. } => *version,
        }
    }

    /// What to do about it, with the service named.
    pub fn hint(&self, service: &str) -> String {
        match self {
            Divergence::Edited { version, .. } => format!(
                "take the change back and write it as a new migration, or accept it: \
                 `martydb repair --service {service} --version {version} --reason …`"
            ),
            Divergence::Missing { .. } => {
                "bring the file back from version control: what is applied must be in the folder".into()
            }
            Divergence::Late { .. } => format!(
                "give it a version above the current one, or apply it all the same: \
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
            Divergence::Late { version, name, current } => {
                write!(
                    f,
                    "V{version}__{name} is older than V{current}, which the database is at, and not applied"
                )
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

/// Where a database stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The highest applied version.
    pub current: Option<i64>,
    /// The highest version in the folder.
    pub latest: Option<i64>,
    /// Versions to apply, the lowest first; late ones are not among them.
    pub pending: Vec<i64>,
    /// Contradictions by version.
    pub divergences: Vec<Divergence>,
    /// Pending migrations that were begun already.
    pub unfinished: Vec<Unfinished>,
}

/// Compares a folder with refinery's table and what the history says about unfinished migrations.
pub fn compare(files: &[Migration], rows: &[AppliedRow], unfinished: &[Unfinished]) -> Standing {
    let applied: BTreeMap<i64, &AppliedRow> = rows.iter().map(|row| (row.version, row)).collect();
    let current = applied.keys().next_back().copied();
    let mut standing =
        Standing { current, latest: files.last().map(|file| file.version), ..Standing::default() };
    for file in files {
        match (applied.get(&file.version), current) {
            (Some(row), _) => standing.divergences.extend(edited(file, row)),
            (None, Some(current)) if file.version < current => {
                let (version, name) = (file.version, file.name.clone());
                standing.divergences.push(Divergence::Late { version, name, current });
            }
            (None, _) => standing.pending.push(file.version),
        }
    }
    let gone = |row: &&&AppliedRow| files.binary_search_by_key(&row.version, |file| file.version).is_err();
    standing.divergences.extend(
        applied
            .values()
            .filter(gone)
            .map(|row| Divergence::Missing { version: row.version, name: row.name.clone() }),
    );
    standing.divergences.sort_by_key(Divergence::version);
    let open =
        |begun: &&Unfinished| applied.contains_key(&begun.version) == (begun.direction == Direction::Down);
    standing.unfinished = unfinished.iter().filter(open).cloned().collect();
    standing
}

/// Whether a row holds the checksum of this name and text, of either width.
fn matches(row: &AppliedRow, name: &str, sql: &str) -> bool {
    [Width::Int4, Width::Int8].iter().any(|width| checksum(*width, row.version, name, sql) == row.checksum)
}

fn edited(file: &Migration, row: &AppliedRow) -> Option<Divergence> {
    let text = &*file.up.text;
    let edit = match (matches(row, &row.name, text), row.name == file.name) {
        (true, true) => return None,
        (true, false) => Edit::Name,
        (false, _) => match blanks(text).find(|(_, variant)| matches(row, &row.name, variant)) {
            Some((what, _)) => Edit::Blanks(what),
            None => Edit::Content,
        },
    };
    let (version, name) = (file.version, file.name.clone());
    Some(Divergence::Edited { version, name, applied_as: row.name.clone(), edit })
}

/// The same SQL as an editor or version control may have stored it before.
fn blanks(text: &str) -> impl Iterator<Item = (&'static str, String)> {
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
    all.into_iter()
}

/// Why a run may not go on with what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Files and history contradict each other.
    Diverged(Vec<Divergence>),
    /// The wanted version lies below the current one.
    Below(i64),
    /// The wanted version lies above the current one.
    Above(i64),
    /// No file and no row has the wanted version.
    Unknown(i64),
    /// A migration outside a transaction stopped half way in the other direction.
    HalfWay(Unfinished),
}

/// Which older files may still be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// None.
    #[default]
    Strict,
    /// Those that arrived late.
    AllowLate,
}

/// The versions that `upgrade` applies, in their order.
pub fn plan_upgrade(standing: &Standing, to: Option<i64>, order: Order) -> Result<Vec<i64>, Refusal> {
    if let Some(begun) = standing.unfinished.iter().find(|begun| begun.direction == Direction::Down) {
        return Err(Refusal::HalfWay(begun.clone()));
    }
    let late = |divergence: &&Divergence| matches!(divergence, Divergence::Late { .. });
    let (late, hard): (Vec<_>, Vec<_>) = standing.divergences.iter().partition(late);
    let stop = if order == Order::AllowLate { hard } else { standing.divergences.iter().collect() };
    if !stop.is_empty() {
        return Err(Refusal::Diverged(stop.into_iter().cloned().collect()));
    }
    let mut versions: Vec<_> = standing.pending.clone();
    if order == Order::AllowLate {
        versions.extend(late.iter().map(|divergence| divergence.version()));
        versions.sort_unstable();
    }
    match (to, standing.current) {
        (None, _) => Ok(versions),
        (Some(to), Some(current)) if to < current => Err(Refusal::Below(to)),
        (Some(to), current) if current != Some(to) && !versions.contains(&to) => Err(Refusal::Unknown(to)),
        (Some(to), _) => Ok(versions.into_iter().filter(|version| *version <= to).collect()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::migrate::source;

    fn file(version: i64, name: &str, sql: &str) -> Migration {
        let up = source::read(Path::new("x"), sql.into()).unwrap();
        Migration { version, name: name.into(), up, down: None, accepted: vec![] }
    }

    fn row(width: Width, version: i64, name: &str, sql: &str) -> AppliedRow {
        AppliedRow { version, name: name.into(), checksum: checksum(width, version, name, sql) }
    }

    fn edit_of(now: (&str, &str), then: (&str, &str)) -> Option<Edit> {
        let standing = compare(&[file(1, now.0, now.1)], &[row(Width::Int4, 1, then.0, then.1)], &[]);
        standing.divergences.into_iter().next().map(|divergence| match divergence {
            Divergence::Edited { edit, .. } => edit,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn rows_of_both_widths_match_their_files() {
        let files = [file(1, "a", "SELECT 1"), file(2, "b", "SELECT 2"), file(3, "c", "SELECT 3")];
        for width in [Width::Int4, Width::Int8] {
            let rows = [row(width, 1, "a", "SELECT 1"), row(width, 2, "b", "SELECT 2")];
            let standing = compare(&files, &rows, &[]);
            assert_eq!((standing.current, standing.latest), (Some(2), Some(3)));
            assert_eq!((standing.pending, standing.divergences), (vec![3], vec![]));
        }
    }

    #[test]
    fn an_edit_is_told_by_what_it_amounts_to() {
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
        let rows = [row(Width::Int4, 1, "a", "SELECT 1"), row(Width::Int4, 3, "gone", "SELECT 3")];
        let standing = compare(&files, &rows, &[]);
        let said: Vec<_> = standing.divergences.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "V2__late is older than V3, which the database is at, and not applied",
                "V3__gone is applied, but its file is not in the folder",
            ]
        );
        assert_eq!(standing.pending, [5]);
        assert!(
            matches!(plan_upgrade(&standing, None, Order::AllowLate), Err(Refusal::Diverged(d)) if d.len() == 1)
        );
    }

    #[test]
    fn a_plan_reaches_the_wanted_version_and_no_further() {
        let standing = Standing {
            current: Some(3),
            latest: Some(6),
            pending: vec![5, 6],
            divergences: vec![Divergence::Late { version: 2, name: "x".into(), current: 3 }],
            unfinished: vec![],
        };
        let plan = |to, order| plan_upgrade(&standing, to, order);
        assert!(matches!(plan(None, Order::Strict), Err(Refusal::Diverged(_))));
        assert_eq!(plan(None, Order::AllowLate), Ok(vec![2, 5, 6]));
        assert_eq!(plan(Some(5), Order::AllowLate), Ok(vec![2, 5]));
        assert_eq!(plan(Some(3), Order::AllowLate), Ok(vec![2]));
        assert_eq!(plan(Some(4), Order::AllowLate), Err(Refusal::Unknown(4)));
        assert_eq!(plan(Some(2), Order::AllowLate), Err(Refusal::Below(2)));
    }

    #[test]
    fn what_was_begun_and_is_applied_by_now_is_finished() {
        let begun = |version| Unfinished { version, direction: Direction::Up, end: End::Started };
        let rows = [row(Width::Int4, 1, "a", "SELECT 1")];
        let standing = compare(&[file(1, "a", "SELECT 1")], &rows, &[begun(1), begun(2)]);
        assert_eq!(standing.unfinished, [begun(2)]);
    }
}
