//! Order in which an archive is loaded: definitions, rows, and what needs the rows. Rows that functions check or compute
//! are loaded behind all others, because the functions may read those.

use std::collections::{BTreeMap, BTreeSet};

use martydb_migrate::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{List, Statement, stmt};
use martydb_pg::server::{Connection, query_as};
use martydb_pg_dump::archive::{Archive, ArchiveEntry, ArchiveStep};

use super::archive_progress::ArchiveProgress;
use super::owner_session;

/// Kinds of entries with data. `pg_restore` lists them behind the definitions of tables and before indexes and constraints.
const DATA: &[&str] = &["TABLE DATA ", "SEQUENCE SET ", "BLOB ", "BLOBS ", "BLOB METADATA "];

/// Restores the entries as the service's owner, with the search path of its logins.
///
/// # Errors
/// If the server rejects a statement.
pub(crate) async fn load(
    archive: &Archive,
    entries: Vec<ArchiveEntry>,
    here: &MigrationTarget,
    jobs: usize,
    progress: &ArchiveProgress,
) -> Result<()> {
    let search_path = search_path(here);
    let restore = async |entries: &[ArchiveEntry]| match entries {
        // Without an entry the program has nothing to do.
        [] => Ok(()),
        _ => {
            let listener = |step: ArchiveStep<'_>| progress.hear(step);
            archive.restore(entries, here.acting_login(), &search_path, jobs, &listener).await?;
            progress.settle();
            Ok(())
        }
    };
    let begin = entries.iter().position(|entry| is_data(&entry.what)).unwrap_or(entries.len());
    let mut definitions = entries;
    let rest = definitions.split_off(begin);
    restore(&definitions).await?;
    if rest.is_empty() {
        return Ok(());
    }
    let mut session = owner_session::as_owner(here).await?;
    let late = ReadingTables::read(&mut session).await?;
    session.close().await;
    let (rows, late, after) = in_order(rest, &late.levels());
    if late.is_empty() {
        return restore(&rows.into_iter().chain(after).collect::<Vec<_>>()).await;
    }
    restore(&rows).await?;
    for level in late {
        restore(&level).await?;
    }
    restore(&after).await
}

/// Returns the search path of the service's logins, as a setting.
pub(crate) fn search_path(of: &MigrationTarget) -> String {
    stmt!("{schemas}", schemas = List(of.search_path.clone())).to_string()
}

/// Schema and name, as an archive lists them.
type ListedTable = (String, String);

/// Tables whose rows are loaded last, each with those among them whose rows it may read meanwhile.
#[derive(Debug, Default)]
pub(crate) struct ReadingTables(BTreeMap<ListedTable, BTreeSet<ListedTable>>);

impl ReadingTables {
    /// Reads them from the catalogs, and from the text of functions.
    pub(crate) async fn read(session: &mut Connection) -> Result<ReadingTables> {
        let query = Statement::from_program(include_str!("sql/reading_rows.sql"));
        let found: Vec<(String, String, Option<String>, Option<String>)> = query_as(session, &query).await?;
        let mut all = ReadingTables::default();
        for (schema, name, other_schema, other_name) in found {
            let reads = all.0.entry((schema, name)).or_default();
            reads.extend(other_schema.zip(other_name));
        }
        Ok(all)
    }

    /// Returns them in the order in which they are loaded; the last ones may read each other.
    fn levels(&self) -> Vec<BTreeSet<ListedTable>> {
        let (mut rest, mut levels) = (self.0.clone(), vec![]);
        while !rest.is_empty() {
            let is_free = |reads: &BTreeSet<ListedTable>| !reads.iter().any(|other| rest.contains_key(other));
            let mut level: BTreeSet<ListedTable> =
                rest.iter().filter(|(_, reads)| is_free(reads)).map(|(name, _)| name.clone()).collect();
            if level.is_empty() {
                level = rest.keys().cloned().collect();
            }
            rest.retain(|name, _| !level.contains(name));
            levels.push(level);
        }
        levels
    }

    /// Returns those that read each other, directly or through others: no order of their rows is right.
    pub(crate) fn circles(&self) -> Vec<&ListedTable> {
        self.0.keys().filter(|name| self.reached(name).contains(name)).collect()
    }

    fn reached<'a>(&'a self, from: &'a ListedTable) -> BTreeSet<&'a ListedTable> {
        let (mut waiting, mut reached) = (vec![from], BTreeSet::new());
        while let Some(name) = waiting.pop() {
            let others = self.0.get(name).into_iter().flatten();
            waiting.extend(others.filter(|other| reached.insert(*other)));
        }
        reached
    }
}

type Entries = Vec<ArchiveEntry>;

/// Returns the rows of other tables, those of each level, and the rest.
fn in_order(entries: Entries, levels: &[BTreeSet<ListedTable>]) -> (Entries, Vec<Entries>, Entries) {
    let is_of = |entry: &ArchiveEntry, level: &BTreeSet<ListedTable>| {
        let names = entry.what.strip_prefix("TABLE DATA ");
        names.is_some_and(|rest| {
            level.iter().any(|(schema, name)| rest.starts_with(&format!("{schema} {name} ")))
        })
    };
    let (mut rows, after): (Entries, Entries) = entries.into_iter().partition(|entry| is_data(&entry.what));
    let late = levels.iter().map(|level| rows.extract_if(.., |entry| is_of(entry, level)).collect());
    let late: Vec<Entries> = late.filter(|entries: &Entries| !entries.is_empty()).collect();
    (rows, late, after)
}

fn is_data(what: &str) -> bool {
    DATA.iter().any(|kind| what.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_functions_check_come_behind_all_others() {
        let entries = [
            "TABLE DATA public alpha o", "TABLE DATA public alphabet o", "SEQUENCE SET public s o",
            "INDEX public i o",
        ];
        let parsed = entries.iter().zip(1..).map(|(what, number)| {
            ArchiveEntry::parse(format!("{number}; 0 {number} {what}").as_bytes()).unwrap()
        });
        let levels = [[("public".to_owned(), "alpha".to_owned())].into(), BTreeSet::new()];
        let (rows, late, after) = in_order(parsed.collect(), &levels);
        let shown = |part: Entries| part.into_iter().map(|entry| entry.what).collect::<Vec<_>>();
        assert_eq!(shown(rows), entries[1..3]);
        assert_eq!(late.into_iter().map(shown).collect::<Vec<_>>(), [&entries[..1]]);
        assert_eq!(shown(after), entries[3..]);
    }

    #[test]
    fn a_table_is_loaded_behind_those_that_it_reads() {
        let name = |name: &str| ("public".to_owned(), name.to_owned());
        let reading = |all: &[(&str, &[&str])]| {
            let reads = |others: &[&str]| others.iter().map(|other| name(other)).collect();
            ReadingTables(all.iter().map(|(table, others)| (name(table), reads(others))).collect())
        };
        let chain = reading(&[("a", &["b"]), ("b", &["c"]), ("c", &[]), ("d", &[])]);
        assert_eq!(chain.levels(), [[name("c"), name("d")].into(), [name("b")].into(), [name("a")].into()]);
        assert!(chain.circles().is_empty());
        let circle = reading(&[("a", &["b"]), ("b", &["a", "c"]), ("c", &[]), ("d", &["a"])]);
        assert_eq!(circle.levels(), [[name("c")].into(), [name("a"), name("b"), name("d")].into()]);
        assert_eq!(circle.circles(), [&name("a"), &name("b")]);
    }
}
