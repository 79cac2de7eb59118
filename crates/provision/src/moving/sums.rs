//! What a database holds beyond its catalogue, as texts that two servers of different majors print alike: for each table
//! its rows as their number and a sum of their hashes, for each sequence where it stands, for the large objects as for a
//! table; and the rights on the tables of the histories, which no comparison of catalogues reads.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use martydb_migrate::MigrationTarget;
use martydb_migrate::import::archive::{BACKUP_SESSION, SESSION_NAME};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Connection, Limits, Row, Unreadable, connect_with, query};
use martydb_ui::report::progress;

/// How the rows of a table become a number that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowHash {
    /// Of a row's text, on every server.
    Text,
    /// Of its columns one by one, from 14 on, in a third of the time; those whose equal values may look different are taken as text.
    Columns,
    /// Not at all: rows are counted.
    None,
}

impl RowHash {
    /// The best one that a server of this major has.
    pub fn best(major: u32) -> RowHash {
        if major < 14 { RowHash::Text } else { RowHash::Columns }
    }

    /// What records call it.
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

/// Texts by the name of what they are of, such as `table public.item`.
pub type Sums = BTreeMap<String, String>;

/// Settings of a session that acts as the owner and prints the same everywhere.
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
    // Workers would count as sessions of others.
    ("max_parallel_workers_per_gather", "0"),
];

/// A session of the migrator that acts as the owner.
pub async fn as_owner(target: &MigrationTarget) -> Result<Connection> {
    log_in(target, target.owner.as_str()).await
}

/// Ends what programs of moves that died still do in the database. No move of it is at work.
pub async fn end_programs(target: &MigrationTarget) -> Result<()> {
    end_sessions(target, &stmt!("a.application_name = {name}", name = Literal(SESSION_NAME.into()))).await
}

/// Ends what programs of backups that died still do in the database: their sessions name the one that holds their snapshot, and
/// it is gone.
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

/// As the migrator that they are of.
async fn end_sessions(target: &MigrationTarget, which: &Statement) -> Result<()> {
    let mut session = log_in(target, "none").await?;
    let end = stmt!(
        "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
         WHERE a.datname = pg_catalog.current_database() AND a.usename = session_user AND {which}",
        which = which
    );
    query(&mut session, &end).await?;
    session.close().await;
    Ok(())
}

async fn log_in(target: &MigrationTarget, role: &str) -> Result<Connection> {
    let role = [("role", role)];
    let settings = [SETTINGS, &role].concat();
    connect_with(&target.endpoint, &target.login, target.database.as_str(), &settings, Limits::WORK).await
}

/// Reads them all. No other session may write meanwhile.
///
/// # Errors
/// If the owner may not read something: what was not compared is not equal.
pub async fn read(session: &mut Connection) -> Result<Sums> {
    read_side_by_side(std::slice::from_mut(session), RowHash::Text).await
}

/// The same with several sessions, which share the tables, largest first, and the large objects.
pub async fn read_side_by_side(sessions: &mut [Connection], hash: RowHash) -> Result<Sums> {
    let Some(first) = sessions.first_mut() else { return Ok(Sums::new()) };
    let asked = stmt!(
        "WITH hashed AS ({columns}) {relations}",
        columns = hashed_columns(),
        relations = Statement::from_program(include_str!("sql/relations.sql"))
    );
    let relations = query(first, &asked).await?;
    let comparing = progress("comparing", "tables");
    comparing.expect(relations.len());
    // None is for the large objects: how much there is in them shows only when they are read.
    let waiting = Mutex::new(std::iter::once(None).chain(relations.into_iter().map(Some)));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let parts = sessions.iter_mut().map(async |session| {
        // Names of types, functions and relations in rows are printed with their schema.
        query(session, &stmt!("SET search_path = ''")).await?;
        let mut sums = Sums::new();
        while let Some(relation) = next() {
            match relation {
                Some(relation) => sums.extend(sums_of(session, &relation, hash).await?),
                None => {
                    sums.insert("large objects".into(), value(session, &large_objects(hash)).await?);
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

/// A query of how the value of each column becomes a number.
pub fn hashed_columns() -> Statement {
    Statement::from_program(include_str!("sql/hashed_columns.sql"))
}

async fn sums_of(session: &mut Connection, row: &Row, hash: RowHash) -> Result<Sums> {
    let columns: Option<String> = row.try_get(4).map_err(unreadable)?;
    let (kind, name): (String, String) = (text(row, 0)?, text(row, 1)?);
    let relation = ServerText::quoted_by_server(name.clone());
    let (what, asked) = match kind.as_str() {
        "S" => (format!("sequence {name}"), position(&relation)),
        _ => (format!("table {name}"), rows(&relation, hash, columns)),
    };
    let mut sums = Sums::from([(what, value(session, &asked).await?)]);
    for (at, of) in [(2, format!("rights on {name}")), (3, "rights on schema martydb".into())] {
        let rights: Option<String> = row.try_get(at).map_err(unreadable)?;
        sums.extend(rights.map(|rights| (of, rights)));
    }
    Ok(sums)
}

/// The hash of a row's text, or of these columns: of values that are equal and look different, such as 1.0 and 1.00, a copy
/// has the same.
fn rows(table: &ServerText, hash: RowHash, columns: Option<String>) -> Statement {
    let sum = match (hash, columns) {
        (RowHash::None, _) => stmt!("''"),
        (RowHash::Columns, Some(columns)) => {
            summed(&stmt!("({columns})", columns = ServerText::quoted_by_server(columns)))
        }
        // As a record, not as a row of the table: from that a service may have made a cast of its own.
        _ => summed(&stmt!(
            "pg_catalog.hashtextextended(ROW(x.*)::pg_catalog.text COLLATE pg_catalog.\"C\", 0)"
        )),
    };
    stmt!(
        "SELECT pg_catalog.count(*)::pg_catalog.text || ' rows' || {sum} FROM ONLY {table} x",
        sum = sum,
        table = table.clone()
    )
}

/// Behind a number: the sum of hashes, which does not depend on an order and tells a row that is there twice.
fn summed(hash: &Statement) -> Statement {
    stmt!("', sum ' || coalesce(pg_catalog.sum({hash}), 0)::pg_catalog.text", hash = hash)
}

fn position(sequence: &ServerText) -> Statement {
    stmt!(
        "SELECT x.last_value::pg_catalog.text || CASE WHEN x.is_called THEN '' ELSE ', not used' END FROM {sequence} x",
        sequence = sequence.clone()
    )
}

/// Bytes of a large object that are read at once: the server's values end at 1 GB, and large objects do not.
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

async fn value(session: &mut Connection, asked: &Statement) -> Result<String> {
    let rows = query(session, asked).await?;
    text(rows.first().ok_or_else(|| unreadable(Unreadable::no_row()))?, 0)
}

pub fn text(row: &Row, at: usize) -> Result<String> {
    row.try_get(at).map_err(unreadable)
}

pub fn unreadable(error: Unreadable) -> Error {
    Error::operation("cannot read what the database holds").cause(error)
}
