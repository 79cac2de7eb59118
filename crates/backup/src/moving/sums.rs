//! Contents of a database beyond its catalog, as text that is the same on servers of different majors: the row
//! count and a sum of row hashes for each table and for the large objects, the position of each sequence, and the
//! privileges on the history tables, which no catalog comparison reads.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use martydb_migrate::MigrationTarget;
use martydb_migrate::import::archive::{BACKUP_SESSION, SESSION_NAME};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, ServerText, Statement, stmt};
use martydb_pg::server::{
    Connection, Limits, PATIENCE, connect_with, query, query_as, query_one, while_full,
};
use martydb_ui::report::progress;

/// Hash of a table's rows that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowHash {
    /// Hashes a row's text; works on every server.
    Text,
    /// Hashes columns separately, from 14 on, in a third of the time. Columns of types with unequal text for equal
    /// values are hashed as text.
    Columns,
    /// Counts rows without hashing.
    None,
}

impl RowHash {
    /// Returns the best kind for a server of this major.
    pub fn best(major: u32) -> RowHash {
        if major < 14 { RowHash::Text } else { RowHash::Columns }
    }

    /// Returns its name in records.
    pub fn name(self) -> &'static str {
        match self {
            RowHash::Text => "text/1",
            RowHash::Columns => "cols/2",
            RowHash::None => "none",
        }
    }

    pub fn named(name: &str) -> Option<RowHash> {
        [RowHash::Text, RowHash::Columns, RowHash::None].into_iter().find(|hash| hash.name() == name)
    }
}

/// Contents by name of the object, such as `table public.item`.
pub type Sums = BTreeMap<String, String>;

/// Settings of a session that acts as the owner and gives the same output on every server.
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("statement_timeout", "0"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "0"),
    ("quote_all_identifiers", "off"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("xmloption", "content"),
    ("jit", "off"),
    // Parallel workers would count as sessions of others.
    ("max_parallel_workers_per_gather", "0"),
];

/// Opens a session of the migrator that acts as the owner.
pub async fn as_owner(target: &MigrationTarget) -> Result<Connection> {
    log_in(target, target.owner.as_str()).await
}

/// Ends sessions of programs that dead moves left in the database. No move of it is running.
pub async fn end_programs(target: &MigrationTarget) -> Result<()> {
    end_sessions(target, &stmt!("a.application_name = {name}", name = Literal(SESSION_NAME.into()))).await
}

/// Ends sessions of programs that dead backups left in the database. Their names contain the process of the session
/// with their snapshot, which has ended.
pub async fn end_orphans(target: &MigrationTarget) -> Result<()> {
    let orphaned = stmt!(
        "pg_catalog.starts_with(a.application_name, {name}) AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_stat_activity holder
             WHERE holder.datname = a.datname AND holder.usename = a.usename AND holder.backend_start <= a.backend_start
               AND {name} || holder.pid::pg_catalog.text = a.application_name)",
        name = Literal(format!("{BACKUP_SESSION} "))
    );
    end_sessions(target, &orphaned).await
}

/// Ends sessions as the migrator that they belong to.
async fn end_sessions(target: &MigrationTarget, which: &Statement) -> Result<()> {
    let mut session = log_in(target, "none").await?;
    let end = stmt!(
        "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
         WHERE a.datname = pg_catalog.current_database() AND a.usename = session_user AND {which}"
    );
    query(&mut session, &end).await?;
    session.close().await;
    Ok(())
}

async fn log_in(target: &MigrationTarget, role: &str) -> Result<Connection> {
    let role = [("role", role)];
    let settings = [SETTINGS, &role].concat();
    let (login, database) = (&target.login, target.database.as_str());
    while_full(PATIENCE, || connect_with(&target.endpoint, login, database, &settings, Limits::WORK)).await
}

/// Reads everything. No other session may write meanwhile.
///
/// # Errors
/// If the owner may not read an object: data that was not compared does not count as equal.
pub async fn read(session: &mut Connection) -> Result<Sums> {
    read_side_by_side(std::slice::from_mut(session), RowHash::Text).await
}

/// Reads everything with several sessions, which share the tables, largest first, and the large objects.
pub async fn read_side_by_side(sessions: &mut [Connection], hash: RowHash) -> Result<Sums> {
    let Some(first) = sessions.first_mut() else { return Ok(Sums::new()) };
    let all = relations(first).await?;
    read_relations(sessions, hash, all).await
}

/// Tables and sequences of a database, largest first.
pub struct SummedRelations(Vec<SummedRelation>);

/// Lists the tables and sequences.
pub async fn relations(session: &mut Connection) -> Result<SummedRelations> {
    let asked = stmt!(
        "WITH hashed AS ({columns}) {relations}",
        columns = hashed_columns(),
        relations = Statement::from_program(include_str!("sql/relations.sql"))
    );
    Ok(SummedRelations(query_as(session, &asked).await?))
}

impl SummedRelations {
    /// Reads the sequences and takes them from the list. No snapshot covers their positions: they advance while it is
    /// held.
    pub async fn take_sequences(&mut self, session: &mut Connection) -> Result<Sums> {
        let mut all = Sums::new();
        for sequence in self.0.extract_if(.., |(kind, ..)| kind == "S") {
            all.extend(sums_of(session, sequence, RowHash::None).await?);
        }
        Ok(all)
    }
}

/// Reads these relations, and the large objects.
pub async fn read_relations(
    sessions: &mut [Connection],
    hash: RowHash,
    relations: SummedRelations,
) -> Result<Sums> {
    let relations = relations.0;
    let comparing = progress("comparing", "tables");
    comparing.expect(relations.len());
    // `None` is for the large objects, whose size is only known after reading them.
    let waiting = Mutex::new(std::iter::once(None).chain(relations.into_iter().map(Some)));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let parts = sessions.iter_mut().map(async |session| {
        // Names of types, functions and relations in rows are printed with their schema.
        query(session, &stmt!("SET search_path = ''")).await?;
        let mut sums = Sums::new();
        while let Some(relation) = next() {
            match relation {
                Some(relation) => sums.extend(sums_of(session, relation, hash).await?),
                None => {
                    sums.insert("large objects".into(), query_one(session, &large_objects(hash)).await?);
                    continue;
                }
            }
            comparing.advance();
        }
        Ok::<Sums, Error>(sums)
    });
    let parts = futures_util::future::try_join_all(parts).await?;
    Ok(parts.into_iter().flatten().collect())
}

/// Returns a query for the hash expression of each column.
pub fn hashed_columns() -> Statement {
    Statement::from_program(include_str!("sql/hashed_columns.sql"))
}

/// Kind, name, two lists of privileges, and the hash expression of the columns.
type SummedRelation = (String, String, Option<String>, Option<String>, Option<String>);

async fn sums_of(session: &mut Connection, relation: SummedRelation, hash: RowHash) -> Result<Sums> {
    let (kind, name, rights, own_rights, columns): (String, String, _, _, _) = relation;
    let relation = ServerText::quoted_by_server(name.clone());
    let (what, asked) = match kind.as_str() {
        "S" => (format!("sequence {name}"), position(&relation)),
        _ => (format!("table {name}"), rows(&relation, hash, columns)),
    };
    let mut sums = Sums::from([(what, query_one(session, &asked).await?)]);
    sums.extend(rights.map(|rights| (format!("rights on {name}"), rights)));
    sums.extend(own_rights.map(|rights| ("rights on schema martydb".into(), rights)));
    Ok(sums)
}

/// Returns the hash of a row's text, or of these columns. Equal values with different text, such as 1.0 and 1.00,
/// have the same text in a copy.
fn rows(table: &ServerText, hash: RowHash, columns: Option<String>) -> Statement {
    let sum = match (hash, columns) {
        (RowHash::None, _) => stmt!("''"),
        (RowHash::Columns, Some(columns)) => {
            summed(&stmt!("({columns})", columns = ServerText::quoted_by_server(columns)))
        }
        // As a record, not as a row of the table, for which a service may have created a cast.
        _ => summed(&stmt!(
            "pg_catalog.hashtextextended(ROW(x.*)::pg_catalog.text COLLATE pg_catalog.\"C\", 0)"
        )),
    };
    stmt!("SELECT pg_catalog.count(*)::pg_catalog.text || ' rows' || {sum} FROM ONLY {table} x")
}

/// Appends the sum of a row's hashes, which does not depend on the order and detects a duplicated row.
pub fn summed(hash: &Statement) -> Statement {
    stmt!("', sum ' || coalesce(pg_catalog.sum({hash}), 0)::pg_catalog.text")
}

fn position(sequence: &ServerText) -> Statement {
    stmt!(
        "SELECT x.last_value::pg_catalog.text || CASE WHEN x.is_called THEN '' ELSE ', not used' END FROM {sequence} x"
    )
}

/// Bytes of a large object to read at a time: values of the server end at 1 GB, large objects do not.
const PIECE: i32 = 16 << 20;

fn large_objects(hash: RowHash) -> Statement {
    if hash == RowHash::None {
        return stmt!(
            "SELECT pg_catalog.count(*)::pg_catalog.text || ' objects' FROM pg_catalog.pg_largeobject_metadata"
        );
    }
    stmt!(
        "SELECT pg_catalog.count(*) FILTER (WHERE p.start = 0)::pg_catalog.text || ' objects' || {sum}
         FROM pg_catalog.pg_largeobject_metadata o CROSS JOIN LATERAL (
             WITH RECURSIVE piece (start, length, digest) AS (
                 SELECT 0::pg_catalog.int8, pg_catalog.octet_length(d.data), pg_catalog.md5(d.data)
                 FROM (SELECT pg_catalog.lo_get(o.oid, 0, {piece}) AS data OFFSET 0) d
                 UNION ALL
                 SELECT before.start + {piece}, pg_catalog.octet_length(d.data), pg_catalog.md5(d.data)
                 FROM piece before CROSS JOIN LATERAL (
                     SELECT pg_catalog.lo_get(o.oid, before.start + {piece}, {piece}) AS data OFFSET 0) d
                 WHERE before.length = {piece}
             ) SELECT piece.start, piece.digest FROM piece
         ) p",
        sum = summed(&stmt!(
            "pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', o.oid, p.start, p.digest) COLLATE pg_catalog.\"C\", 0)"
        )),
        piece = PIECE
    )
}
