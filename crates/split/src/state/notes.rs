//! Changes at the source or at a target that must be undone, recorded in the source as statements.

use std::collections::BTreeMap;

use martydb_model::error::Result;
use martydb_model::sql::{Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Connection, query_as};

/// Kind of notes that enable a trigger or rule that writes into tables of the service.
pub(crate) const HELD: &str = "held";

/// Kind of notes that restore a side effect.
pub(crate) const REFLEX: &str = "reflex";

/// Change that must be undone.
#[derive(Debug, Clone)]
pub(crate) struct SplitNote {
    pub kind: String,
    pub name: String,
    pub definition: String,
}

impl SplitNote {
    /// Returns the rank and the label of the side effect that it restores.
    pub(crate) fn side_effect(&self) -> Option<(i32, &str)> {
        let (rank, label) = self.name.split_once(' ')?;
        Some((rank.parse().ok()?, label))
    }

    /// Returns the statement that restores it.
    pub(crate) fn back(&self) -> Statement {
        stmt!("{back}", back = ServerText::quoted_by_server(self.definition.clone()))
    }
}

/// Returns the statement that records a change; an existing note is kept.
pub(crate) fn note_sql(service: &str, note: &SplitNote) -> Statement {
    stmt!(
        "INSERT INTO martydb_split.note (service, kind, name, definition) VALUES ({service}, {kind}, {name}, {definition}) ON CONFLICT DO NOTHING",
        service = Literal(service.into()),
        kind = Literal(note.kind.clone()),
        name = Literal(note.name.clone()),
        definition = Literal(note.definition.clone())
    )
}

/// Reads the notes of this kind.
///
/// # Errors
/// If the state cannot be read.
#[martydb_pg::boxed]
pub(crate) async fn read(session: &mut Connection, service: &str, kind: &str) -> Result<Vec<SplitNote>> {
    let query = stmt!(
        "SELECT kind, name, definition FROM martydb_split.note WHERE service = {service} AND kind = {kind} ORDER BY name COLLATE pg_catalog.\"C\"",
        service = Literal(service.into()),
        kind = Literal(kind.into())
    );
    let notes = query_as(session, &query).await?.into_iter();
    Ok(notes.map(|(kind, name, definition)| SplitNote { kind, name, definition }).collect())
}

/// Returns the triggers and rules that are disabled while the tables into which they write are closed.
///
/// # Errors
/// If the state cannot be read.
pub async fn disabled(session: &mut Connection) -> Result<Vec<String>> {
    let query = stmt!(
        "SELECT pg_catalog.substring(name, 4) FROM martydb_split.note WHERE kind = {kind} ORDER BY 1",
        kind = Literal(HELD.into())
    );
    query_as(session, &query).await
}

/// Returns the tables that a stream of another service publishes, quoted, with that service.
///
/// # Errors
/// If the state cannot be read.
pub(crate) async fn published_by_others(
    session: &mut Connection,
    service: &str,
) -> Result<BTreeMap<String, String>> {
    let query = stmt!(
        "SELECT pg_catalog.format('%I.%I', r.schema, r.name), r.service FROM martydb_split.relation r
         JOIN martydb_split.service s ON s.name = r.service WHERE s.forward_slot IS NOT NULL AND s.name <> {service}",
        service = Literal(service.into())
    );
    Ok(query_as(session, &query).await?.into_iter().collect())
}

/// Returns the statement that deletes a note.
pub(crate) fn forget_sql(service: &str, kind: &str, name: &str) -> Statement {
    stmt!(
        "DELETE FROM martydb_split.note WHERE service = {service} AND kind = {kind} AND name = {name}",
        service = Literal(service.into()),
        kind = Literal(kind.into()),
        name = Literal(name.into())
    )
}
