//! Whether a target holds what the source holds: the rows of each table as their number and a sum of their hashes, at both sides. Where these
//! differ, the rows are put in buckets by their keys, and only the buckets that differ are read row by row.

mod hashing;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::copying::{CopyTarget, SplitCopy};
use super::loading::{BothSides, TableLoad, matched, place};
use super::sessions::{self, ReadTable, reading};
use super::tables::DatabaseTables;
use crate::error::{Error, Result};
use crate::report::{printable, progress};
use crate::server::{Connection, Row, Unreadable, execute, execute_protected, query, query_rows};
use crate::sql::{ServerText, Statement, stmt};
use hashing::{HashedTable, RowHashing};

/// Buckets of a table that are read row by row.
const READ_BUCKETS: usize = 8;

/// Rows of a table that are named.
const NAMED_ROWS: usize = 20;

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowDifference {
    /// It is in the source alone.
    Missing,
    /// It is in the target alone.
    Extra,
    Different,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferingRow {
    /// The values of its key, in the order of their columns' names.
    pub key: String,
    pub what: RowDifference,
}

/// A table that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferingTable {
    pub table: String,
    pub rows_source: i64,
    pub rows_target: i64,
    /// Columns by which rows are told apart; none where the table has no key.
    pub key: Vec<String>,
    /// The first of them.
    pub rows: Vec<DifferingRow>,
    /// There are more.
    pub more: bool,
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetComparison {
    pub tables: usize,
    pub rows: i64,
    pub differences: Vec<DifferingTable>,
}

/// One table at both sides. Several parts of the source may be one table of the target.
struct ComparedTable {
    sources: Vec<HashedTable>,
    target: HashedTable,
    key: Vec<String>,
    hashing: RowHashing,
    bytes: i64,
    /// Row security holds for the target's owner too.
    forced: bool,
}

/// Compares one target with the source: in the moment of a snapshot, or as it is, where neither side takes writes.
///
/// # Errors
/// If one side cannot be read.
pub async fn compare(
    copy: &SplitCopy<'_>,
    of: &CopyTarget,
    source: &DatabaseTables,
    snapshot: Option<&str>,
) -> Result<TargetComparison> {
    let mut session = sessions::looking(&of.target).await?;
    let target = DatabaseTables::read(&mut session).await?;
    let (loads, problems) = matched(&of.relations, &BothSides { source, target: &target });
    if !problems.is_empty() {
        return Err(Error::operation(format!("service \"{}\" cannot be compared", of.service))
            .causes(problems.iter().map(|one| printable(one))));
    }
    let tables: Vec<ReadTable> =
        loads.iter().map(|load| ReadTable { oid: load.relation.oid, ident: load.from.clone() }).collect();
    let first = reading(copy.access, copy.database, snapshot, &tables).await?;
    let major = first.major().min(session.major());
    let mut waiting = compared_tables(&loads, &BothSides { source, target: &target }, major);
    waiting.sort_by_key(|table| table.bytes);
    let mut sides = vec![(first, session)];
    for _ in 1..(copy.jobs / 2).clamp(1, waiting.len().max(1)) {
        let there = reading(copy.access, copy.database, snapshot, &tables).await?;
        sides.push((there, sessions::looking(&of.target).await?));
    }
    let found = side_by_side(&mut sides, waiting).await;
    for (there, here) in sides {
        there.close().await;
        here.close().await;
    }
    found
}

fn compared_tables(loads: &[TableLoad], sides: &BothSides<'_>, major: u32) -> Vec<ComparedTable> {
    let mut all: BTreeMap<&str, ComparedTable> = BTreeMap::new();
    for load in loads {
        let (schema, name) = load.name();
        let Some(from) = sides.source.table(&schema, &name) else { continue };
        let Some(into) = place(from, sides) else { continue };
        let table = all.entry(&load.into).or_insert_with(|| ComparedTable {
            sources: vec![],
            target: HashedTable { ident: load.into.clone(), with_parts: into.is_partitioned() },
            key: into.key().to_vec(),
            hashing: RowHashing::of(from, into, major),
            bytes: 0,
            forced: into.forced,
        });
        table.sources.push(HashedTable { ident: load.from.clone(), with_parts: false });
        table.bytes += load.relation.bytes;
    }
    all.into_values().collect()
}

/// The largest tables first; each pair of sessions takes the next one.
async fn side_by_side(
    sides: &mut [(Connection, Connection)],
    waiting: Vec<ComparedTable>,
) -> Result<TargetComparison> {
    let comparing = progress("comparing", "tables");
    comparing.expect(waiting.len());
    let waiting = Mutex::new(waiting);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let parts = sides.iter_mut().map(async |(there, here)| {
        // Begun for settings that hold for a moment: no plan of several workers, which belong to the service.
        execute(here, &stmt!("SET max_parallel_workers_per_gather = 0")).await?;
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

/// Number and sum of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct RowSum {
    rows: i64,
    sum: i128,
}

impl std::ops::Add for RowSum {
    type Output = RowSum;

    fn add(self, other: RowSum) -> RowSum {
        RowSum { rows: self.rows + other.rows, sum: self.sum + other.sum }
    }
}

/// Row security that is forced would hide rows from the owner: it rests while they are read, and no longer.
async fn unforced(
    there: &mut Connection,
    here: &mut Connection,
    table: &ComparedTable,
) -> Result<(i64, Option<DifferingTable>)> {
    if !table.forced {
        return one(there, here, table).await;
    }
    let name = ServerText::quoted_by_server(table.target.ident.clone());
    let rest = stmt!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY", name = name);
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
    let source = async {
        let mut all = RowSum::default();
        for part in &table.sources {
            all = all + whole(there, &table.hashing.whole(part)).await?;
        }
        Ok::<RowSum, Error>(all)
    };
    let statement = table.hashing.whole(&table.target);
    let (source, target) = tokio::try_join!(source, whole(here, &statement))?;
    if source == target {
        return Ok((source.rows, None));
    }
    Ok((source.rows, Some(locate(there, here, table, source.rows, target.rows).await?)))
}

async fn whole(session: &mut Connection, statement: &Statement) -> Result<RowSum> {
    let rows = query(session, statement).await?;
    let row = rows.first().ok_or_else(|| unreadable(Unreadable::no_row()))?;
    row_sum(row, 0)
}

fn row_sum(row: &Row, at: usize) -> Result<RowSum> {
    let sum: String = row.try_get(at + 1).map_err(unreadable)?;
    let sum = sum.parse().map_err(|_| unreadable(Unreadable::new("a sum is no number")))?;
    Ok(RowSum { rows: row.try_get(at).map_err(unreadable)?, sum })
}

fn unreadable(error: Unreadable) -> Error {
    Error::operation("cannot compare the rows").cause(error)
}

/// Which rows they are.
async fn locate(
    there: &mut Connection,
    here: &mut Connection,
    table: &ComparedTable,
    rows_source: i64,
    rows_target: i64,
) -> Result<DifferingTable> {
    let mut source = BTreeMap::new();
    for part in &table.sources {
        buckets(there, &table.hashing.buckets(part), &mut source).await?;
    }
    let mut target = BTreeMap::new();
    buckets(here, &table.hashing.buckets(&table.target), &mut target).await?;
    let all: std::collections::BTreeSet<i64> = source.keys().chain(target.keys()).copied().collect();
    let differing: Vec<i64> = all.into_iter().filter(|at| source.get(at) != target.get(at)).collect();
    let read = &differing[..differing.len().min(READ_BUCKETS)];
    let (mut at_source, mut at_target) = (BTreeMap::new(), BTreeMap::new());
    for part in &table.sources {
        read_rows(there, &table.hashing.rows(part, read), &mut at_source).await?;
    }
    read_rows(here, &table.hashing.rows(&table.target, read), &mut at_target).await?;
    let has_key = table.hashing.has_key();
    let mut rows = if has_key { differing_rows(&at_source, &at_target) } else { vec![] };
    let more = differing.len() > read.len() || rows.len() > NAMED_ROWS;
    rows.truncate(NAMED_ROWS);
    let key = if has_key { table.key.clone() } else { vec![] };
    Ok(DifferingTable { table: table.target.ident.clone(), rows_source, rows_target, key, rows, more })
}

async fn buckets(
    session: &mut Connection,
    statement: &Statement,
    found: &mut BTreeMap<i64, RowSum>,
) -> Result<()> {
    for row in query(session, statement).await? {
        let at = row.try_get(0).map_err(unreadable)?;
        let sum: &mut RowSum = found.entry(at).or_default();
        *sum = *sum + row_sum(&row, 1)?;
    }
    Ok(())
}

/// The hash of each row by its key.
async fn read_rows(
    session: &mut Connection,
    statement: &Statement,
    found: &mut BTreeMap<String, String>,
) -> Result<()> {
    query_rows(session, statement, |row| {
        let text = |at| row.try_get::<String>(at).map_err(|error| error.to_string());
        found.insert(text(0)?, text(1)?);
        Ok(())
    })
    .await
}

fn differing_rows(source: &BTreeMap<String, String>, target: &BTreeMap<String, String>) -> Vec<DifferingRow> {
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
        let rows = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
            all.iter().map(|(key, hash)| ((*key).to_owned(), (*hash).to_owned())).collect()
        };
        let found = differing_rows(
            &rows(&[("(1)", "a"), ("(2)", "b"), ("(3)", "c")]),
            &rows(&[("(2)", "x"), ("(3)", "c"), ("(4)", "d")]),
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
