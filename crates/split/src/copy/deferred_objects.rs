//! Objects that a target does without during the copy: indexes, their constraints and foreign keys, which are recreated
//! after the rows, and the service's triggers, which are disabled until the database is opened. Each is recorded in the
//! transaction that removes it.

use crate::database::write_block::numbers;
use crate::state::target::{Deferred, DeferredStage, defer_sql, run_sql};
use martydb_model::error::Result;
use martydb_model::sql::{ArrayLiteral, ServerText, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{Connection, Row, execute, execute_protected, query};

/// Size in bytes below which a table keeps its indexes while it is filled.
const SMALL_TABLE_BYTES: i64 = 1 << 20;

/// Table of the target that will be filled.
#[derive(Debug, Clone)]
pub(super) struct FilledTable {
    pub oid: u32,
    /// Bytes of all its future rows, partitions included.
    pub bytes: i64,
}

/// Removes deferrable objects in one transaction, which also records the run that fills the database.
///
/// # Errors
/// If the owner may not change one of its tables.
pub(super) async fn drop_deferred(session: &mut Connection, run: &str, tables: &[FilledTable]) -> Result<()> {
    let end = drop_all(session, run, tables).await;
    if end.is_err() {
        execute_protected(session, &stmt!("ROLLBACK")).await?;
    }
    end
}

async fn drop_all(session: &mut Connection, run: &str, tables: &[FilledTable]) -> Result<()> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let large = tables.iter().map(|table| (table.bytes >= SMALL_TABLE_BYTES).to_string()).collect();
    let given = stmt!(
        "SELECT pg_catalog.set_config('martydb.tables', {oids}, true), pg_catalog.set_config('martydb.large', {large}, true)",
        oids = numbers(&oids),
        large = ArrayLiteral(large)
    );
    query(session, &Statement::join([stmt!("BEGIN"), given])).await?;
    for unit in units(session).await? {
        drop_unit(session, &unit).await?;
    }
    for row in query(session, &Statement::from_program(include_str!("../sql/triggers.sql"))).await? {
        let rested = ServerText::quoted_by_server(row.try_get(4)?);
        let kept = defer_sql(DeferredStage::Opening, &piece(&row, 0, 5)?);
        execute(session, &Statement::join([stmt!("{rested}"), kept])).await?;
    }
    execute(session, &Statement::join([run_sql(run), stmt!("COMMIT")])).await.map(drop)
}

/// Objects that are dropped together, and the statements that recreate each.
struct DroppedUnit {
    name: String,
    taken: String,
    pieces: Vec<Deferred>,
}

async fn units(session: &mut Connection) -> Result<Vec<DroppedUnit>> {
    let mut units: Vec<DroppedUnit> = vec![];
    for row in query(session, &Statement::from_program(include_str!("../sql/droppable.sql"))).await? {
        let (name, taken) = row.read()?;
        if units.last().is_none_or(|unit| unit.name != name) {
            units.push(DroppedUnit { name, taken, pieces: vec![] });
        }
        if let Some(unit) = units.last_mut() {
            unit.pieces.push(piece(&row, 2, 6)?);
        }
    }
    Ok(units)
}

fn piece(row: &Row, first: usize, definition: usize) -> Result<Deferred> {
    Ok(Deferred {
        id: 0,
        rank: row.try_get(first)?,
        relation: row.try_get(first + 1)?,
        kind: row.try_get(first + 2)?,
        name: row.try_get(first + 3)?,
        definition: row.try_get(definition)?,
    })
}

/// Drops the objects, unless another object depends on them: then they stay.
async fn drop_unit(session: &mut Connection, unit: &DroppedUnit) -> Result<()> {
    let taken = ServerText::quoted_by_server(unit.taken.clone());
    let kept = unit.pieces.iter().map(|piece| defer_sql(DeferredStage::Load, piece));
    let all = [stmt!("SAVEPOINT martydb_taken"), stmt!("{taken}")].into_iter().chain(kept);
    let end = execute(session, &Statement::join(all)).await;
    match end {
        Ok(_) => execute(session, &stmt!("RELEASE martydb_taken")).await.map(drop),
        Err(error) if error.sqlstate.as_deref() == Some(sqlstate::DEPENDENT_OBJECTS) => {
            execute(session, &stmt!("ROLLBACK TO martydb_taken")).await.map(drop)
        }
        Err(error) => Err(error),
    }
}
