//! Side effects of tables when rows are written: triggers, rules, foreign keys with their cascades, generated identity
//! values, policies that apply to the owner too. All of them are disabled while rows arrive that the other side has
//! already processed; each is recorded as the statement that restores it.

use crate::state::notes::SplitNote;
use martydb_model::error::Result;
use martydb_model::sql::{ServerText, Statement, ValueRows, stmt};
use martydb_pg::server::{Connection, query_as};

/// First rank of side effects that are restored after the tables are open: nothing depends on them, and they read all
/// rows.
pub(crate) const AFTERWARDS: i32 = 90;

/// Side effect of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableSideEffect {
    /// Lower ranks are restored first.
    pub rank: i32,
    /// Table, quoted.
    pub relation: String,
    pub kind: String,
    pub name: String,
    /// Statement that disables it, as the server printed it; empty for one that is only restored.
    off: String,
    /// Statement that restores it, as the server printed it.
    pub back: String,
    /// `true` for a foreign key from or to a table outside the list.
    pub crosses: bool,
    /// `true` for a foreign key of a table of the list that changes its rows: ON DELETE CASCADE and the like.
    pub acts: bool,
}

impl TableSideEffect {
    /// Returns kind, table and name.
    pub(crate) fn label(&self) -> String {
        format!("{} {} {}", self.kind, self.relation, self.name)
    }

    /// Returns the note that restores it; notes are restored in the order of their names.
    pub(crate) fn note(&self, kind: &str) -> SplitNote {
        let name = format!("{:02} {}", self.rank, self.label());
        SplitNote { kind: kind.into(), name, definition: self.back.clone() }
    }

    /// Returns the statement that disables it.
    pub(crate) fn off(&self) -> Option<Statement> {
        let text = ServerText::quoted_by_server(self.off.clone());
        (!self.off.is_empty()).then(|| stmt!("{text}"))
    }
}

/// Returns the side effects of these tables, by schema and name.
///
/// # Errors
/// If they cannot be read.
#[martydb_pg::boxed]
pub(crate) async fn find(
    session: &mut Connection,
    tables: &[(String, String)],
) -> Result<Vec<TableSideEffect>> {
    if tables.is_empty() {
        return Ok(vec![]);
    }
    let mut names = ValueRows::default();
    tables
        .iter()
        .for_each(|(schema, name)| names.push([Some(schema.as_str()), Some(name.as_str())].into_iter()));
    let query = stmt!(
        "WITH stilled AS (SELECT c.oid, c.relkind, c.relispartition, c.relforcerowsecurity, pg_catalog.format('%I.%I', n.nspname, c.relname) AS ident
             FROM (VALUES {names}) w (schema, name)
             JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p'))
         {reflexes}",
        reflexes = Statement::from_program(include_str!("../sql/reflexes.sql"))
    );
    let effect = |(rank, relation, kind, name, off, back, crosses, acts)| TableSideEffect {
        rank,
        relation,
        kind,
        name,
        off,
        back,
        crosses,
        acts,
    };
    Ok(query_as(session, &query).await?.into_iter().map(effect).collect())
}
