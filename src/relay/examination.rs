//! What about an outbox loses events, keeps them waiting, or lets the table grow: looked up in the catalogs, as the relay's login.

use std::sync::Arc;

use super::session;
use crate::error::{Error, Result};
use crate::model::{DesiredService, Outbox};
use crate::run::Run;
use crate::server::{Row, Unreadable};
use crate::sql::{ArrayLiteral, Literal, Statement, stmt};

/// Rows above which a table without `keep` is worth a word.
const MANY: i64 = 1_000_000;

/// What the catalogs say of the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Looks {
    is_there: bool,
    /// An index of what is pending, aggregate by aggregate.
    has_index: bool,
    /// Triggers that run when a delivery is written down.
    triggers: Option<String>,
    rows: i64,
    has_policies: bool,
    is_unlogged: bool,
}

/// What is worth a word, each as a sentence; empty where all is well.
///
/// # Errors
/// If the relay's login cannot look.
pub async fn examine(run: &Run, service: &DesiredService, outbox: &Arc<Outbox>) -> Result<Vec<String>> {
    let mut session = session::open(run, service, outbox).await?;
    let rows = session.ask(&question(outbox)).await?;
    session.close().await;
    let looks = rows.first().map_or_else(|| Ok(Looks::default()), looks);
    let unreadable = |error| Error::operation("the server's answer cannot be read").cause(error);
    Ok(warnings(outbox, &looks.map_err(unreadable)?))
}

fn question(outbox: &Outbox) -> Statement {
    let columns = &outbox.columns;
    let front = [&columns.aggregate_type, &columns.aggregate_id, &columns.id].map(Clone::clone);
    stmt!(
        "SELECT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NOT NULL AND (
             SELECT array_agg(a.attname ORDER BY k.n) FROM unnest((i.indkey::int2[])[0:2]) WITH ORDINALITY k (att, n)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.att) = {front}::name[]),
           (SELECT string_agg(t.tgname, ', ' ORDER BY t.tgname) FROM pg_trigger t
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 16 <> 0),
           c.reltuples::bigint, c.relrowsecurity, c.relpersistence = 'u'
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {schema} AND c.relname = {table}",
        front = ArrayLiteral(front.into()),
        schema = Literal(outbox.schema.to_string()),
        table = Literal(outbox.table.clone()),
    )
}

fn looks(row: &Row) -> Result<Looks, Unreadable> {
    Ok(Looks {
        is_there: true,
        has_index: row.try_get(0)?,
        triggers: row.try_get(1)?,
        rows: row.try_get(2)?,
        has_policies: row.try_get(3)?,
        is_unlogged: row.try_get(4)?,
    })
}

fn warnings(outbox: &Outbox, looks: &Looks) -> Vec<String> {
    let table = format!("{}.{}", outbox.schema, outbox.table);
    if !looks.is_there {
        return vec![format!(
            "there is no table {table} yet: `martydb revision SERVICE --template outbox -m outbox` writes its migration"
        )];
    }
    let columns = &outbox.columns;
    let index = format!(
        "no partial index of {table} serves the relay, which reads the whole table each time: CREATE INDEX ON {table} ({}, {}, {}) WHERE {} IS NULL",
        columns.aggregate_type, columns.aggregate_id, columns.id, columns.published_at
    );
    let grows = format!("{table} has about {} rows and no `keep`: it grows for ever", looks.rows);
    let triggers = looks.triggers.as_ref().map(|names| {
        format!("each delivery runs triggers of {table} ({names}): one that fails keeps events from being marked, and they come again")
    });
    let rows = [
        (!looks.has_index).then_some(index),
        (outbox.keep.is_none() && looks.rows > MANY).then_some(grows),
        triggers,
        looks.has_policies.then(|| format!("row security of {table} may hide events from the relay")),
        looks.is_unlogged.then(|| {
            format!("{table} is UNLOGGED: a crash of the server empties it, and its events are lost")
        }),
    ];
    rows.into_iter().flatten().collect()
}
