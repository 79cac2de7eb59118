//! Order in which an archive is loaded: definitions, rows, and what needs the rows. Rows that functions check or compute
//! are loaded behind all others, because the functions may read those.

use std::collections::BTreeSet;

use martydb_migrate::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{List, Statement, stmt};
use martydb_pg::server::query_as;
use martydb_pg_dump::archive::{Archive, ArchiveEntry};

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
) -> Result<()> {
    let search_path = search_path(here);
    let restore = async |entries: &[ArchiveEntry]| match entries {
        // Without an entry the program has nothing to do.
        [] => Ok(()),
        _ => archive.restore(entries, here.acting_login(), &search_path, jobs).await,
    };
    let begin = entries.iter().position(|entry| is_data(&entry.what)).unwrap_or(entries.len());
    let mut definitions = entries;
    let rest = definitions.split_off(begin);
    restore(&definitions).await?;
    if rest.is_empty() {
        return Ok(());
    }
    let (rows, late, after) = in_order(rest, &reading(here).await?);
    if late.is_empty() {
        return restore(&rows.into_iter().chain(after).collect::<Vec<_>>()).await;
    }
    for part in [rows, late, after] {
        restore(&part).await?;
    }
    Ok(())
}

/// Returns the search path of the service's logins, as a setting.
pub(crate) fn search_path(of: &MigrationTarget) -> String {
    stmt!("{schemas}", schemas = List(of.search_path.clone())).to_string()
}

/// Returns the tables, as an archive lists them, whose rows are loaded last.
async fn reading(here: &MigrationTarget) -> Result<BTreeSet<(String, String)>> {
    let mut session = owner_session::as_owner(here).await?;
    let found =
        query_as(&mut session, &Statement::from_program(include_str!("sql/reading_rows.sql"))).await?;
    session.close().await;
    Ok(found.into_iter().collect())
}

type Entries = Vec<ArchiveEntry>;

/// Returns the rows of other tables, those of these tables, and the rest.
fn in_order(entries: Entries, late: &BTreeSet<(String, String)>) -> (Entries, Entries, Entries) {
    let is_late = |entry: &ArchiveEntry| {
        entry.what.strip_prefix("TABLE DATA ").is_some_and(|rest| {
            late.iter().any(|(schema, name)| rest.starts_with(&format!("{schema} {name} ")))
        })
    };
    let (data, after): (Entries, Entries) = entries.into_iter().partition(|entry| is_data(&entry.what));
    let (late, rows) = data.into_iter().partition(is_late);
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
        let late = [("public".to_owned(), "alpha".to_owned())].into();
        let (rows, late, after) = in_order(parsed.collect(), &late);
        let shown = |part: Entries| part.into_iter().map(|entry| entry.what).collect::<Vec<_>>();
        assert_eq!(shown(rows), entries[1..3]);
        assert_eq!(shown(late), entries[..1]);
        assert_eq!(shown(after), entries[3..]);
    }
}
