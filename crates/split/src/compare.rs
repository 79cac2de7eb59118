//! Compares source and target: at one position of both sides, or while neither accepts writes.

mod server_sums;

use std::collections::BTreeMap;

use crate::copy::loading::{BothSides, TableLoad, matched, target_table};
use crate::copy::{CopyTarget, SplitCopy};
use crate::database::sessions::{self, ReadLock, ReadTable, open_reading};
use crate::database::tables::DatabaseTables;
use martydb_compare::{ComparedTable, RowKey, SessionPair, compare_tables};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{Connection, execute};
use server_sums::HashedSides;

pub use martydb_compare::{DifferingTable, RowDifference, TargetComparison};

/// State of both sides during a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedAt<'a> {
    /// Neither accepts writes.
    Still,
    /// The source accepts writes: it is read in this snapshot, up to which the target has applied everything.
    OfSource(&'a str),
    /// The target accepts writes: it is read in this snapshot, up to which the source has applied everything.
    OfTarget(&'a str),
}

/// Tables to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedTables {
    All,
    /// Tables that are read quickly, and those that a snapshot of an open target does not show.
    Quick,
}

/// Maximum total size of the tables that are compared while applications wait, in bytes.
const MAX_QUICK_BYTES: i64 = 32 << 20;

/// Target and source of a comparison.
pub struct SidesComparison<'a> {
    pub copy: &'a SplitCopy<'a>,
    pub of: &'a CopyTarget,
    pub at: ComparedAt<'a>,
    pub tables: ComparedTables,
}

impl SidesComparison<'_> {
    /// Compares all tables.
    ///
    /// # Errors
    /// If one side cannot be read, or a table does not match.
    #[martydb_pg::boxed]
    pub async fn compare(&self, source: &DatabaseTables) -> Result<TargetComparison> {
        let (pairs, waiting) = self.open(source).await?;
        compare_tables(pairs, waiting).await
    }

    /// Opens pairs of sessions, one per side, and returns them with the tables to compare, the largest last.
    ///
    /// # Errors
    /// If one side cannot be read, or a table does not match.
    #[martydb_pg::boxed]
    async fn open(&self, source: &DatabaseTables) -> Result<(Vec<SessionPair>, Vec<ComparedTable>)> {
        let of = self.of;
        let mut session = sessions::open_inspecting(&of.target).await?;
        let target = DatabaseTables::read(&mut session).await?;
        let sides = BothSides { source, target: &target };
        let (loads, problems) = matched(&of.relations, &sides);
        if !problems.is_empty() {
            return Err(Error::operation(format!("cannot compare service \"{}\"", of.service))
                .causes(problems.iter().map(|one| printable(one))));
        }
        let tables: Vec<ReadTable> =
            loads.iter().map(|load| ReadTable { oid: load.relation.oid, ident: load.from.clone() }).collect();
        let first = self.at_source(&tables, self.first_lock()).await?;
        let hashed = match self.tables {
            ComparedTables::All => self.hashed(&mut session, &loads, &target).await?,
            ComparedTables::Quick => None,
        };
        let waiting = self.chosen(compared_tables(&loads, &sides, hashed.as_ref()));
        self.enter_snapshot(&mut session).await?;
        let mut pairs = vec![(first, session)];
        for _ in 1..(self.copy.jobs / 2).clamp(1, waiting.len().max(1)) {
            let there = self.at_source(&tables, ReadLock::Shared).await?;
            let mut here = sessions::open_inspecting(&of.target).await?;
            self.enter_snapshot(&mut here).await?;
            pairs.push((there, here));
        }
        Ok((pairs, waiting))
    }

    /// Returns the first lock on the tables: the stronger one only if no applications wait for the comparison.
    fn first_lock(&self) -> ReadLock {
        if self.tables == ComparedTables::All { ReadLock::AgainstIndexes } else { ReadLock::Shared }
    }

    /// Reads the current definitions of the source: a query is planned for these, not for those of a snapshot.
    async fn hashed(
        &self,
        here: &mut Connection,
        loads: &[TableLoad],
        target: &DatabaseTables,
    ) -> Result<Option<HashedSides>> {
        let mut there = self.copy.access.read(self.copy.database).await?;
        let found = HashedSides::read(&mut there, here, loads, target).await;
        there.close().await;
        found
    }

    async fn at_source(&self, tables: &[ReadTable], lock: ReadLock) -> Result<Connection> {
        let snapshot = match self.at {
            ComparedAt::OfSource(snapshot) => Some(snapshot),
            _ => None,
        };
        open_reading(self.copy.access, self.copy.database, snapshot, tables, lock).await
    }

    /// Moves a session of the target to the snapshot.
    async fn enter_snapshot(&self, session: &mut Connection) -> Result<()> {
        let ComparedAt::OfTarget(snapshot) = self.at else { return Ok(()) };
        let begin = stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        let import = stmt!("SET TRANSACTION SNAPSHOT {name}", name = Literal(snapshot.into()));
        execute(session, &Statement::join([begin, import])).await.map(drop)
    }

    /// Returns the tables to compare, the largest last.
    fn chosen(&self, mut all: Vec<ComparedTable>) -> Vec<ComparedTable> {
        all.sort_by_key(|table| table.bytes);
        let mut read = 0;
        all.retain(|table| {
            read += table.bytes;
            match self.tables {
                ComparedTables::Quick => table.forced || read <= MAX_QUICK_BYTES,
                // Disabling forced row security locks the table, and applications would wait for the lock.
                ComparedTables::All => !(table.forced && matches!(self.at, ComparedAt::OfTarget(_))),
            }
        });
        all
    }
}

fn compared_tables(
    loads: &[TableLoad],
    sides: &BothSides<'_>,
    hashed: Option<&HashedSides>,
) -> Vec<ComparedTable> {
    let mut all: BTreeMap<&str, Vec<&TableLoad>> = BTreeMap::new();
    for load in loads {
        all.entry(&load.into).or_default().push(load);
    }
    all.into_values().filter_map(|parts| compared_table(&parts, sides, hashed)).collect()
}

fn compared_table(
    parts: &[&TableLoad],
    sides: &BothSides<'_>,
    hashed: Option<&HashedSides>,
) -> Option<ComparedTable> {
    let first = parts.first()?;
    let shape = |load: &TableLoad| sides.source.table(&load.relation.schema, &load.relation.name);
    let into = target_table(shape(first)?, sides)?;
    // If any part must be read as text, all are.
    let binary = parts.iter().all(|load| load.is_binary());
    let target = |binary| first.copy_target_sql(into.is_partitioned(), binary);
    Some(ComparedTable {
        sources: parts.iter().map(|load| load.copy_source_sql(binary)).collect(),
        target: target(binary),
        shown: (parts.iter().map(|load| load.copy_source_sql(false)).collect(), target(false)),
        name: first.into.clone(),
        key: RowKey::new(&first.columns, into.key()),
        bytes: parts.iter().filter_map(|load| shape(load)).map(|shape| shape.bytes).sum(),
        binary,
        forced: into.forced,
        sums: hashed.and_then(|hashed| hashed.sums(parts, into)),
    })
}
