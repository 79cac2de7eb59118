//! Publications and slots of the source: for each service a publication of its tables and its marker, and a slot of the
//! same name. All slots begin at one LSN, and one snapshot contains everything committed before it.

use std::time::Duration;

use crate::database::tables::{DatabaseTables, TableShape};
use crate::database::transaction::{transact, transact_warned};
use crate::state::notes::{self, SplitNote};
use crate::state::source::SplitRelation;
use crate::state::{SplitKind, marker_name};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, List, Literal, Qualified, ServerText, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{Access, Connection, Unreadable, execute, query};

/// Notes with the former replica identity of tables without a key.
pub(crate) const SOURCE_IDENTITY: &str = "source identity";

/// Types whose values cannot be compared.
const INCOMPARABLE: &[&str] = &["json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"];

/// Returns the names of slots and publications, one for each service, from the characters allowed in a slot's name.
pub(crate) fn slot_names(run: &str, services: &[String]) -> Vec<String> {
    let plain = |name: &String| name.replace('-', "_");
    let name = |(at, service): (usize, &String)| {
        let same = services[..at].iter().filter(|before| plain(before) == plain(service)).count();
        let number = if same == 0 { String::new() } else { format!("_{same}") };
        format!("mdb_{run}_{}{number}_f", plain(service))
    };
    services.iter().enumerate().map(name).collect()
}

/// Returns the tables that cannot be followed, as text.
pub(crate) fn unfollowable(relations: &[SplitRelation], shapes: &DatabaseTables) -> Vec<String> {
    let problem = |relation: &SplitRelation| {
        let shape = shapes.table(&relation.schema, &relation.name)?;
        let json = |kind: &str| INCOMPARABLE.contains(&kind.trim_end_matches("[]"));
        let column = shape.columns.iter().find(|column| json(&column.kind));
        match (shape.unlogged, needs_identity(shape), column) {
            (true, ..) => Some(format!("table {} is unlogged: no changes of it are sent", shape.ident)),
            (false, true, Some(column)) => Some(format!(
                "table {} has no primary key, and its rows cannot be identified: values of type {} cannot be compared",
                shape.ident, column.kind
            )),
            _ => None,
        }
    };
    relations.iter().filter_map(problem).collect()
}

/// Returns notes on the tables of a plan for a copy that follows the source: those that it refuses, and those whose rows it
/// finds by all of their values.
pub(crate) fn notes_on_following(relations: &[SplitRelation], shapes: &DatabaseTables) -> Vec<String> {
    let refused = unfollowable(relations, shapes).into_iter();
    let refused = refused.map(|why| {
        format!("`split copy --online` refuses: {why}; copy without --online, or change it first")
    });
    let slow = relations.iter().filter_map(|one| shapes.table(&one.schema, &one.name));
    let slow =
        slow.filter(|shape| !shape.is_partitioned() && shape.has_deferrable_key && needs_identity(shape));
    let slow = slow.map(|shape| {
        format!(
            "table {}: its primary key is DEFERRABLE, so changes find rows by all values, one scan of the table each; a unique \
             index that is not deferrable, as REPLICA IDENTITY USING INDEX, avoids that",
            shape.ident
        )
    });
    refused.chain(slow).collect()
}

/// Returns `true` if updates of the table would be refused once it is published.
fn needs_identity(shape: &TableShape) -> bool {
    match shape.identity {
        'd' => !shape.primary,
        'n' => true,
        _ => false,
    }
}

/// Sets a replica identity for tables without a primary key, and records the former one.
///
/// # Errors
/// If another session locks one of the tables for longer than the timeout.
pub(crate) async fn identify(
    session: &mut Connection,
    service: &str,
    relations: &[SplitRelation],
    shapes: &DatabaseTables,
    wait: Duration,
) -> Result<()> {
    let tables = relations.iter().filter_map(|one| shapes.table(&one.schema, &one.name));
    let mut all = vec![];
    for shape in tables.filter(|shape| needs_identity(shape)) {
        let table = ServerText::quoted_by_server(shape.ident.clone());
        let before = if shape.identity == 'n' { stmt!("NOTHING") } else { stmt!("DEFAULT") };
        let back = stmt!("ALTER TABLE {table} REPLICA IDENTITY {before}");
        let note = SplitNote {
            kind: SOURCE_IDENTITY.into(),
            name: shape.ident.clone(),
            definition: back.shown().to_owned(),
        };
        all.push(notes::note_sql(service, &note));
        all.push(stmt!("ALTER TABLE {table} REPLICA IDENTITY FULL"));
    }
    if all.is_empty() { Ok(()) } else { transact(session, wait, &all).await }
}

/// Publishes the tables of a service; replaces a publication of this name.
///
/// # Errors
/// If the admin may not publish one of them.
pub(crate) async fn publish(
    session: &mut Connection,
    wait: Duration,
    name: &str,
    service: &str,
    relations: &[SplitRelation],
    shapes: &DatabaseTables,
) -> Result<()> {
    let publication = ident(name)?;
    let its = |oid: u32| relations.iter().any(|one| one.oid == oid);
    // A partition is published with its table.
    let top = |one: &&SplitRelation| {
        let shape = shapes.table(&one.schema, &one.name);
        shape.is_none_or(|shape| shape.parent.is_none_or(|parent| !its(parent)))
    };
    let listed = |one: &SplitRelation| {
        let table = Qualified(vec![one.schema.clone(), one.name.clone()]);
        match one.kind {
            SplitKind::Partitioned => stmt!("{table}"),
            _ => stmt!("ONLY {table}"),
        }
    };
    let marker = Qualified(vec![crate::state::STATE_SCHEMA.into(), marker_name(service)]);
    let tables = relations.iter().filter(top).filter(|one| one.kind != SplitKind::Sequence).map(listed);
    let tables: Vec<Statement> = tables.chain([stmt!("{marker}")]).collect();
    let make = [
        stmt!("DROP PUBLICATION IF EXISTS {publication}"),
        stmt!(
            "CREATE PUBLICATION {publication} FOR TABLE {tables} WITH (publish_via_partition_root = true)",
            tables = List(tables)
        ),
    ];
    transact_warned(session, wait, &make).await
}

/// Lifetime of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotLife {
    UntilDropped,
    /// Ends with the session that created it.
    Session,
}

/// Session that created a slot: its snapshot is valid until its next statement.
pub(crate) struct FirstSlot {
    session: Connection,
    pub snapshot: String,
    /// LSN at which every slot begins.
    pub point: String,
}

impl FirstSlot {
    /// Creates a slot.
    ///
    /// # Errors
    /// If transactions stay open for too long: a slot waits for each one that has written anything, in any database of
    /// the server.
    #[martydb_pg::boxed]
    pub(crate) async fn make(
        access: &Access,
        database: &str,
        name: &str,
        life: SlotLife,
    ) -> Result<FirstSlot> {
        let mut session = access.stream(database).await?;
        let make = stmt!(
            "CREATE_REPLICATION_SLOT {name} {life}LOGICAL pgoutput EXPORT_SNAPSHOT",
            name = ident(name)?,
            life = if life == SlotLife::Session { stmt!("TEMPORARY ") } else { stmt!("") }
        );
        let end = query(&mut session, &make).await;
        let rows = match end {
            Ok(rows) => rows,
            Err(error) => return Err(slot_error(access, database, error).await),
        };
        let row = rows.first().ok_or_else(Unreadable::no_row)?;
        Ok(FirstSlot { session, snapshot: row.try_get(2)?, point: row.try_get(1)? })
    }

    pub(crate) async fn close(self) {
        self.session.close().await;
    }
}

/// Creates another slot that begins at the same LSN.
///
/// # Errors
/// If the server has no free slot.
pub(crate) async fn same_slot(session: &mut Connection, from: &str, name: &str) -> Result<()> {
    let copy = stmt!(
        "SELECT pg_catalog.pg_copy_logical_replication_slot({from}, {name})",
        from = Literal(from.into()),
        name = Literal(name.into())
    );
    execute(session, &copy).await.map(drop)
}

/// Drops an existing slot; waits for a follower that still uses it.
///
/// # Errors
/// If a follower keeps using it.
pub(crate) async fn drop_slot(session: &mut Connection, name: &str) -> Result<()> {
    let drop = stmt!(
        "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots
         WHERE slot_name = {name} AND database = pg_catalog.current_database()",
        name = Literal(name.into())
    );
    let mut tries = 0;
    loop {
        let end = execute(session, &drop).await;
        let held = |error: &Error| error.sqlstate.as_deref() == Some(sqlstate::OBJECT_IN_USE);
        match end {
            Err(error) if held(&error) && tries < 50 => tries += 1,
            end => return end.map(std::mem::drop),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn slot_error(access: &Access, database: &str, error: Error) -> Error {
    if error.sqlstate.as_deref() != Some(sqlstate::LOCK_NOT_AVAILABLE) {
        return error.while_doing("cannot follow the source").hint(
            "the server needs wal_level = logical, free replication slots, and an admin with REPLICATION; `martydb split copy` \
             without --online needs none of these",
        );
    }
    let statement = stmt!(
        "SELECT pg_catalog.format('process %s of %s in database %s since %s', pid, usename, datname, pg_catalog.date_trunc('second', xact_start))
         FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid() ORDER BY xact_start"
    );
    let Ok(mut session) = access.read(database).await else { return error };
    let found = query(&mut session, &statement).await.unwrap_or_default();
    let names = found.iter().filter_map(|row| row.try_get::<String>(0).ok());
    error
        .while_doing("cannot follow the source yet: transactions with writes are open")
        .causes(names.map(|name| martydb_model::text::printable(&name)))
        .hint("end them in all databases of the server, then run the same command again")
}

fn ident(name: &str) -> Result<Ident> {
    Ident::new(name).map_err(|error| Error::operation(format!("\"{name}\" is not a valid name")).cause(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_a_slot_of_its_own_with_a_name_that_a_slot_may_have() {
        let services: Vec<String> = ["a-b", "a_b", &"x".repeat(41)].map(str::to_owned).into();
        let names = slot_names("0123abcd", &services);
        assert_eq!(names[..2], ["mdb_0123abcd_a_b_f", "mdb_0123abcd_a_b_1_f"]);
        assert!(names.iter().all(|name| name.len() <= 63));
    }
}
