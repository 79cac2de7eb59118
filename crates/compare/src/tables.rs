//! Compares tables by the number of their rows and the sum of the rows' hashes. If these differ, the rows are put into
//! buckets by their keys, and the rows of differing buckets are reported individually.
//!
//! Rows are read by `COPY` and hashed here. A query would have to be planned, and the planner evaluates expressions in
//! the indexes of the table's owner with the privileges of the session. For tables without such expressions the servers
//! first compute sums.

use std::collections::BTreeMap;
use std::hash::RandomState;

use futures_util::future::{try_join, try_join_all};
use parking_lot::Mutex;
use serde::Serialize;

use super::rows::{BucketPass, KeyBuckets, RowHasher, RowKey, TextRows};
use super::sums::{RowSum, ServerSums};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_pg::server::{Connection, copy_out, execute, execute_protected};
use martydb_ui::report::progress;

/// Maximum number of rows reported per table.
const MAX_NAMED_ROWS: usize = 20;

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

/// Table at both sides. Several parts of the source may be one table of the target.
pub struct ComparedTable {
    pub sources: Vec<Statement>,
    pub target: Statement,
    /// Statements that return the rows as text, to report those that differ.
    pub shown: (Vec<Statement>, Statement),
    pub name: String,
    pub key: RowKey,
    pub bytes: i64,
    pub binary: bool,
    /// `true` if row security applies to the target's owner too.
    pub forced: bool,
    /// Queries for the sums, which the servers compute first.
    pub sums: Option<ServerSums>,
}

/// Session of the source, and session of the target.
pub type SessionPair = (Connection, Connection);

/// Compares tables, the last ones first: each pair of sessions takes the next one. Closes the sessions.
///
/// # Errors
/// If a table cannot be read.
pub async fn compare_tables(
    mut pairs: Vec<SessionPair>,
    waiting: Vec<ComparedTable>,
) -> Result<TargetComparison> {
    let found = side_by_side(&mut pairs, waiting).await;
    for (source, target) in pairs {
        source.close().await;
        target.close().await;
    }
    found
}

async fn side_by_side(pairs: &mut [SessionPair], waiting: Vec<ComparedTable>) -> Result<TargetComparison> {
    let comparing = progress("comparing", "tables");
    comparing.expect(waiting.len());
    let waiting = Mutex::new(waiting);
    let next = || waiting.lock().pop();
    let parts = pairs.iter_mut().map(async |(source, target)| {
        let mut part = TargetComparison::default();
        while let Some(table) = next() {
            let (rows, difference) = unforced(source, target, &table).await?;
            part.tables += 1;
            part.rows += rows;
            part.differences.extend(difference);
            comparing.advance();
        }
        Ok::<TargetComparison, Error>(part)
    });
    let mut all = TargetComparison::default();
    for part in try_join_all(parts).await? {
        all.tables += part.tables;
        all.rows += part.rows;
        all.differences.extend(part.differences);
    }
    all.differences.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(all)
}

/// Disables forced row security, which would hide rows from the owner, only while the rows are read.
async fn unforced(
    source: &mut Connection,
    target: &mut Connection,
    table: &ComparedTable,
) -> Result<(i64, Option<DifferingTable>)> {
    if !table.forced {
        return compare(source, target, table).await;
    }
    let name = ServerText::quoted_by_server(table.name.clone());
    let rest = stmt!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY");
    execute(target, &Statement::join([stmt!("BEGIN"), rest])).await?;
    let end = compare(source, target, table).await;
    execute_protected(target, &stmt!("ROLLBACK")).await?;
    end
}

async fn compare(
    source: &mut Connection,
    target: &mut Connection,
    table: &ComparedTable,
) -> Result<(i64, Option<DifferingTable>)> {
    if let Some(sums) = &table.sums
        && let Some(rows) = sums.equal(source, target).await?
    {
        return Ok((rows, None));
    }
    let seed = RandomState::new();
    let parts = async {
        let mut all = RowSum::default();
        for part in &table.sources {
            all = all + sum(source, part, table.binary, &seed).await?;
        }
        Ok::<RowSum, Error>(all)
    };
    let (before, after) = try_join(parts, sum(target, &table.target, table.binary, &seed)).await?;
    if before == after {
        return Ok((before.rows, None));
    }
    Ok((before.rows, Some(locate(source, target, table, (before.rows, after.rows)).await?)))
}

/// Returns number and sum of all rows.
async fn sum(
    session: &mut Connection,
    statement: &Statement,
    binary: bool,
    seed: &RandomState,
) -> Result<RowSum> {
    let mut rows = RowHasher::new(seed, binary);
    copy_out(session, statement, &mut |piece, ends| rows.add(piece, ends)).await?;
    Ok(rows.sum)
}

/// Finds the differing rows, as text for the report.
async fn locate(
    source: &mut Connection,
    target: &mut Connection,
    table: &ComparedTable,
    (rows_source, rows_target): (i64, i64),
) -> Result<DifferingTable> {
    let seed = RandomState::new();
    let (mut before, mut after) = (KeyBuckets::new(&table.key, &seed), KeyBuckets::new(&table.key, &seed));
    for pass in [BucketPass::Count, BucketPass::Keep] {
        if pass == BucketPass::Keep {
            let differing = before.differing(&after);
            before.keep(&differing);
            after.keep(&differing);
        }
        for part in &table.shown.0 {
            fill(&mut before, source, part, pass).await?;
        }
        fill(&mut after, target, &table.shown.1, pass).await?;
    }
    let has_key = table.key.exists();
    let mut rows = if has_key { differing_rows(&before.kept, &after.kept) } else { vec![] };
    let more = before.is_cut() || rows.len() > MAX_NAMED_ROWS;
    rows.truncate(MAX_NAMED_ROWS);
    Ok(DifferingTable {
        table: table.name.clone(),
        rows_source,
        rows_target,
        key: table.key.names(),
        rows,
        more: more && has_key,
    })
}

/// Adds the rows that a statement returns as text.
async fn fill(
    buckets: &mut KeyBuckets<'_>,
    session: &mut Connection,
    statement: &Statement,
    pass: BucketPass,
) -> Result<()> {
    let mut lines = TextRows::default();
    let mut sink = |piece: &[u8], ends: bool| lines.add(piece, ends, |line| buckets.add(pass, line));
    copy_out(session, statement, &mut sink).await.map(drop)
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
