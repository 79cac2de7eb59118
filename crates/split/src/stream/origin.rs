//! Source of a stream: a slot of a database, and the end of that database's log.

use super::lsn::Lsn;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Access, Connection, FailedStatement, ReplicationStream, query_one, replicate};

/// Source of changes.
#[derive(Debug, Clone)]
pub struct StreamOrigin {
    pub access: Access,
    pub database: String,
    pub slot: String,
    pub publication: String,
}

/// Starts a slot's stream after this LSN.
///
/// # Errors
/// If the slot is in use or gone, or the server is unreachable.
#[martydb_pg::boxed]
pub(super) async fn begin(origin: &StreamOrigin, from: Lsn) -> Result<ReplicationStream> {
    let session = origin.access.stream(&origin.database).await?;
    let unusable =
        |error| Error::operation(format!("\"{}\" is not a valid name of a slot", origin.slot)).cause(error);
    // The list of publications is a list of names within a literal.
    let publication = Ident::new(&origin.publication).map_err(unusable)?;
    let statement = stmt!(
        "START_REPLICATION SLOT {slot} LOGICAL {from} (proto_version '1', publication_names {publication})",
        slot = Ident::new(&origin.slot).map_err(unusable)?,
        from = ServerText::quoted_by_server(from.to_string()),
        publication = Literal(stmt!("{publication}").shown().to_owned())
    );
    replicate(session, &statement).await
}

/// Returns the error of a stream that ended.
pub(super) fn ended(failed: Box<FailedStatement>) -> Error {
    failed.into_error(&Statement::from_program("START_REPLICATION"))
}

/// Returns the current end of the source's log that is flushed to disk.
///
/// # Errors
/// If the source does not return it.
pub(crate) async fn log_end(session: &mut Connection) -> Result<Lsn> {
    let query = stmt!("SELECT pg_catalog.pg_current_wal_flush_lsn()::pg_catalog.text");
    let text: String = query_one(session, &query).await?;
    Lsn::parse(&text).ok_or_else(|| Error::operation("cannot read the end of the source's log"))
}
