//! State in the shared database, owned by the admin.

use sha2::{Digest, Sha256};

use super::{SplitKind, SplitPhase, marker_name, table, unknown};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::hex;
use martydb_model::sql::{Fragment, Ident, List, Literal, Statement, stmt};
use martydb_pg::server::{Connection, Row, execute, query, query_first, query_one};

/// Maximum length of a service's name in the name of a login, after `martydb_split_`, the run and an underscore.
const MAX_SERVICE_CHARACTERS: usize = 40;

/// Split of a shared database.
#[derive(Debug, Clone)]
pub struct SplitRun {
    /// Eight hexadecimal digits, which are part of the names of slots and logins.
    pub id: String,
    /// Hash of the map's part for this database.
    pub map_hash: String,
    pub online: bool,
}

impl SplitRun {
    /// Returns the login that applies writes of the service's own database at the source: one per service, because it
    /// may act as the owner of its tables.
    pub fn login(&self, service: &str) -> String {
        if service.len() <= MAX_SERVICE_CHARACTERS {
            return format!("martydb_split_{}_{service}", self.id);
        }
        let digest = hex::encode(&Sha256::digest(service)[..4]);
        format!("martydb_split_{}_{}_{digest}", self.id, &service[..MAX_SERVICE_CHARACTERS - 9])
    }
}

/// Service of the split.
#[derive(Debug, Clone, Default)]
pub struct SplitService {
    pub name: String,
    pub server: String,
    pub database: String,
    pub phase: SplitPhase,
    /// Command that was begun and did not finish.
    pub wanted: Option<String>,
    /// `true` if its tables at the source accept no writes.
    pub closed: bool,
    /// Name of the slot, and of the publication.
    pub forward_slot: Option<String>,
    pub forward_from: Option<String>,
    pub reverse_slot: Option<String>,
    pub reverse_from: Option<String>,
}

/// Relation of a service, as in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitRelation {
    pub service: String,
    pub schema: String,
    pub name: String,
    pub oid: u32,
    pub kind: SplitKind,
    /// Service that has the table itself.
    pub copy_of: Option<String>,
    /// File of its rows; another file has other pages.
    pub storage: i64,
    pub pages: i64,
    pub parts: i32,
    pub bytes: i64,
    pub fingerprint: Option<String>,
}

/// Creates the schema, its tables and the trigger function if they do not exist.
///
/// # Errors
/// If another role created a schema of that name: it could contain traps for the admin.
pub(crate) async fn prepare(session: &mut Connection) -> Result<()> {
    match owned(session).await? {
        Some(false) => return Err(of_another_role()),
        Some(true) => {}
        None => drop(execute(session, &stmt!("CREATE SCHEMA IF NOT EXISTS martydb_split")).await?),
    }
    // Another role may have created it before the statement.
    if owned(session).await? != Some(true) {
        return Err(of_another_role());
    }
    let make = Statement::from_program(include_str!("../sql/source_state.sql"));
    execute(session, &Statement::join([stmt!("BEGIN"), make, stmt!("COMMIT")])).await.map(drop)
}

/// Returns `true` if there is a state, which the admin created.
///
/// # Errors
/// As `prepare`.
#[martydb_pg::boxed]
pub async fn exists(session: &mut Connection) -> Result<bool> {
    match owned(session).await? {
        Some(false) => Err(of_another_role()),
        found => Ok(found.is_some() && is_there(session).await?),
    }
}

async fn is_there(session: &mut Connection) -> Result<bool> {
    query_one(session, &stmt!("SELECT pg_catalog.to_regclass('martydb_split.note') IS NOT NULL")).await
}

/// Returns `true` if the schema and all of its objects belong to this login; `None` without the schema.
async fn owned(session: &mut Connection) -> Result<Option<bool>> {
    let statement = stmt!(
        "SELECT n.nspowner = r.oid AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relowner <> r.oid)
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid AND p.proowner <> r.oid)
         FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.rolname = current_user WHERE n.nspname = 'martydb_split'"
    );
    query_first(session, &statement).await
}

fn of_another_role() -> Error {
    Error::operation("the schema martydb_split of the source belongs to another role, or contains objects of another role")
        .hint("review its contents; if another admin began the split, continue as that admin; otherwise drop the schema")
}

/// Returns the run, if one has begun.
///
/// # Errors
/// If the state cannot be read.
#[martydb_pg::boxed]
pub async fn run(session: &mut Connection) -> Result<Option<SplitRun>> {
    let run = query_first(session, &stmt!("SELECT id, map_hash, online FROM martydb_split.run")).await?;
    Ok(run.map(|(id, map_hash, online)| SplitRun { id, map_hash, online }))
}

/// Records the start of a run, which replaces one that has not copied anything.
///
/// # Errors
/// If the state cannot be written.
pub(crate) async fn begin(session: &mut Connection, map_hash: &str, online: bool) -> Result<SplitRun> {
    let random =
        getrandom::u32().map_err(|error| Error::operation("cannot generate random numbers").cause(error))?;
    let id = format!("{random:08x}");
    let written = stmt!(
        "INSERT INTO martydb_split.run (id, map_hash, online) VALUES ({id}, {hash}, {online})
         ON CONFLICT (one) DO UPDATE SET id = excluded.id, map_hash = excluded.map_hash, online = excluded.online, started = pg_catalog.now()",
        id = Literal(id.clone()),
        hash = Literal(map_hash.into()),
        online = boolean_sql(online)
    );
    execute(session, &written).await?;
    Ok(SplitRun { id, map_hash: map_hash.into(), online })
}

fn boolean_sql(value: bool) -> Statement {
    if value { stmt!("true") } else { stmt!("false") }
}

/// Returns all services of the split, by name.
///
/// # Errors
/// As [`run`].
#[martydb_pg::boxed]
pub async fn services(session: &mut Connection) -> Result<Vec<SplitService>> {
    let statement = stmt!(
        "SELECT name, server, database, phase, wanted, closed, forward_slot, forward_from::pg_catalog.text, reverse_slot, reverse_from::pg_catalog.text
         FROM martydb_split.service ORDER BY name COLLATE pg_catalog.\"C\""
    );
    query(session, &statement).await?.iter().map(service).collect()
}

fn service(row: &Row) -> Result<SplitService> {
    let phase: String = row.try_get(3)?;
    Ok(SplitService {
        name: row.try_get(0)?,
        server: row.try_get(1)?,
        database: row.try_get(2)?,
        phase: SplitPhase::named(&phase).ok_or_else(|| unknown(&phase))?,
        wanted: row.try_get(4)?,
        closed: row.try_get(5)?,
        forward_slot: row.try_get(6)?,
        forward_from: row.try_get(7)?,
        reverse_slot: row.try_get(8)?,
        reverse_from: row.try_get(9)?,
    })
}

/// Returns one service of the split.
///
/// # Errors
/// As [`run`], and if the service is not part of the split.
#[martydb_pg::boxed]
pub(crate) async fn one(session: &mut Connection, name: &str) -> Result<SplitService> {
    let all = services(session).await?;
    let found = all.into_iter().find(|one| one.name == name);
    found.ok_or_else(|| {
        Error::new(Kind::Usage, format!("service \"{name}\" is not part of the split"))
            .hint("`martydb split status` shows those that are")
    })
}

/// Adds a service, with its marker.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn add(session: &mut Connection, name: &str, server: &str, database: &str) -> Result<()> {
    let marker = table(&marker_name(name));
    let all = Statement::join([
        stmt!("BEGIN"),
        stmt!(
            "INSERT INTO martydb_split.service (name, server, database) VALUES ({name}, {server}, {database}) ON CONFLICT DO NOTHING",
            name = Literal(name.into()),
            server = Literal(server.into()),
            database = Literal(database.into())
        ),
        stmt!(
            "CREATE TABLE IF NOT EXISTS {marker} (one pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one), n pg_catalog.int8 NOT NULL DEFAULT 0)"
        ),
        stmt!("INSERT INTO {marker} (n) VALUES (0) ON CONFLICT DO NOTHING"),
        stmt!("COMMIT"),
    ]);
    execute(session, &all).await.map(drop)
}

/// Removes a service from a split that has not copied anything.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn leave(session: &mut Connection, name: &str) -> Result<()> {
    let gone = stmt!("DELETE FROM martydb_split.service WHERE name = {name}", name = Literal(name.into()));
    execute(session, &gone).await.map(drop)
}

/// Changes a service: `set` is a list of assignments.
///
/// # Errors
/// As [`begin`].
#[martydb_pg::boxed]
pub(crate) async fn change(session: &mut Connection, name: &str, set: &Statement) -> Result<()> {
    execute(session, &change_sql(name, set)).await.map(drop)
}

/// Returns the statement of [`change`], for a larger transaction.
pub(crate) fn change_sql(name: &str, set: &Statement) -> Statement {
    stmt!(
        "UPDATE martydb_split.service SET {set}, changed = pg_catalog.now() WHERE name = {name}",
        name = Literal(name.into())
    )
}

/// Records the phase of a service, which also clears its unfinished command.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn enter(session: &mut Connection, name: &str, phase: SplitPhase) -> Result<()> {
    change(session, name, &phase_sql(phase)).await
}

/// Returns the assignments of [`enter`], for [`change_sql`].
pub(crate) fn phase_sql(phase: SplitPhase) -> Statement {
    stmt!("phase = {phase}, wanted = NULL", phase = Literal(phase.name().into()))
}

/// Records the start of a command, or its end.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn record_intent(session: &mut Connection, name: &str, what: Option<&str>) -> Result<()> {
    let what = what.map(|what| Literal(what.into()));
    change(session, name, &stmt!("wanted = {what}")).await
}

/// Returns the relations of a service, with the OIDs of its tables.
///
/// # Errors
/// As [`run`].
#[martydb_pg::boxed]
pub async fn relations(session: &mut Connection, service: &str) -> Result<Vec<SplitRelation>> {
    let statement = stmt!(
        "SELECT service, schema, name, oid, kind, copy_of, storage, pages, parts, bytes, fingerprint FROM martydb_split.relation
         WHERE service = {service} ORDER BY oid",
        service = Literal(service.into())
    );
    query(session, &statement).await?.iter().map(relation).collect()
}

fn relation(row: &Row) -> Result<SplitRelation> {
    let kind: String = row.try_get(4)?;
    Ok(SplitRelation {
        service: row.try_get(0)?,
        schema: row.try_get(1)?,
        name: row.try_get(2)?,
        oid: row.try_get(3)?,
        kind: SplitKind::named(&kind).ok_or_else(|| unknown(&kind))?,
        copy_of: row.try_get(5)?,
        storage: row.try_get(6)?,
        pages: row.try_get(7)?,
        parts: row.try_get(8)?,
        bytes: row.try_get(9)?,
        fingerprint: row.try_get(10)?,
    })
}

/// Replaces the recorded relations of a service.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn replace_relations(
    session: &mut Connection,
    service: &str,
    relations: &[SplitRelation],
) -> Result<()> {
    let clear = stmt!(
        "DELETE FROM martydb_split.relation WHERE service = {service}",
        service = Literal(service.into())
    );
    let insert = (!relations.is_empty()).then(|| {
        stmt!(
            "INSERT INTO martydb_split.relation
                 (service, schema, name, oid, kind, copy_of, storage, pages, parts, bytes, fingerprint) VALUES {rows}",
            rows = List(relations.iter().map(relation_values_sql).collect())
        )
    });
    let all = [stmt!("BEGIN"), clear].into_iter().chain(insert).chain([stmt!("COMMIT")]);
    execute(session, &Statement::join(all)).await.map(drop)
}

fn relation_values_sql(one: &SplitRelation) -> Statement {
    let maybe = |text: &Option<String>| text.clone().map(Literal).render();
    stmt!(
        "({service}, {schema}, {name}, {oid}, {kind}, {copy_of}, {storage}, {pages}, {parts}, {bytes}, {fingerprint})",
        service = Literal(one.service.clone()),
        schema = Literal(one.schema.clone()),
        name = Literal(one.name.clone()),
        oid = one.oid,
        kind = Literal(one.kind.name().into()),
        copy_of = maybe(&one.copy_of),
        storage = one.storage,
        pages = one.pages,
        parts = one.parts,
        bytes = one.bytes,
        fingerprint = maybe(&one.fingerprint)
    )
}

/// Returns the statement that changes a service's marker: the last one of a closing transaction.
pub(crate) fn mark_sql(service: &str) -> Statement {
    stmt!("UPDATE {marker} SET n = n + 1", marker = table(&marker_name(service)))
}

/// Removes the whole state.
///
/// # Errors
/// As `begin`.
pub async fn remove(session: &mut Connection) -> Result<()> {
    let schema = Ident::new(super::STATE_SCHEMA).map_err(|error| Error::operation(error.to_string()))?;
    execute(session, &stmt!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await.map(drop)
}
