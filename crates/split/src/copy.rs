//! Copies the rows of a split from the source into every target: read by the admin in one snapshot, written by each
//! service's migrator. Each loaded part is recorded with its rows, so that an interrupted copy resumes.
//!
//! `begin` starts a run with the `relations` of each service; `offline` and `online` are its two ways. `loading` matches
//! the tables of both sides, `queue` and `fill` copy them, `deferred_objects` drops and restores what slows them down,
//! and `held` disables side effects on tables that are closed.

pub(crate) mod begin;
mod deferred_objects;
mod fill;
pub(crate) mod held;
pub(crate) mod loading;
pub(crate) mod offline;
pub(crate) mod online;
mod queue;
pub(crate) mod relations;
mod snapshot;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::database::sequences::{self, Sequences};
use crate::database::sessions::{self, ReadTable};
use crate::database::tables::{DatabaseTables, TableShape};
use crate::database::write_block::{self, WriteBlock};
use crate::state::source::{SplitRelation, SplitRun};
use crate::state::{SplitPhase, target};
use deferred_objects::{FilledTable, drop_deferred};
use loading::{BothSides, TableLoad, matched};
use martydb_migrate::MigrationTarget;
use martydb_model::ServiceName;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{List, ServerText, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{Access, Connection, execute, execute_protected, query_first};

pub use fill::FilledCount;

/// Service, its database, and its tables.
pub struct CopyTarget {
    pub service: ServiceName,
    pub target: MigrationTarget,
    pub relations: Vec<SplitRelation>,
    /// Current phase.
    pub phase: SplitPhase,
}

/// Settings of a copy command.
pub struct SplitCopy<'a> {
    pub access: &'a Access,
    pub database: &'a str,
    pub run: &'a SplitRun,
    /// Maximum number of tables copied at once.
    pub jobs: usize,
    /// Timeout for writers.
    pub wait: Duration,
    /// Cutover command in printed hints.
    pub cutover: String,
}

/// Target that was examined.
pub struct ReadyTarget<'a> {
    pub of: &'a CopyTarget,
    pub loads: Vec<TableLoad>,
    /// All tables to fill, and the partitioned ones above them.
    tables: Vec<FilledTable>,
    /// Tables to analyze after filling.
    analyzed: Vec<String>,
    /// `true` if an earlier command of this run has prepared the target.
    begun: bool,
    /// `true` if rows of an earlier copy may exist.
    left: bool,
}

impl SplitCopy<'_> {
    /// Examines targets without changing them.
    ///
    /// # Errors
    /// With all obstacles: missing tables or columns, and existing rows.
    pub(crate) async fn examine_all<'t>(
        &self,
        targets: &[&'t CopyTarget],
        source: &DatabaseTables,
    ) -> Result<Vec<ReadyTarget<'t>>> {
        let mut ready = vec![];
        for target in targets {
            ready.push(self.examine(target, source).await?);
        }
        Ok(ready)
    }

    async fn examine<'t>(&self, of: &'t CopyTarget, source: &DatabaseTables) -> Result<ReadyTarget<'t>> {
        let mut session = sessions::open_inspecting(&of.target).await?;
        let end = self.examined(&mut session, of, source).await;
        session.close().await;
        end
    }

    async fn examined<'t>(
        &self,
        session: &mut Connection,
        of: &'t CopyTarget,
        source: &DatabaseTables,
    ) -> Result<ReadyTarget<'t>> {
        let other = match target::exists(session).await? {
            true if target::opened(session).await?.is_some() => return Err(already_cut_over(of)),
            true => target::run(session).await?,
            false => None,
        };
        let begun = other.as_ref() == Some(&self.run.id) && of.phase == SplitPhase::Copying;
        let shapes = DatabaseTables::read(session).await?;
        let (loads, mut problems) = matched(&of.relations, &BothSides { source, target: &shapes });
        if other.is_none() && problems.is_empty() {
            problems = tables_with_rows(session, &loads, &shapes).await?;
        }
        if !problems.is_empty() {
            let problems: Vec<String> = problems.iter().map(|one| printable(one)).collect();
            return Err(Error::new(Kind::Divergent, format!("service \"{}\" cannot receive its tables", of.service))
                .causes(problems)
                .hint(format!(
                    "`martydb split schema` reports what is missing, `martydb upgrade {}` creates it; delete rows that migrations wrote: \
                     the source has them too",
                    of.service
                )));
        }
        let (tables, analyzed) = filled_tables(&loads, &shapes);
        Ok(ReadyTarget { of, loads, tables, analyzed, begun, left: other.is_some() && !begun })
    }

    /// Prepares a target for filling: creates its state, drops deferred objects, and closes it to applications.
    ///
    /// # Errors
    /// If the owner may not change its tables.
    pub async fn prepare(&self, ready: &ReadyTarget<'_>) -> Result<()> {
        // The snapshot of an online copy is lost with it: the next one begins with empty tables.
        if ready.begun && !self.run.online {
            return Ok(());
        }
        let mut session = sessions::open_inspecting(&ready.of.target).await?;
        let end = self.prepared(&mut session, ready).await;
        session.close().await;
        end
    }

    async fn prepared(&self, session: &mut Connection, ready: &ReadyTarget<'_>) -> Result<()> {
        target::prepare(session).await?;
        if ready.left || ready.begun {
            empty_tables(session, &ready.loads).await?;
        }
        let tables: Vec<u32> = ready.tables.iter().map(|table| table.oid).collect();
        let hint = format!(
            "write to the shared database \"{}\" until `{} --service {}` has opened this one",
            self.database, self.cutover, ready.of.service
        );
        let closing = WriteBlock {
            tables: &tables,
            hint: &hint,
            passes: ready.of.target.owner.as_str(),
            first: Statement::default(),
            last: stmt!(""),
            wait: self.wait,
        };
        let _since = write_block::close(session, &closing).await?;
        drop_deferred(session, &self.run.id, &ready.tables).await
    }

    /// Sets the sequences of a target to the values of the source.
    ///
    /// # Errors
    /// If the owner may not set a sequence.
    pub(crate) async fn set_sequences(&self, of: &CopyTarget, source: &Sequences) -> Result<()> {
        let mut session = sessions::open_inspecting(&of.target).await?;
        let here = sequences::read(&mut session).await?;
        let raising = sequences::raise_sql(source, &here);
        if !raising.is_empty() {
            execute(&mut session, &Statement::join(raising)).await?;
        }
        session.close().await;
        Ok(())
    }
}

/// Refuses to read parts of tables that have got an index or statistics with expressions since they were examined:
/// planning the query would evaluate them. The held snapshot prevents further ones.
///
/// # Errors
/// With the tables.
pub(crate) async fn refuse_planning(session: &mut Connection, all: &[ReadyTarget<'_>]) -> Result<()> {
    let shapes = DatabaseTables::read(session).await?;
    let loads = all.iter().flat_map(|one| &one.loads).filter(|load| load.relation.parts > 1);
    let other = loads.filter(|load| {
        let shape = shapes.table(&load.relation.schema, &load.relation.name);
        shape.is_none_or(|shape| !shape.plain)
    });
    let names: BTreeSet<String> = other.map(|load| printable(&load.from)).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Divergent,
        "tables of the source have got indexes or statistics with expressions since the copy began",
    )
    .causes(names)
    .hint("cancel the copy with `martydb split rollback --service NAME` for each service, and start again"))
}

/// Returns the tables of the source to read, each once.
pub(crate) fn read_tables(all: &[ReadyTarget<'_>]) -> Vec<ReadTable> {
    let mut seen = BTreeSet::new();
    let loads = all.iter().flat_map(|one| &one.loads);
    let new = loads.filter(|load| seen.insert(load.relation.oid));
    let mut tables: Vec<ReadTable> =
        new.map(|load| ReadTable { oid: load.relation.oid, ident: load.from.clone() }).collect();
    tables.sort_by_key(|table| table.oid);
    tables
}

fn already_cut_over(of: &CopyTarget) -> Error {
    Error::new(Kind::Divergent, format!("service \"{}\" has been cut over", of.service))
        .hint("`martydb split status` shows the status of each service")
}

/// Returns tables with rows that no copy wrote.
async fn tables_with_rows(
    session: &mut Connection,
    loads: &[TableLoad],
    shapes: &DatabaseTables,
) -> Result<Vec<String>> {
    let mut problems = vec![];
    let tables: BTreeSet<&String> = loads.iter().map(|load| &load.into).collect();
    for ident in tables {
        let table = ServerText::quoted_by_server(ident.clone());
        let look = stmt!("SELECT EXISTS (SELECT FROM {table})");
        let forced = shapes.tables.values().any(|shape| shape.ident == *ident && shape.forced);
        // Row security that applies to the owner too would hide them.
        let has_rows = match forced {
            false => query_first(session, &look).await?,
            true => {
                let rest = stmt!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY");
                let seen = query_first(session, &Statement::join([stmt!("BEGIN"), rest, look])).await;
                execute_protected(session, &stmt!("ROLLBACK")).await?;
                seen?
            }
        };
        if has_rows == Some(true) {
            problems.push(format!("table {ident} of the target contains rows"));
        }
    }
    Ok(problems)
}

/// Returns the tables to fill, including partitioned tables above, and the tables to analyze: those at the top.
fn filled_tables(loads: &[TableLoad], shapes: &DatabaseTables) -> (Vec<FilledTable>, Vec<String>) {
    let mut bytes: std::collections::BTreeMap<u32, i64> = Default::default();
    let mut tops = BTreeSet::new();
    for load in loads {
        let Some(into) = shapes.tables.values().find(|shape| shape.ident == load.into) else { continue };
        let top = shapes.root(into);
        tops.insert(top.ident.clone());
        *bytes.entry(top.oid).or_default() += load.relation.bytes;
    }
    // All tables of a tree count as large, or none: their indexes depend on each other.
    let filled = |shape: &TableShape| {
        let bytes = bytes.get(&shapes.root(shape).oid)?;
        Some(FilledTable { oid: shape.oid, bytes: *bytes })
    };
    let mut tables: Vec<FilledTable> = shapes.tables.values().filter_map(filled).collect();
    tables.sort_by_key(|table| table.oid);
    (tables, tops.into_iter().collect())
}

/// Empties the tables, and deletes the records of their parts.
async fn empty_tables(session: &mut Connection, loads: &[TableLoad]) -> Result<()> {
    let names: BTreeSet<&String> = loads.iter().map(|load| &load.into).collect();
    let names: Vec<ServerText> =
        names.into_iter().map(|name| ServerText::quoted_by_server(name.clone())).collect();
    let truncate = (!names.is_empty()).then(|| stmt!("TRUNCATE {names}", names = List(names)));
    let forget = stmt!("DELETE FROM martydb_split.loaded");
    let all = [stmt!("BEGIN")].into_iter().chain(truncate).chain([forget, stmt!("COMMIT")]);
    execute(session, &Statement::join(all)).await.map(drop)
}
