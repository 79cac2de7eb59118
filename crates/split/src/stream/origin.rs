//! Where a stream comes from: a slot of a database, and how far that database's log goes.

use super::lsn::Lsn;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Access, Connection, FailedStatement, ReplicationStream, query, replicate};

/// Where changes come from.
#[derive(Debug, Clone)]
pub struct StreamOrigin {
    pub access: Access,
    pub database: String,
    pub slot: String,
    pub publication: String,
}

/// Begins to send a slot's changes, those after this place.
///
/// # Errors
/// If the slot is in use or gone, or the server cannot be reached.
pub async fn begin(origin: &StreamOrigin, from: Lsn) -> Result<ReplicationStream> {
    let session = origin.access.stream(&origin.database).await?;
    let unusable =
        |error| Error::operation(format!("\"{}\" cannot be the name of a slot", origin.slot)).cause(error);
    // The list of publications is a list of names within a literal.
    let publication = Ident::new(&origin.publication).map_err(unusable)?;
    let statement = stmt!(
        "START_REPLICATION SLOT {slot} LOGICAL {from} (proto_version '1', publication_names {publication})",
        slot = Ident::new(&origin.slot).map_err(unusable)?,
        from = ServerText::quoted_by_server(from.to_string()),
        publication = Literal(stmt!("{p}", p = publication).shown().to_owned())
    );
    replicate(session, &statement).await
}

/// How a stream ended, as an error.
pub fn ended(failed: Box<FailedStatement>) -> Error {
    failed.fault.into_error(&Statement::from_program("START_REPLICATION"))
}

/// The end of the source's log at this moment, as far as it is safe on its disk.
///
/// # Errors
/// If the source does not tell.
pub async fn log_end(session: &mut Connection) -> Result<Lsn> {
    let rows =
        query(session, &stmt!("SELECT pg_catalog.pg_current_wal_flush_lsn()::pg_catalog.text")).await?;
    let text: Option<String> = rows.first().and_then(|row| row.try_get(0).ok());
    text.and_then(|text| Lsn::parse(&text))
        .ok_or_else(|| Error::operation("cannot read the end of the source's log"))
}
