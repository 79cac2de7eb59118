//! Reading of a database's objects, in a few queries that read only catalogs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::structure::{ObjectPart, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure};
use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Keyword, ServerText, Statement, stmt, with_members};
use martydb_pg::server::{Connection, Row, Unreadable, execute_protected, query_each};

/// Maximum number of objects that are compared.
const MAX_OBJECTS: usize = 200_000;

/// Reads a database as its migrator, which has no more privileges than the service.
///
/// # Errors
/// If the migrator cannot log in, or the database has too many objects.
pub async fn read(target: &MigrationTarget, wait: Duration) -> Result<Structure> {
    let mut reader = martydb_migrate::connect_reader(target, wait).await?;
    let found = read_session(&mut reader).await;
    reader.close().await;
    found.map_err(|error| error.while_doing("cannot read the objects of the schema"))
}

/// Returns the tables into which rows were written. A table without rows has no page.
///
/// # Errors
/// As [`read`](read()).
pub async fn filled_tables(target: &MigrationTarget, wait: Duration) -> Result<Vec<String>> {
    let mut reader = martydb_migrate::connect_reader(target, wait).await?;
    let filled = stmt!(
        "{members} SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve') AND c.relname <> 'refinery_schema_history'
             AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
             AND pg_catalog.pg_relation_size(c.oid) > 0 ORDER BY 1",
        members = with_members()
    );
    let rows = query_each(&mut reader, &filled).await;
    reader.close().await;
    let rows = rows?.into_iter().flatten();
    Ok(rows.map(|row| row.read()).collect::<Result<Vec<String>, _>>()?)
}

/// Executes statements of a revision in a scratch database, as the owner.
///
/// # Errors
/// If the server rejects one; none has an effect then.
pub async fn execute_in(target: &MigrationTarget, wait: Duration, texts: &[String]) -> Result<()> {
    let mut session = martydb_migrate::connect_as_owner(target, wait).await?;
    let all = texts.iter().map(|text| stmt!("{text}", text = ServerText::quoted_by_server(text.clone())));
    let all = Statement::join([stmt!("BEGIN")].into_iter().chain(all).chain([stmt!("COMMIT")]));
    let done = execute_protected(&mut session, &all).await;
    session.close().await;
    done
}

/// Reads the database of an open session, and leaves it with the search path `pg_catalog`.
///
/// # Errors
/// If the database has too many objects.
pub(crate) async fn read_session(connection: &mut Connection) -> Result<Structure> {
    const COMMON: &str = with_members!(", ", include_str!("sql/common.sql"));
    let common =
        |query: &'static str| stmt!("{common} {query}", common = Keyword(COMMON), query = Keyword(query));
    let mut queries = vec![
        stmt!("SET search_path = pg_catalog, pg_temp"),
        // A new database has no statistics of its catalogs, and a nested loop over thousands of objects takes seconds.
        stmt!("SET enable_nestloop = off"),
        common(include_str!("sql/objects.sql")),
        Statement::from_program(include_str!("sql/needs.sql")),
        Statement::from_program(include_str!("sql/casts.sql")),
        Statement::from_program(include_str!("sql/volatile.sql")),
        common(include_str!("sql/parts.sql")),
    ];
    if connection.major() >= 14 {
        queries.push(Statement::from_program(include_str!("sql/compression.sql")));
    }
    let rows = query_each(connection, &Statement::join(queries)).await?;
    // Each SET has a result without rows.
    let mut results = rows.into_iter().skip(2);
    let mut next = || results.next().unwrap_or_default();
    let (objects, needs, casts, volatile) = (next(), next(), next(), next());
    let parts: Vec<Row> = results.flatten().collect();
    if objects.len() > MAX_OBJECTS {
        return Err(Error::operation(format!("the schema has more than {MAX_OBJECTS} objects")));
    }
    let parts = ReadParts { needs, casts, volatile, parts };
    structure(&objects, &parts).map_err(Error::from)
}

/// Rows with properties of objects.
struct ReadParts {
    needs: Vec<Row>,
    casts: Vec<Row>,
    volatile: Vec<Row>,
    parts: Vec<Row>,
}

fn structure(objects: &[Row], more: &ReadParts) -> Result<Structure, Unreadable> {
    let mut found = Structure::default();
    let mut ids = BTreeMap::new();
    for row in objects {
        let (kind, key, name): (String, String, String) = row.read()?;
        if let Some(kind) = SchemaObjectKind::named(&kind) {
            ids.insert(key, SchemaObjectId { kind, name });
        }
    }
    for row in objects {
        let (key, parent) = (row.try_get::<String>(1)?, row.try_get::<Option<String>>(3)?);
        let Some(id) = ids.get(&key) else { continue };
        let object = SchemaObject {
            parent: parent.and_then(|key| ids.get(&key).cloned()),
            create_sql: row.try_get(4)?,
            drop_sql: row.try_get(5)?,
            body: row.try_get(6)?,
            signature: row.try_get(7)?,
            parts: BTreeMap::new(),
            needs: BTreeSet::new(),
        };
        found.objects.insert(id.clone(), object);
    }
    for row in &more.parts {
        let (key, name): (String, String) = row.read()?;
        let part = part(row, &ids)?;
        if let Some(object) = ids.get(&key).and_then(|id| found.objects.get_mut(id)) {
            object.parts.insert(name, part);
        }
    }
    found.casts = more.casts.iter().map(Row::read).collect::<Result<_, _>>()?;
    let volatile: Vec<String> = more.volatile.iter().map(Row::read).collect::<Result<_, _>>()?;
    found.volatile = volatile.iter().filter_map(|key| ids.get(key).cloned()).collect();
    let pairs: Vec<(String, String)> = more.needs.iter().map(Row::read).collect::<Result<_, _>>()?;
    connect(&mut found, &ids, &pairs);
    Ok(found)
}

fn part(row: &Row, ids: &BTreeMap<String, SchemaObjectId>) -> Result<ObjectPart, Unreadable> {
    let needs: Option<String> = row.try_get(8)?;
    Ok(ObjectPart {
        place: row.try_get(2)?,
        value: row.try_get(3)?,
        create_sql: row.try_get(4)?,
        alter_sql: row.try_get(5)?,
        remove_sql: row.try_get(6)?,
        inline: row.try_get(7)?,
        needs: needs.and_then(|key| ids.get(&key).cloned()),
    })
}

/// Adds the dependencies. A dependency on an entry without an object, such as an array type, is resolved to the objects
/// that the entry depends on.
fn connect(found: &mut Structure, ids: &BTreeMap<String, SchemaObjectId>, pairs: &[(String, String)]) {
    // Columns of views and partitions have no object: the whole relation is meant.
    let whole = |need: &String| match need.rsplit_once('/') {
        Some((relation, _)) if !ids.contains_key(need) && ids.contains_key(&format!("{relation}/0")) => {
            format!("{relation}/0")
        }
        _ => need.clone(),
    };
    let pairs: Vec<(&String, String)> = pairs.iter().map(|(key, need)| (key, whole(need))).collect();
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, need) in &pairs {
        below.entry(key).or_default().push(need);
    }
    for (key, id) in ids {
        let (mut seen, mut next, mut needs) = (BTreeSet::new(), vec![key.as_str()], BTreeSet::new());
        while let Some(key) = next.pop() {
            for need in below.get(key).into_iter().flatten() {
                match ids.get(*need) {
                    Some(known) if known != id => drop(needs.insert(known.clone())),
                    Some(_) => {}
                    None if seen.insert(*need) => next.push(need),
                    None => {}
                }
            }
        }
        if let Some(object) = found.objects.get_mut(id) {
            object.needs = needs;
        }
    }
}

/// Returns the number of rows of each table as the server estimates it; tables without an estimate are left out.
///
/// # Errors
/// As [`read`](read()).
pub async fn row_counts(target: &MigrationTarget, wait: Duration) -> Result<BTreeMap<String, i64>> {
    let mut reader = martydb_migrate::connect_reader(target, wait).await?;
    let counted = stmt!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), CASE WHEN pg_catalog.pg_relation_size(c.oid) = 0 THEN 0 ELSE c.reltuples::pg_catalog.int8 END
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND (c.reltuples > 0 OR pg_catalog.pg_relation_size(c.oid) = 0)"
    );
    let rows = query_each(&mut reader, &counted).await;
    reader.close().await;
    Ok(rows?.iter().flatten().map(Row::read).collect::<Result<_, _>>()?)
}
