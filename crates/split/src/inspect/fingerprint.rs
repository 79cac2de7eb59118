//! Definitions of a service's tables, as lines. A stream contains rows, not definitions: a column dropped at the
//! source, or a constraint added there, would silently be missing at the target.

use std::collections::{BTreeMap, BTreeSet};

use martydb_model::error::Result;
use martydb_model::sql::{Statement, ValueRows, stmt};
use martydb_pg::server::{Connection, query_as};

/// First word of the line of a partition.
const PARTITION: &str = "partition ";

/// Lines of one table.
pub(crate) type TableLines = BTreeSet<String>;

/// Lines of tables, by schema and name; a missing table has no entry.
pub(crate) type DefinitionLines = BTreeMap<(String, String), TableLines>;

/// Definition that has changed at the source, but not at the target.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChangedDefinition {
    pub table: String,
    /// Lines that only the source has.
    pub added: Vec<String>,
    /// Lines at the time of the copy that only the target still has.
    pub removed: Vec<String>,
}

/// Reads the lines of these tables, by schema and name.
///
/// # Errors
/// If the catalog cannot be read.
#[martydb_pg::boxed]
pub(crate) async fn read(session: &mut Connection, tables: &[(String, String)]) -> Result<DefinitionLines> {
    if tables.is_empty() {
        return Ok(DefinitionLines::default());
    }
    let mut names = ValueRows::default();
    tables
        .iter()
        .for_each(|(schema, name)| names.push([Some(schema.as_str()), Some(name.as_str())].into_iter()));
    let query = stmt!(
        "WITH asked AS (SELECT c.oid, w.schema, w.name FROM (VALUES {names}) w (schema, name)
             JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p'))
         {lines}",
        lines = Statement::from_program(include_str!("../sql/fingerprint.sql"))
    );
    let mut all = DefinitionLines::default();
    for (schema, table, line) in query_as(session, &query).await? {
        all.entry((schema, table)).or_default().insert(line);
    }
    Ok(all)
}

/// Returns the lines in the format of the split's state.
pub(crate) fn stored(lines: &TableLines) -> String {
    lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// Parses the format of [`stored`].
pub(crate) fn parsed(stored: &str) -> TableLines {
    stored.lines().map(str::to_owned).collect()
}

/// Returns what changed at the source but not at the target; `None` if nothing did. Differences from before the copy do
/// not count.
pub(crate) fn changed(
    table: &str,
    then: &TableLines,
    now: Option<&TableLines>,
    target: &TableLines,
) -> Option<ChangedDefinition> {
    let Some(now) = now else {
        let removed = vec!["the table itself".to_owned()];
        return Some(ChangedDefinition { table: table.to_owned(), added: vec![], removed });
    };
    let takes_all = !target.iter().any(|line| line.starts_with(PARTITION))
        || target.contains(&format!("{PARTITION}DEFAULT"));
    let is_known = |line: &String| target.contains(line) || takes_all && line.starts_with(PARTITION);
    let added: Vec<String> = now.difference(then).filter(|line| !is_known(line)).cloned().collect();
    let removed: Vec<String> = then.difference(now).filter(|line| target.contains(*line)).cloned().collect();
    let is_same = added.is_empty() && removed.is_empty();
    (!is_same).then(|| ChangedDefinition { table: table.to_owned(), added, removed })
}

impl ChangedDefinition {
    /// Returns one line per difference, in the format of a diff.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let removed = self.removed.iter().map(|line| format!("{}: - {line}", self.table));
        removed.chain(self.added.iter().map(|line| format!("{}: + {line}", self.table)))
    }
}

#[cfg(test)]
mod tests {
    use super::{TableLines, changed, parsed, stored};

    fn lines(all: &[&str]) -> TableLines {
        all.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn only_what_changed_since_the_copy_and_the_target_lacks_is_a_difference() {
        let then = lines(&["column a integer", "column b text"]);
        let now = lines(&["column a bigint", "column b text"]);
        let target = lines(&["column a integer", "column b text", "column own text"]);
        let found = changed("t", &then, Some(&now), &target).unwrap();
        assert_eq!(found.added, ["column a bigint"]);
        assert_eq!(found.removed, ["column a integer"]);
        assert_eq!(found.lines().collect::<Vec<_>>(), ["t: - column a integer", "t: + column a bigint"]);
        let followed = lines(&["column a bigint", "column b text", "column own text"]);
        assert_eq!(changed("t", &then, Some(&now), &followed), None);
        assert_eq!(changed("t", &then, Some(&then), &lines(&["column z text"])), None);
        assert_eq!(changed("t", &then, None, &target).unwrap().removed, ["the table itself"]);
    }

    #[test]
    fn a_target_that_takes_every_row_needs_no_new_partition() {
        let then = lines(&["partition FOR VALUES FROM (1) TO (2)"]);
        let now = lines(&["partition FOR VALUES FROM (1) TO (2)", "partition FOR VALUES FROM (2) TO (3)"]);
        assert_eq!(changed("t", &then, Some(&now), &lines(&["column a integer"])), None);
        assert_eq!(changed("t", &then, Some(&now), &lines(&["partition DEFAULT"])), None);
        assert_eq!(changed("t", &then, Some(&now), &then).unwrap().added.len(), 1);
    }

    #[test]
    fn stored_values_are_read_back() {
        let all = lines(&["column a integer", "row security"]);
        assert_eq!(parsed(&stored(&all)), all);
    }
}
