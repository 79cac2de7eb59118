//! Reads a shared database: its catalogs in one snapshot, in a read-only session of the admin that runs no code of a
//! service.

pub(crate) mod fingerprint;
pub(crate) mod hints;
pub(crate) mod privileges;
pub(crate) mod schema;

use std::collections::BTreeMap;

use crate::database::tables::{DatabaseTables, TableColumn, TableShape};
use crate::map::dependencies::{DependRow, Dependencies};
use crate::map::source::{CatalogClass, ObjectKey, Oid, RelationKind, SourceCatalog};
use martydb_catalog::rows::{self, CatalogRow};
use martydb_model::error::Result;
use martydb_model::sql::{Qualified, ServerText, Statement, stmt, superuser_objects, with_members};
use martydb_pg::server::{Access, Connection, copy_out, execute_protected, query_one, query_rows};
use martydb_ui::report::progress;
use serde::Deserialize;

const SOURCE: &str = with_members!(", ", include_str!("sql/source.sql"));
const DEPENDENCIES: &str = include_str!("sql/dependencies.sql");
const BEYOND: &str = with_members!(", ", superuser_objects!(), "\n", include_str!("sql/beyond.sql"));
const PUBLISHED_SCHEMAS: &str = include_str!("sql/published_schemas.sql");

/// First major version in which a publication can contain whole schemas.
const PUBLISHES_SCHEMAS: u32 = 15;

/// Size in bytes above which the server's estimate of rows is used: it is good enough for a plan.
const MAX_COUNTED_BYTES: i64 = 64 << 20;

/// Reference in the catalog.
#[derive(Deserialize)]
struct CatalogReference {
    class: CatalogClass,
    oid: Oid,
    to_class: CatalogClass,
    to: Oid,
    owned: bool,
}

/// Schema in a publication.
#[derive(Deserialize)]
struct PublishedSchema {
    name: String,
    schema: String,
}

/// Reads the database; counts the rows of small tables.
///
/// # Errors
/// If the admin cannot connect to it, or lacks a privilege.
#[martydb_pg::boxed]
pub async fn read(access: &Access, database: &str) -> Result<SourceCatalog> {
    let SourceSnapshot { mut session, mut catalog } = SourceSnapshot::open(access, database).await?;
    execute_protected(&mut session, &stmt!("COMMIT")).await?;
    count(&mut session, &mut catalog).await;
    session.close().await;
    Ok(catalog)
}

/// Snapshot of a source, held by its session.
pub struct SourceSnapshot {
    session: Connection,
    pub catalog: SourceCatalog,
}

impl SourceSnapshot {
    /// # Errors
    /// As [`read`].
    #[martydb_pg::boxed]
    pub async fn open(access: &Access, database: &str) -> Result<SourceSnapshot> {
        let mut session = access.read(database).await?;
        execute_protected(&mut session, &stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")).await?;
        let catalog = catalog(&mut session).await?;
        Ok(SourceSnapshot { session, catalog })
    }

    /// Exports the snapshot for other sessions, while this one is open, and returns its name.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn export(&mut self) -> Result<String> {
        query_one(&mut self.session, &stmt!("SELECT pg_catalog.pg_export_snapshot()")).await
    }

    pub async fn close(self) {
        self.session.close().await;
    }

    /// Ends the session.
    pub async fn into_catalog(self) -> SourceCatalog {
        self.session.close().await;
        self.catalog
    }
}

async fn dependencies(session: &mut Connection) -> Result<Dependencies> {
    let mut rows: Vec<DependRow> = vec![];
    query_rows(session, &Statement::from_program(DEPENDENCIES), |row| {
        let number = |at| row.try_get::<u32>(at).map_err(|error| error.to_string());
        let kind: String = row.try_get(4).map_err(|error| error.to_string())?;
        let (object, needs) = ((number(0)?, number(1)?), (number(2)?, number(3)?));
        rows.push(DependRow { object, needs, kind: kind.chars().next().unwrap_or('n') });
        Ok(())
    })
    .await?;
    Ok(rows.into_iter().collect())
}

async fn catalog(session: &mut Connection) -> Result<SourceCatalog> {
    let mut catalog = SourceCatalog { major: session.major(), ..SourceCatalog::default() };
    rows::read_all(session, SOURCE, |row| add_row(&mut catalog, row)).await?;
    catalog.depends = dependencies(session).await?;
    query_rows(session, &Statement::from_program(BEYOND), |row| {
        let number = |at| row.try_get::<u32>(at).map_err(|error| error.to_string());
        let name: String = row.try_get(2).map_err(|error| error.to_string())?;
        catalog.beyond.insert((number(0)?, number(1)?), name);
        Ok(())
    })
    .await?;
    if catalog.major >= PUBLISHES_SCHEMAS {
        let mut published: Vec<PublishedSchema> = vec![];
        rows::read_all(session, PUBLISHED_SCHEMAS, |row| {
            published.push(row.parse()?);
            Ok(())
        })
        .await?;
        published.iter().for_each(|one| publish(&mut catalog, one));
    }
    Ok(catalog)
}

fn add_row(catalog: &mut SourceCatalog, row: &CatalogRow) -> Result<()> {
    match row.section.as_str() {
        "relation" => {
            let relation: crate::map::source::SourceRelation = row.parse()?;
            catalog.relations.insert(relation.oid, relation);
        }
        "child" => catalog.children.push(row.parse()?),
        "foreign_key" => catalog.foreign_keys.push(row.parse()?),
        "part" => catalog.parts.push(row.parse()?),
        "routine" => {
            let routine: crate::map::source::SourceRoutine = row.parse()?;
            catalog.routines.insert(routine.oid, routine);
        }
        "type" => {
            let one: crate::map::source::SourceType = row.parse()?;
            catalog.types.insert(one.oid, one);
        }
        "reference" => {
            let found: CatalogReference = row.parse()?;
            let (from, to): (ObjectKey, ObjectKey) = ((found.class, found.oid), (found.to_class, found.to));
            let all = if found.owned { &mut catalog.owned } else { &mut catalog.references };
            all.entry(from).or_default().insert(to);
        }
        "large_object_column" => catalog.large_object_columns.push(row.parse()?),
        "publication" => catalog.publications.push(row.parse()?),
        "event_trigger" => catalog.event_triggers.extend(row.parse::<Vec<String>>()?),
        _ => return row.unknown(),
    }
    Ok(())
}

/// Adds the present tables of a published schema to its publication.
fn publish(catalog: &mut SourceCatalog, published: &PublishedSchema) {
    let inside: Vec<Oid> = catalog
        .relations
        .values()
        .filter(|relation| relation.is_table() && relation.schema == published.schema)
        .map(|relation| relation.oid)
        .collect();
    let found = catalog.publications.iter_mut().find(|one| one.name == published.name);
    if let Some(publication) = found {
        publication.tables.get_or_insert_default().extend(inside);
    }
}

/// Counts the rows of small tables; an unreadable table keeps its estimate.
async fn count(session: &mut Connection, catalog: &mut SourceCatalog) {
    let small = |kind, bytes| kind == RelationKind::Table && bytes <= MAX_COUNTED_BYTES;
    let tables: Vec<Oid> = catalog
        .relations
        .values()
        .filter(|relation| small(relation.kind, relation.bytes))
        .map(|relation| relation.oid)
        .collect();
    let Ok(shapes) = DatabaseTables::read(session).await else { return };
    let counting = progress("counting", "tables");
    counting.expect(tables.len());
    let mut counted: BTreeMap<Oid, i64> = BTreeMap::new();
    for oid in tables {
        let relation = &catalog.relations[&oid];
        if let Some(shape) = shapes.table(&relation.schema, &relation.name).filter(|shape| shape.oid == oid)
            && let Ok(rows) = count_of(session, shape).await
        {
            counted.insert(oid, rows);
        }
        counting.advance();
    }
    for (oid, rows) in counted {
        if let Some(relation) = catalog.relations.get_mut(&oid) {
            relation.rows = rows;
        }
    }
}

/// Counts the rows of a table by reading its smallest column. `COPY` of a table is not planned: the planner would
/// evaluate expressions in its owner's indexes, with the admin's privileges.
async fn count_of(session: &mut Connection, shape: &TableShape) -> Result<i64> {
    const SMALL: &[&str] = &["boolean", "smallint", "integer", "date", "bigint", "uuid"];
    let size =
        |column: &&TableColumn| SMALL.iter().position(|kind| *kind == column.kind).unwrap_or(SMALL.len());
    let column = shape.columns.iter().filter(|column| !column.generated).min_by_key(size);
    let column = column
        .map_or_else(|| stmt!(""), |column| stmt!(" ({name})", name = Qualified(vec![column.name.clone()])));
    let table = ServerText::quoted_by_server(shape.ident.clone());
    let copy = stmt!("COPY {table}{column} TO STDOUT");
    let rows = copy_out(session, &copy, &mut |_, _| ()).await?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// Settings of the source's server that a split needs.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    pub wal_level: String,
    pub free_slots: i64,
    /// `true` if the admin may create replication slots there.
    pub may_replicate: bool,
}

/// Reads the settings for following a source.
///
/// # Errors
/// As [`read`].
#[martydb_pg::boxed]
pub async fn settings(access: &Access, database: &str) -> Result<SourceSettings> {
    let mut session = access.read(database).await?;
    let query = stmt!(
        "SELECT pg_catalog.current_setting('wal_level'),
            pg_catalog.current_setting('max_replication_slots')::pg_catalog.int8 - (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots),
            (SELECT rolsuper OR rolreplication FROM pg_catalog.pg_roles WHERE rolname = current_user)"
    );
    let (wal_level, free_slots, may_replicate) = query_one(&mut session, &query).await?;
    session.close().await;
    Ok(SourceSettings { wal_level, free_slots, may_replicate })
}
