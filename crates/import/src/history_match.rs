//! Version for `baseline` that matches the migrations the other tool has applied. Pure.

use std::collections::BTreeSet;

use super::kinds::ImportedMigration;
use super::liquibase::is_same;
use super::number::normal;

/// Comparison of the tool's table with the imported migrations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryMatch {
    /// Version up to which all are applied; `None` if none is, or one below is not.
    pub at: Option<i64>,
    /// Versions that are not applied although a later one is.
    pub missing: Vec<i64>,
    /// Applied migrations without a file.
    pub unknown: Vec<String>,
}

/// Compares them. If `last` is set, the row names the last applied migration, and all before it are applied too.
pub fn history_match(carried: &[ImportedMigration], applied: &[String], last: bool) -> HistoryMatch {
    let known: BTreeSet<&str> = carried.iter().map(|one| one.key.as_str()).collect();
    let applied: BTreeSet<String> = applied.iter().map(|key| located(normal(key), &known)).collect();
    let unknown = applied.iter().filter(|key| !known.contains(key.as_str())).cloned().collect();
    let Some(highest) = carried.iter().rposition(|one| applied.contains(&one.key)) else {
        return HistoryMatch { unknown, ..HistoryMatch::default() };
    };
    let up_to = &carried[..=highest];
    let is_missing = |one: &&ImportedMigration| !last && !applied.contains(&one.key);
    let missing: Vec<i64> = up_to.iter().filter(is_missing).map(|one| one.version).collect();
    let at = missing.is_empty().then(|| carried[highest].version);
    HistoryMatch { at, missing, unknown }
}

/// Returns the known key of the same file, where a key ends with its path: the tool saw the path from another folder.
fn located(key: String, known: &BTreeSet<&str>) -> String {
    let Some((identity, path)) = key.rsplit_once("::").filter(|_| !known.contains(key.as_str())) else {
        return key;
    };
    let is_same = |one: &&&str| {
        one.rsplit_once("::").is_some_and(|(known, other)| known == identity && is_same(other, path))
    };
    let mut same = known.iter().filter(is_same);
    let first = same.next().filter(|_| same.next().is_none());
    first.map_or(key.clone(), |one| (*one).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::SqlText;

    fn carried(keys: &[&str]) -> Vec<ImportedMigration> {
        let one = |(version, key): (i64, &&str)| ImportedMigration {
            version,
            name: "x".into(),
            key: (*key).into(),
            source: "x".into(),
            up: SqlText::default(),
            down: None,
        };
        (10..).zip(keys).map(one).collect()
    }

    #[test]
    fn the_baseline_is_the_last_of_an_unbroken_row() {
        let matched = |keys: &[&str], applied: &[&str], last| {
            let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
            let found = history_match(&carried(keys), &applied, last);
            (found.at, found.missing, found.unknown)
        };
        assert_eq!(matched(&["1", "2", "3"], &["0001", "2"], false), (Some(11), vec![], vec![]));
        assert_eq!(matched(&["1", "2", "3"], &["1", "3"], false), (None, vec![11], vec![]));
        assert_eq!(matched(&["1", "2", "3"], &["2"], true), (Some(11), vec![], vec![]));
        assert_eq!(matched(&["a", "b"], &[], false), (None, vec![], vec![]));
        let rows = ["1::bob::db/log/a.sql", "2::bob::db/log/a.sql"];
        assert_eq!(
            matched(&["1::bob::a.sql", "2::bob::log/a.sql", "3::bob::a.sql"], &rows, false),
            (Some(11), vec![], vec![])
        );
        let twice = ["1::bob::x/a.sql", "1::bob::y/a.sql"];
        assert_eq!(matched(&twice, &["1::bob::a.sql"], false).2, ["1::bob::a.sql"]);
        assert_eq!(matched(&["1"], &["1", "9"], false), (Some(10), vec![], vec!["9".into()]));
        assert_eq!(matched(&["1"], &["9"], true), (None, vec![], vec!["9".into()]));
    }
}
