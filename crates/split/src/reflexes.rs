//! What tables do by themselves when rows are written: triggers, rules, foreign keys with what they cascade, numbers that only the
//! server may give, policies that hold for the owner too. While rows arrive that the other side has already treated so, all of it
//! rests; each thing is kept as the statement that puts it back.

use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, ValueRows, stmt};
use martydb_pg::server::{Connection, Row, Unreadable, query};

/// Ranks from here on wait until the tables are open: nothing depends on them, and they read all rows.
pub const AFTERWARDS: i32 = 90;

/// One thing that a table does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reflex {
    /// Lower ones are put back first.
    pub rank: i32,
    /// The table, quoted.
    pub relation: String,
    pub kind: String,
    pub name: String,
    /// As the server printed it; empty for what only comes back.
    off: String,
    /// The same.
    pub back: String,
    /// A foreign key from or to a table that is not one of them.
    pub crosses: bool,
}

impl Reflex {
    /// The statement that takes it away.
    pub fn off(&self) -> Option<Statement> {
        let text = ServerText::quoted_by_server(self.off.clone());
        (!self.off.is_empty()).then(|| stmt!("{text}", text = text))
    }
}

/// What these tables do, by schema and name.
///
/// # Errors
/// If it cannot be read.
pub async fn find(session: &mut Connection, tables: &[(String, String)]) -> Result<Vec<Reflex>> {
    if tables.is_empty() {
        return Ok(vec![]);
    }
    let mut names = ValueRows::default();
    tables
        .iter()
        .for_each(|(schema, name)| names.push([Some(schema.as_str()), Some(name.as_str())].into_iter()));
    let asked = stmt!(
        "WITH stilled AS (SELECT c.oid, c.relkind, c.relispartition, c.relforcerowsecurity, pg_catalog.format('%I.%I', n.nspname, c.relname) AS ident
             FROM (VALUES {names}) w (schema, name)
             JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p'))
         {reflexes}",
        names = names,
        reflexes = Statement::from_program(include_str!("sql/reflexes.sql"))
    );
    let rows = query(session, &asked).await?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(unreadable)
}

fn read(row: &Row) -> Result<Reflex, Unreadable> {
    Ok(Reflex {
        rank: row.try_get(0)?,
        relation: row.try_get(1)?,
        kind: row.try_get(2)?,
        name: row.try_get(3)?,
        off: row.try_get(4)?,
        back: row.try_get(5)?,
        crosses: row.try_get(6)?,
    })
}

fn unreadable(error: Unreadable) -> Error {
    Error::operation("cannot read what the tables do by themselves").cause(error)
}
