//! State in the database of a service. Its owner owns it: every session here belongs to the migrator, acting as the
//! owner.

use super::table;
use martydb_model::error::Result;
use martydb_model::sql::{Ident, Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Connection, execute, query, query_as, query_first, query_one};

/// Stage at which a deferred object is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeferredStage {
    /// After the rows: indexes and constraints.
    Load,
    /// At the opening of the database: the service's triggers.
    Opening,
}

impl DeferredStage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            DeferredStage::Load => "load",
            DeferredStage::Opening => "opening",
        }
    }
}

/// Deferred object or change, with the statements that restore it.
#[derive(Debug, Clone)]
pub(crate) struct Deferred {
    pub id: i32,
    /// Lower ranks first; those of one rank need not wait for each other.
    pub rank: i32,
    /// Relation, quoted.
    pub relation: String,
    pub kind: String,
    pub name: String,
    /// Definition, as the server printed it.
    pub definition: String,
}

/// Loaded part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadedPart {
    pub schema: String,
    pub name: String,
    pub part: i32,
    pub rows: i64,
    pub bytes: i64,
}

/// Creates the schema and its tables if they do not exist.
///
/// # Errors
/// If the owner lacks privileges.
pub(crate) async fn prepare(session: &mut Connection) -> Result<()> {
    let all = [
        stmt!("BEGIN"),
        stmt!("CREATE SCHEMA IF NOT EXISTS martydb_split"),
        Statement::from_program(include_str!("../sql/target_state.sql")),
        stmt!("COMMIT"),
    ];
    execute(session, &Statement::join(all)).await.map(drop)
}

/// Returns `true` if there is a state.
///
/// # Errors
/// If it cannot be read.
pub(crate) async fn exists(session: &mut Connection) -> Result<bool> {
    query_one(session, &stmt!("SELECT pg_catalog.to_regclass('martydb_split.marker') IS NOT NULL")).await
}

/// Returns the run that fills this database.
///
/// # Errors
/// As [`exists`].
pub(crate) async fn run(session: &mut Connection) -> Result<Option<String>> {
    query_first(session, &stmt!("SELECT id FROM martydb_split.run")).await
}

/// Returns the statement that records the run that fills this database.
pub(crate) fn run_sql(run: &str) -> Statement {
    stmt!(
        "INSERT INTO martydb_split.run (id) VALUES ({run}) ON CONFLICT (one) DO UPDATE SET id = excluded.id",
        run = Literal(run.into())
    )
}

/// Rows loaded so far, by table.
///
/// # Errors
/// As [`exists`].
pub(crate) async fn loaded(session: &mut Connection) -> Result<Vec<LoadedPart>> {
    let statement = stmt!("SELECT schema, name, part, rows, bytes FROM martydb_split.loaded");
    let parts = query_as(session, &statement).await?.into_iter();
    Ok(parts
        .map(|(schema, name, part, rows, bytes)| LoadedPart { schema, name, part, rows, bytes })
        .collect())
}

/// Returns the statement that claims a part: it waits for another session that is loading the part, and affects no row
/// if that one succeeded.
pub(crate) fn claim_sql(part: &LoadedPart) -> Statement {
    stmt!(
        "INSERT INTO martydb_split.loaded (schema, name, part) VALUES ({schema}, {name}, {part}) ON CONFLICT DO NOTHING",
        schema = Literal(part.schema.clone()),
        name = Literal(part.name.clone()),
        part = part.part
    )
}

/// Returns the statement that records the size of a claimed part.
pub(crate) fn count_sql(part: &LoadedPart) -> Statement {
    stmt!(
        "UPDATE martydb_split.loaded SET rows = {rows}, bytes = {bytes} WHERE schema = {schema} AND name = {name} AND part = {part}",
        rows = part.rows,
        bytes = part.bytes,
        schema = Literal(part.schema.clone()),
        name = Literal(part.name.clone()),
        part = part.part
    )
}

/// Returns the statement that records how to restore an object. `definition` is the server's text, or derived from it.
pub(crate) fn defer_sql(stage: DeferredStage, one: &Deferred) -> Statement {
    stmt!(
        "INSERT INTO martydb_split.deferred (stage, rank, relation, kind, name, definition)
         VALUES ({stage}, {rank}, {relation}, {kind}, {name}, {definition})",
        stage = Literal(stage.name().into()),
        rank = one.rank,
        relation = Literal(one.relation.clone()),
        kind = Literal(one.kind.clone()),
        name = Literal(one.name.clone()),
        definition = Literal(one.definition.clone())
    )
}

/// Returns the objects that are not restored yet, in their order.
///
/// # Errors
/// As [`exists`].
pub(crate) async fn deferred(session: &mut Connection, stage: DeferredStage) -> Result<Vec<Deferred>> {
    let statement = stmt!(
        "SELECT id, rank, relation, kind, name, definition FROM martydb_split.deferred WHERE stage = {stage} AND NOT done ORDER BY rank, id",
        stage = Literal(stage.name().into())
    );
    let rows = query_as(session, &statement).await?.into_iter();
    let deferred = |(id, rank, relation, kind, name, definition)| Deferred {
        id,
        rank,
        relation,
        kind,
        name,
        definition,
    };
    Ok(rows.map(deferred).collect())
}

/// Restores an object in a transaction of its own, unless another session has done so.
///
/// # Errors
/// If the server refuses it; the transaction has ended.
pub(crate) async fn restore(session: &mut Connection, one: &Deferred) -> Result<()> {
    let claim =
        stmt!("SELECT FROM martydb_split.deferred WHERE id = {id} AND NOT done FOR UPDATE", id = one.id);
    let done = async {
        let rows = query(session, &Statement::join([stmt!("BEGIN"), claim])).await?;
        if !rows.is_empty() {
            execute(session, &restore_sql(one)).await?;
        }
        execute(session, &stmt!("COMMIT")).await.map(drop)
    };
    let end = done.await;
    if end.is_err() {
        let _broken = martydb_pg::server::execute_protected(session, &stmt!("ROLLBACK")).await;
    }
    end
}

/// Returns the statements of [`restore`], for a larger transaction.
pub(crate) fn restore_sql(one: &Deferred) -> Statement {
    let definition = ServerText::quoted_by_server(one.definition.clone());
    Statement::join([
        stmt!("{definition}"),
        stmt!("UPDATE martydb_split.deferred SET done = true WHERE id = {id}", id = one.id),
    ])
}

/// Returns the LSN at which the writes began to belong to this database; `None` while they do not.
///
/// # Errors
/// As [`exists`].
pub(crate) async fn opened(session: &mut Connection) -> Result<Option<String>> {
    query_first(session, &stmt!("SELECT lsn::pg_catalog.text FROM martydb_split.opened")).await
}

/// Returns the statement that directs the writes here, for the opening transaction.
pub(crate) fn open_sql(run: &str) -> Statement {
    stmt!(
        "INSERT INTO martydb_split.opened (run, lsn) VALUES ({run}, pg_catalog.pg_current_wal_insert_lsn()) ON CONFLICT DO NOTHING",
        run = Literal(run.into())
    )
}

/// Returns the statement that ends it.
pub(crate) fn close_sql() -> Statement {
    stmt!("DELETE FROM martydb_split.opened")
}

/// Returns the statement that changes the marker: the last one of a closing transaction.
pub(crate) fn mark_sql() -> Statement {
    stmt!("UPDATE {marker} SET n = n + 1", marker = table("marker"))
}

/// Removes the whole state.
///
/// # Errors
/// If the owner lacks privileges.
pub(crate) async fn remove(session: &mut Connection) -> Result<()> {
    let schema = Ident::new(super::STATE_SCHEMA)
        .map_err(|error| martydb_model::error::Error::operation(error.to_string()))?;
    execute(session, &stmt!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await.map(drop)
}
