//! Compares source and target by the number of rows of each table and the sum of their hashes. If these differ, the
//! rows are put into buckets by their keys, and the rows of differing buckets are reported individually.
//!
//! Rows are read by `COPY` and hashed here. A query would have to be planned, and the planner evaluates expressions in
//! the indexes of the table's owner: at the source with the admin's privileges. For tables without such expressions the
//! servers first compute sums.

mod hashing;
mod server_sums;
mod sides;

use std::collections::BTreeMap;
use std::hash::RandomState;

use parking_lot::Mutex;
use serde::Serialize;

use super::tables::DatabaseTables;
use hashing::{BucketPass, KeyBuckets, RowHasher, RowSum, TextRows};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_pg::server::{Connection, copy_out, execute, execute_protected};
use martydb_ui::report::progress;
use sides::{ComparedTable, SessionPair};

pub use sides::{ComparedMoment, ComparedTables, SidesComparison};

/// Maximum number of rows reported per table.
const NAMED_ROWS: usize = 20;

/// Difference of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowDifference {
    /// The row is only in the source.
    Missing,
    /// The row is only in the target.
    Extra,
    Different,
}

/// Differing row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferingRow {
    /// Values of its key, in the order of their columns' names.
    pub key: String,
    pub what: RowDifference,
}

/// Differing table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferingTable {
    pub table: String,
    pub rows_source: i64,
    pub rows_target: i64,
    /// Columns that identify a row; empty if the table has no key.
    pub key: Vec<String>,
    /// First of the differing rows.
    pub rows: Vec<DifferingRow>,
    /// `true` if there are more.
    pub more: bool,
}

/// Result of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetComparison {
    pub tables: usize,
    pub rows: i64,
    pub differences: Vec<DifferingTable>,
}

impl SidesComparison<'_> {
    /// Compares all tables.
    ///
    /// # Errors
    /// As [`SidesComparison::open`].
    #[martydb_pg::boxed]
    pub async fn compare(&self, source: &DatabaseTables) -> Result<TargetComparison> {
        let (mut pairs, waiting) = self.open(source).await?;
        let found = side_by_side(&mut pairs, waiting).await;
        for (there, here) in pairs {
            there.close().await;
            here.close().await;
        }
        found
    }
}

/// Compares in parallel, the largest tables first; each pair of sessions takes the next one.
async fn side_by_side(sides: &mut [SessionPair], waiting: Vec<ComparedTable>) -> Result<TargetComparison> {
    let comparing = progress("comparing", "tables");
    comparing.expect(waiting.len());
    let waiting = Mutex::new(waiting);
    let next = || waiting.lock().pop();
    let parts = sides.iter_mut().map(async |(there, here)| {
        let mut part = TargetComparison::default();
        while let Some(table) = next() {
            let (rows, difference) = unforced(there, here, &table).await?;
            part.tables += 1;
            part.rows += rows;
            part.differences.extend(difference);
            comparing.advance();
        }
        Ok::<TargetComparison, Error>(part)
    });
    let parts = futures_util::future::try_join_all(parts).await?;
    let mut all = TargetComparison::default();
    for part in parts {
        all.tables += part.tables;
        all.rows += part.rows;
        all.differences.extend(part.differences);
    }
    all.differences.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(all)
}

/// Disables forced row security, which would hide rows from the owner, only while the rows are read.
async fn unforced(
    there: &mut Connection,
    here: &mut Connection,
    table: &ComparedTable,
) -> Result<(i64, Option<DifferingTable>)> {
    if !table.forced {
        return one(there, here, table).await;
    }
    let name = ServerText::quoted_by_server(table.name.clone());
    let rest = stmt!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY");
    execute(here, &Statement::join([stmt!("BEGIN"), rest])).await?;
    let end = one(there, here, table).await;
    execute_protected(here, &stmt!("ROLLBACK")).await?;
    end
}

async fn one(
    there: &mut Connection,
    here: &mut Connection,
    table: &ComparedTable,
) -> Result<(i64, Option<DifferingTable>)> {
    if let Some(sums) = &table.sums
        && let Some(rows) = sums.equal(there, here).await?
    {
        return Ok((rows, None));
    }
    let seed = RandomState::new();
    let source = async {
        let mut all = RowSum::default();
        for part in &table.sources {
            all = all + whole(there, part, table.binary, &seed).await?;
        }
        Ok::<RowSum, Error>(all)
    };
    let (source, target) = tokio::try_join!(source, whole(here, &table.target, table.binary, &seed))?;
    if source == target {
        return Ok((source.rows, None));
    }
    Ok((source.rows, Some(locate(there, here, table, (source.rows, target.rows)).await?)))
}

/// Returns number and sum of all rows.
async fn whole(
    session: &mut Connection,
    statement: &Statement,
    binary: bool,
    seed: &RandomState,
) -> Result<RowSum> {
    let mut rows = RowHasher::new(seed, binary);
    copy_out(session, statement, &mut |piece, ends| rows.take(piece, ends)).await?;
    Ok(rows.sum)
}

/// Finds the differing rows, as text for the report.
async fn locate(
    there: &mut Connection,
    here: &mut Connection,
    table: &ComparedTable,
    (rows_source, rows_target): (i64, i64),
) -> Result<DifferingTable> {
    let seed = RandomState::new();
    let (mut source, mut target) = (KeyBuckets::new(&table.key, &seed), KeyBuckets::new(&table.key, &seed));
    for pass in [BucketPass::Count, BucketPass::Keep] {
        if pass == BucketPass::Keep {
            let differing = source.differing(&target);
            source.keep(&differing);
            target.keep(&differing);
        }
        for part in &table.shown.0 {
            let mut lines = TextRows::default();
            copy_out(there, part, &mut |piece, ends| lines.take(piece, ends, |line| source.take(pass, line)))
                .await?;
        }
        let mut lines = TextRows::default();
        let statement = &table.shown.1;
        copy_out(here, statement, &mut |piece, ends| lines.take(piece, ends, |line| target.take(pass, line)))
            .await?;
    }
    let has_key = table.key.exists();
    let mut rows = if has_key { differing_rows(&source.kept, &target.kept) } else { vec![] };
    let more = source.is_cut() || rows.len() > NAMED_ROWS;
    rows.truncate(NAMED_ROWS);
    Ok(DifferingTable {
        table: table.name.clone(),
        rows_source,
        rows_target,
        key: table.key.names(),
        rows,
        more: more && has_key,
    })
}

fn differing_rows(source: &BTreeMap<String, u64>, target: &BTreeMap<String, u64>) -> Vec<DifferingRow> {
    let row = |key: &String, what| DifferingRow { key: key.clone(), what };
    let from_source = source.iter().filter_map(|(key, hash)| match target.get(key) {
        None => Some(row(key, RowDifference::Missing)),
        Some(other) if other != hash => Some(row(key, RowDifference::Different)),
        Some(_) => None,
    });
    let extra = target.keys().filter(|key| !source.contains_key(*key));
    let mut all: Vec<DifferingRow> =
        from_source.chain(extra.map(|key| row(key, RowDifference::Extra))).collect();
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_missing_extra_or_different() {
        let rows = |all: &[(&str, u64)]| -> BTreeMap<String, u64> {
            all.iter().map(|(key, hash)| ((*key).to_owned(), *hash)).collect()
        };
        let found = differing_rows(
            &rows(&[("(1)", 1), ("(2)", 2), ("(3)", 3)]),
            &rows(&[("(2)", 9), ("(3)", 3), ("(4)", 4)]),
        );
        let found: Vec<(&str, RowDifference)> =
            found.iter().map(|one| (one.key.as_str(), one.what)).collect();
        assert_eq!(
            found,
            [
                ("(1)", RowDifference::Missing),
                ("(2)", RowDifference::Different),
                ("(4)", RowDifference::Extra)
            ]
        );
    }
}
